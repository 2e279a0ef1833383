import type { Config } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import { Gcp2awsError } from "./errors.ts";
import type { Host } from "./host.ts";
import { metadataServer } from "./identity-token/metadata-server.ts";
import { exchange } from "./sts/exchange.ts";

/**
 * The whole program: a Google identity token goes in, AWS credentials come out. Each call mints a token and exchanges
 * it, within `config.timeoutMs`.
 * @throws Gcp2awsError
 */
export function createProvider(config: Config, host: Host): () => Promise<Credentials> {
  const mint = metadataServer(config, host);

  return async () => {
    const deadline = host.now() + config.timeoutMs;
    const credentials = async () => exchange(await mint(deadline), config, host, deadline);
    try {
      return await credentials();
    } catch (error) {
      // A metadata server may hand out a token that it kept until it was too old: a new one deserves one more try.
      if (error instanceof Gcp2awsError && error.code === "STS_TOKEN_EXPIRED") return credentials();
      throw error;
    }
  };
}

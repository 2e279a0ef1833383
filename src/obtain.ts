import type { Config } from "./config.ts";
import type { Issued } from "./credentials.ts";
import { Gcp2awsError } from "./errors.ts";
import type { Host } from "./host.ts";
import { decodeClaims } from "./identity-token/claims.ts";
import { endsSoon } from "./identity-token/life.ts";
import { metadataServer } from "./identity-token/metadata-server.ts";
import { exchange } from "./sts/exchange.ts";

/**
 * New credentials: mints a Google identity token and exchanges it. A metadata server may hand out a token that it has
 * kept for long; one that is at its end, and one that STS calls expired, is minted anew once.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError
 */
export async function obtain(config: Config, host: Host, deadline: number): Promise<Issued> {
  const mint = metadataServer(config, host);
  host.preconnect(config.stsEndpoint);

  const token = await mint(deadline);
  if (!endsSoon(decodeClaims(token), host.now())) {
    try {
      return await exchange(token, config, host, deadline);
    } catch (error) {
      if (!(error instanceof Gcp2awsError) || error.code !== "STS_TOKEN_EXPIRED") throw error;
    }
  }
  return exchange(await mint(deadline), config, host, deadline);
}

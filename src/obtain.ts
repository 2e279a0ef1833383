import type { Config } from "./config.ts";
import type { Issued } from "./credentials.ts";
import type { Host } from "./host.ts";
import { openSource } from "./identity-token/open-source.ts";
import type { IdentityTokenSource } from "./identity-token/source.ts";
import { issue } from "./issue.ts";
import { throughNetwork } from "./network.ts";
import { settle, type Settled } from "./settle.ts";

/**
 * New credentials: a Google identity token from where the configuration says, exchanged.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError
 */
export async function obtain(config: Config, host: Host, deadline: number): Promise<Issued> {
  const mint = await openSource(config, host);
  return obtainWith(mint, await settle(config, host, deadline), host, deadline);
}

/**
 * The same once source and endpoint are known.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError
 */
export async function obtainWith(
  mint: IdentityTokenSource,
  settled: Settled,
  host: Host,
  deadline: number,
): Promise<Issued> {
  const network = throughNetwork(host, settled, "aws");
  if (settled.longest) {
    const { issueLongest } = await import("./longest.ts");
    return issueLongest(mint, settled, network, deadline);
  }
  if (settled.chain.via.length > 0) {
    const { issueByChain } = await import("./chain.ts");
    return issueByChain(mint, settled, network, deadline);
  }
  return issue(mint, settled, network, deadline);
}

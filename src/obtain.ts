import type { Config } from "./config.ts";
import type { Issued } from "./credentials.ts";
import type { Host } from "./host.ts";
import { openSource } from "./identity-token/open-source.ts";
import { issue } from "./issue.ts";
import { throughNetwork } from "./network.ts";

/**
 * New credentials: a Google identity token from where the configuration says, exchanged.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError
 */
export async function obtain(config: Config, host: Host, deadline: number): Promise<Issued> {
  return issue(await openSource(config, host), config, throughNetwork(host, config, "aws"), deadline);
}

import type { Config } from "./config.ts";
import { Gcp2awsError } from "./errors.ts";
import type { Host } from "./host.ts";
import { decodeClaims } from "./identity-token/claims.ts";
import { endsSoon } from "./identity-token/life.ts";
import type { IdentityTokenSource } from "./identity-token/source.ts";
import { linesOfReasons } from "./source-config.ts";
import type { StsPlace } from "./sts/place.ts";
import { exchange, type Exchanged } from "./sts/exchange.ts";

/**
 * New credentials for a token of this source. A source may hand out a token that it has kept for long; one that is at its
 * end, and one that STS calls expired, is asked for anew once.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError
 */
export async function issue(
  mint: IdentityTokenSource,
  config: Config & StsPlace,
  host: Host,
  deadline: number,
): Promise<Exchanged> {
  host.preconnect(config.stsEndpoint);

  let token: string;
  try {
    token = await mint(deadline);
  } catch (error) {
    if (!(error instanceof Gcp2awsError)) throw error;
    // Somebody who meant another source sees that it was not looked at.
    throw error.withDetails([...error.details, ...linesOfReasons(config.sourceReasons)]);
  }
  if (!endsSoon(decodeClaims(token), host.now())) {
    try {
      return await exchange(token, config, host, deadline);
    } catch (error) {
      if (!(error instanceof Gcp2awsError) || error.code !== "STS_TOKEN_EXPIRED") throw error;
    }
  }
  return exchange(await mint(deadline), config, host, deadline);
}

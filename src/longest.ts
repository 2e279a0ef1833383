import type { Config } from "./config.ts";
import type { Issued } from "./credentials.ts";
import { Gcp2awsError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { IdentityTokenSource } from "./identity-token/source.ts";
import { issue } from "./issue.ts";
import type { StsPlace } from "./sts/place.ts";

const HOUR_SECONDS = 3600;
/** The longest MaxSessionDuration (CreateRole API reference). */
const MOST_HOURS = 12;

/**
 * New credentials that live as long as their role lets them, in whole hours. Nobody may be allowed to look at the role, so STS is asked: for
 * what it gave the last time (`config.durationSeconds`), else for the most there is. Most roles that allow less have the hour that they
 * were made with, so two are asked for next, and then half of what is left: 1 call where the role allows 12 hours, 3 where it allows 1,
 * at most 6.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError as {@link issue}
 */
export async function issueLongest(
  mint: IdentityTokenSource,
  config: Config & StsPlace,
  host: Host,
  deadline: number,
): Promise<Issued> {
  const remembered = config.durationSeconds === undefined ? undefined : config.durationSeconds / HOUR_SECONDS;
  let longest: Issued | undefined;
  let allowed = 0;
  let limit = MOST_HOURS;
  let hours = remembered ?? MOST_HOURS;
  for (;;) {
    try {
      longest = await issue(mint, { ...config, durationSeconds: hours * HOUR_SECONDS }, host, deadline);
      if (hours === remembered) return longest;
      allowed = hours;
    } catch (error) {
      if (!isTooLong(error) || hours === 1) throw error;
      limit = hours - 1;
    }
    if (longest !== undefined && allowed === limit) return longest;
    hours = allowed === 0 ? Math.min(2, limit) : Math.ceil((allowed + limit) / 2);
  }
}

/** By AWS's words: the code is that of every parameter that it does not take. */
function isTooLong(error: unknown): boolean {
  return (
    error instanceof Gcp2awsError &&
    error.code === "STS_REQUEST_REJECTED" &&
    error.message.includes("exceeds the MaxSessionDuration")
  );
}

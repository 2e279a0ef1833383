import type { Credentials } from "../credentials.ts";
import { duration } from "../duration.ts";
import { Gcp2awsError } from "../errors.ts";
import { parseHttpDate } from "../http-date.ts";

/** AWS refuses signatures that are further off than this: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html */
export const TOLERATED_MS = 15 * 60_000;
/** DurationSeconds, AssumeRoleWithWebIdentity API reference. */
const LONGEST_MS = 12 * 60 * 60_000;
/** A clock that is off by more is worth saying. */
export const WORTH_SAYING_MS = 60_000;

/**
 * Refuses credentials that a wrong local clock makes useless: every signature made with it would be rejected, and SDKs
 * would take the expiration for past.
 * @param date the Date header of the STS answer that carried the credentials
 * @param now this machine's clock, milliseconds since the epoch
 * @returns milliseconds by which this machine's clock is ahead of AWS; 0 where the answer has no readable date
 * @throws Gcp2awsError LOCAL_CLOCK
 */
export function checkClock(credentials: Credentials, date: string | undefined, now: number): number {
  const awsNow = parseHttpDate(date ?? "");
  const offset = awsNow === undefined ? 0 : now - awsNow;
  if (Math.abs(offset) > TOLERATED_MS) {
    throw wrongClock(`this machine's clock is ${duration(Math.abs(offset))} ${offset > 0 ? "ahead of" : "behind"} AWS`);
  }
  const lifetime = credentials.expiration.getTime() - now;
  if (lifetime <= 0) throw wrongClock("AWS STS gave credentials that expired before now");
  if (lifetime > LONGEST_MS + TOLERATED_MS) {
    throw wrongClock(`AWS STS gave credentials that live for ${duration(lifetime)}, and the longest session has 12 h`);
  }
  return offset;
}

/** What is said of a clock that is off, though not so far that nothing works; undefined where it is right. */
export function clockWarning(aheadMs: number): Gcp2awsError | undefined {
  if (Math.abs(aheadMs) <= WORTH_SAYING_MS) return undefined;
  const how = `${duration(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} AWS`;
  return new Gcp2awsError("LOCAL_CLOCK", `this machine's clock is ${how}`, {
    hint: "set it (chronyc makestep, or timedatectl set-ntp true): from 15 minutes on AWS rejects every request",
  });
}

function wrongClock(why: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_CLOCK", `credentials not handed over: ${why}`, {
    hint: "set the clock of this machine (chronyc makestep, or timedatectl set-ntp true); AWS rejects every request signed with a wrong time",
  });
}

import type { Credentials } from "../credentials.ts";
import { Gcp2awsError } from "../errors.ts";

/** AWS refuses signatures that are further off than this: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html */
const TOLERATED_MS = 15 * 60_000;

/**
 * Refuses credentials that a wrong local clock makes useless: every signature made with it would be rejected, and SDKs
 * would take the expiration for past.
 * @param date the Date header of the STS answer that carried the credentials
 * @param now this machine's clock, milliseconds since the epoch
 * @throws Gcp2awsError LOCAL_CLOCK
 */
export function checkClock(credentials: Credentials, date: string | undefined, now: number): void {
  const offset = date === undefined ? NaN : now - Date.parse(date);
  if (Math.abs(offset) > TOLERATED_MS) {
    throw wrongClock(`this machine's clock is ${duration(Math.abs(offset))} ${offset > 0 ? "ahead of" : "behind"} AWS`);
  }
  if (credentials.expiration.getTime() <= now) {
    throw wrongClock("AWS STS gave credentials that expired before now");
  }
}

function wrongClock(why: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_CLOCK", `credentials not handed over: ${why}`, {
    hint: "set the clock of this machine (chronyc makestep, or timedatectl set-ntp true); AWS rejects every request signed with a wrong time",
  });
}

/** `2 h 5 min`, `17 min`, `40 s`: rounded to the smallest unit shown. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

import { CLOCK_STEP_MS, type Issued, lives } from "../credentials.ts";
import type { Gcp2awsError } from "../errors.ts";
import type { Entry, Failure } from "./entry.ts";

/**
 * `valid` is handed over as it is; `expiring` too, and refreshed in the background; `due` is refreshed now, and handed
 * over only if that fails; `expired` is never handed over.
 */
export type Freshness = "valid" | "expiring" | "due" | "expired";

/** botocore runs a credential process again at every use from 15 minutes before the expiration on. */
const SDK_WINDOW_MS = 15 * 60_000;
const MAX_BACKOFF_MS = 30_000;
/** More time than anybody has: more of it would not have helped. */
const FOR_ALL_MS = 8.64e15;
/** A failure this long after the last one's pause is the first of a new row. */
const ROW_ENDS_MS = 60_000;

/**
 * How fresh an entry is. The windows scale with the session's lifetime: a session of 15 minutes is due in its last
 * quarter, all longer than an hour in their last 15 minutes.
 * @param now milliseconds since the epoch
 */
export function freshness(entry: Entry, now: number): Freshness {
  const { issuedAt, expiresAt, refreshAt } = entry;
  if (!lives(entry, now)) return "expired";
  if (expiresAt - now <= Math.min(SDK_WINDOW_MS, (expiresAt - issuedAt) / 4)) return "due";
  return now < refreshAt ? "valid" : "expiring";
}

/**
 * The entry for credentials that have just been issued.
 * @param now milliseconds since the epoch
 * @param random from 0 to below 1
 */
export function entryOf(
  { credentials, clockAheadMs }: Issued,
  about: Pick<Entry, "roleArn" | "audience" | "source">,
  now: number,
  random: number,
): Entry {
  // By a clock that is behind, they would seem to live longer than they do.
  const expiresAt = credentials.expiration.getTime() + Math.min(0, clockAheadMs);
  const { roleArn, audience, source } = about;
  const refreshAt = refreshMoment(now, expiresAt, random);
  return { credentials, issuedAt: now, expiresAt, refreshAt, roleArn, audience, source };
}

/**
 * When to refresh in the background: after a seventh to a quarter of the lifetime. Three quarters of it are left to outlive
 * an outage of STS, and the jitter keeps a fleet that started together from coming back together.
 * @param random from 0 to below 1
 */
function refreshMoment(issuedAt: number, expiresAt: number, random: number): number {
  return issuedAt + Math.round((expiresAt - issuedAt) * (0.15 + 0.1 * random));
}

/**
 * The record of a failed attempt: asked again after a second, after a row of failures after at most 30.
 * @param previous the attempt before this one, where that failed too
 * @param allowedMs how long the attempt could take
 */
export function failureOf(
  error: Gcp2awsError,
  previous: Failure | undefined,
  now: number,
  allowedMs: number,
  roleArn: string,
): Failure {
  const inRow = previous !== undefined && now < previous.retryAt + ROW_ENDS_MS && now >= previous.failedAt;
  const count = inRow ? previous.count + 1 : 1;
  const backoff = Math.max(1_000 * 2 ** Math.min(count - 1, 5), error.retryAfterMs ?? 0);
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    details: error.details,
    failedAt: now,
    retryAt: now + Math.min(MAX_BACKOFF_MS, backoff),
    count,
    allowedMs: error.retryable ? allowedMs : FOR_ALL_MS,
    roleArn,
  };
}

/** Whether the pause after a failure still lasts; one that starts in the future was written by another clock. */
export function isPausing(failure: Failure, now: number): boolean {
  return now < failure.retryAt && now >= failure.failedAt - CLOCK_STEP_MS && failure.retryAt - now <= MAX_BACKOFF_MS;
}

import { Gcp2awsError } from "./errors.ts";
import { parseHttpDate } from "./http-date.ts";
import type { Host } from "./host.ts";

export interface RetryPolicy {
  /** Attempts in all. */
  attempts: number;
  /** Longest wait before the second attempt, in milliseconds; doubles from there. */
  baseMs: number;
  /** Longest wait before any attempt, in milliseconds. */
  capMs: number;
  /** Every attempt but the first has some time before this moment, in milliseconds by `host.ticks`. */
  until: number;
}

/**
 * What an attempt must have. One with less could only tell that there was no answer in time, in place of what the attempt before it has met.
 */
const LEAST_MS = 250;

/**
 * Runs `attempt` until it succeeds, fails with an error that is not retryable, or the policy is used up; then the last
 * error is thrown as it is.
 *
 * Waits have full jitter (a fleet that failed together must not come back together:
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), and are never shorter than what the
 * service asked for by Retry-After.
 */
export async function retry<T>(
  host: Pick<Host, "ticks" | "sleep" | "random">,
  policy: RetryPolicy,
  attempt: () => Promise<T>,
  onRetry: (error: Gcp2awsError) => void = () => {},
): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Gcp2awsError) || !error.retryable || made >= policy.attempts) throw error;
      const backoff = host.random() * Math.min(policy.capMs, policy.baseMs * 2 ** (made - 1));
      const wait = Math.max(backoff, error.retryAfterMs ?? 0);
      if (host.ticks() + wait + LEAST_MS > policy.until) throw error;
      onRetry(error);
      await host.sleep(wait);
    }
  }
}

/**
 * The Retry-After header in milliseconds: seconds or an HTTP date (RFC 9110 §10.2.3); undefined where it is absent or
 * unreadable.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = parseHttpDate(header);
  return date === undefined ? undefined : Math.max(0, date - now);
}

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
  /** No attempt starts after this moment, in milliseconds by `host.ticks`. */
  until: number;
}

/**
 * Runs `attempt` until it succeeds, fails with an error that is not retryable, or the policy is used up; then the last
 * error is thrown as it is: but where that attempt was cut short by the end of the time, the one before it, which tells
 * why.
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
  let before: Gcp2awsError | undefined;
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Gcp2awsError) || !error.retryable) throw error;
      if (before !== undefined && error.code.endsWith("_TIMEOUT") && host.ticks() >= policy.until) throw before;
      if (made >= policy.attempts) throw error;
      const backoff = host.random() * Math.min(policy.capMs, policy.baseMs * 2 ** (made - 1));
      const wait = Math.max(backoff, error.retryAfterMs ?? 0);
      if (host.ticks() + wait >= policy.until) throw error;
      onRetry(error);
      before = error;
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

import { type ErrorCode, Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";

/** STS is away, in this region: another may answer. Whatever STS has decided, it would decide there too. */
const AWAY: ReadonlySet<ErrorCode> = new Set([
  "STS_UNREACHABLE",
  "STS_TIMEOUT",
  "STS_UNAVAILABLE",
  "STS_IDP_UNREACHABLE",
] as const);

/**
 * Asks each endpoint until one has answered; those that are left share the time that is left.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError what `ask` throws, of the last endpoint that was asked
 */
export async function askInTurn<T>(
  endpoints: readonly string[],
  host: Host,
  deadline: number,
  ask: (endpoint: string, until: number) => Promise<T>,
): Promise<T> {
  const endpoint = endpoints[0] ?? "";
  const others = endpoints.slice(1);
  if (others.length === 0) return ask(endpoint, deadline);
  const now = host.ticks();
  try {
    return await ask(endpoint, now + (deadline - now) / endpoints.length);
  } catch (error) {
    // What a proxy refuses, it refuses for every region.
    if (!(error instanceof Gcp2awsError) || !AWAY.has(error.code) || !error.retryable) throw error;
    host.warn(new Gcp2awsError(error.code, `${error.message}; asking ${others[0]} instead`));
    return askInTurn(others, host, deadline, ask);
  }
}

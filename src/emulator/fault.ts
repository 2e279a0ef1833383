import { stsError } from "./aws/error-response.ts";
import type { Clock, EmulatorResponse, Handler } from "./http.ts";
import { DroppedConnection } from "./listen.ts";

/**
 * `metadata` is the metadata server, and the clock of all of Google's side. `google` is Google's APIs. `sts` is the AWS side, every
 * service.
 */
export type FaultTarget = "metadata" | "google" | "sts";

type Effect =
  | { kind: "latency"; milliseconds: number }
  | { kind: "status"; status: number; retryAfter?: number }
  | { kind: "throttling" }
  | { kind: "idp-communication-error" }
  | { kind: "drop" }
  | { kind: "clock-skew"; seconds: number };

export interface Fault {
  target: FaultTarget;
  /** How many requests it spoils, from the first on; `Infinity` for all. */
  count: number;
  effect: Effect;
}

const targets: readonly FaultTarget[] = ["metadata", "google", "sts"];

type Groups = Readonly<Record<string, string | undefined>>;

const SPEC =
  /^(?<target>metadata|google|sts):(?<kind>[a-z-]+)(?:=(?<value>-?\d+))?(?:,retry-after=(?<retryAfter>\d+))?(?:@(?<count>[1-9]\d*))?$/;

/**
 * Reads a `--fault` value, `TARGET:KIND[=VALUE][,retry-after=SECONDS][@COUNT]`:
 *
 *     metadata:latency=500             500 ms before every answer
 *     metadata:status=503@2            the first two requests only
 *     sts:status=503,retry-after=2@1   with a Retry-After header
 *     sts:throttling@3                 400 Throttling
 *     sts:idp-communication-error@1    400 IDPCommunicationError
 *     sts:drop                         connection closed without an answer
 *     sts:clock-skew=7200              that side's clock two hours ahead; negative: behind
 *
 * @throws Error with an example, when the value does not follow this grammar
 */
export function parseFault(spec: string): Fault {
  const groups: Groups = SPEC.exec(spec)?.groups ?? {};
  const target = targets.find((name) => name === groups["target"]) ?? "metadata";
  const effect = parseEffect(groups);
  if (effect === undefined || !isPossible(target, effect, groups)) {
    throw new Error(
      `fault "${spec}" is not TARGET:KIND[=VALUE][,retry-after=SECONDS][@COUNT]; for example metadata:status=503@2, ` +
        "metadata:latency=500, sts:throttling@3, sts:idp-communication-error@1, sts:drop or sts:clock-skew=7200",
    );
  }
  return { target, effect, count: Number(groups["count"] ?? Infinity) };
}

function parseEffect(groups: Groups): Effect | undefined {
  const { kind, retryAfter } = groups;
  const value = groups["value"] === undefined ? undefined : Number(groups["value"]);
  switch (kind) {
    case "throttling":
    case "idp-communication-error":
    case "drop":
      return value === undefined ? { kind } : undefined;
    case "latency":
      return value !== undefined && value >= 0 ? { kind, milliseconds: value } : undefined;
    case "clock-skew":
      return value !== undefined ? { kind, seconds: value } : undefined;
    case "status":
      if (value === undefined || value < 400 || value > 599) return undefined;
      return { kind, status: value, ...(retryAfter !== undefined && { retryAfter: Number(retryAfter) }) };
    default:
      return undefined;
  }
}

/** Each AWS error code belongs to AWS, Retry-After to a status; a clock is off for all requests or for none. */
function isPossible(target: FaultTarget, { kind }: Effect, groups: Groups): boolean {
  if (target !== "sts" && (kind === "throttling" || kind === "idp-communication-error")) return false;
  if (target === "google" && kind === "clock-skew") return false;
  if (kind !== "status" && groups["retryAfter"] !== undefined) return false;
  return kind !== "clock-skew" || groups["count"] === undefined;
}

/** The target's clock with every skew applied. */
export function skewClock(clock: Clock, target: FaultTarget, faults: readonly Fault[]): Clock {
  const seconds = faults.reduce(
    (sum, fault) => (fault.target === target && fault.effect.kind === "clock-skew" ? sum + fault.effect.seconds : sum),
    0,
  );
  return () => clock() + seconds * 1000;
}

/**
 * A handler that suffers the target's faults, in the order given: latency delays, the first other fault that is not used
 * up answers instead of the handler. The counts belong to the returned handler.
 *
 * @param sleep waits a number of milliseconds
 */
export function withFaults(
  handler: Handler,
  target: FaultTarget,
  faults: readonly Fault[],
  sleep: (milliseconds: number) => Promise<void>,
): Handler {
  const active = faults
    .filter((fault) => fault.target === target && fault.effect.kind !== "clock-skew")
    .map(({ effect, count }) => ({ effect, left: count }));

  return async (request) => {
    for (const fault of active) {
      if (fault.left === 0) continue;
      fault.left -= 1;
      if (fault.effect.kind !== "latency") return answer(target, fault.effect);
      await sleep(fault.effect.milliseconds);
    }
    return handler(request);
  };
}

function answer(target: FaultTarget, effect: Effect): EmulatorResponse {
  switch (effect.kind) {
    case "throttling":
      return stsError(400, "Throttling", "Rate exceeded");
    case "idp-communication-error":
      return stsError(400, "IDPCommunicationError", "Error communicating with the identity provider");
    case "status": {
      const response = target === "sts" ? awsStatus(effect.status) : googleStatus(effect.status);
      if (effect.retryAfter === undefined) return response;
      return { ...response, headers: { ...response.headers, "Retry-After": String(effect.retryAfter) } };
    }
    default:
      throw new DroppedConnection();
  }
}

function awsStatus(status: number): EmulatorResponse {
  if (status === 429) return stsError(status, "Throttling", "Rate exceeded");
  if (status === 503) return stsError(status, "ServiceUnavailable", "Service is unable to handle request.");
  return stsError(status, status < 500 ? "ClientError" : "InternalFailure", "The request processing has failed.");
}

function googleStatus(status: number): EmulatorResponse {
  const headers = { "Content-Type": "text/html; charset=UTF-8", "Metadata-Flavor": "Google" };
  return { status, headers, body: `<!DOCTYPE html>\n<title>Error ${status}</title>\n` };
}

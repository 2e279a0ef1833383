import { type Credentials, type Held, lives } from "../../credentials.ts";
import { Gcp2awsError } from "../../errors.ts";
import { json, type Reply } from "./http.ts";

/** A role that the server has credentials of. */
export interface ServedRole {
  /** In paths and metrics. */
  name: string;
  roleArn: string;
  /** New or kept credentials; at once while some live. */
  ask: () => Promise<Held>;
  /** The last ones, living or not. */
  held: () => Held | undefined;
}

/** `within` of host/timers.ts. */
export type Within = <T>(ms: number, promise: Promise<T>) => Promise<T | "late">;

/**
 * How long a client is kept waiting for the first credentials. boto3 gives up after 2 seconds and asks again, twice; the
 * SDK for JavaScript three times, a second later each.
 */
const HOLD_MS = 1_800;

/** Answers with the role's credentials in the words of one protocol; the text is made once for each of them. */
export function answerWith(
  role: ServedRole,
  format: (credentials: Credentials, held: Held) => object,
  { now, within }: { now: () => number; within: Within },
): () => Promise<Reply> {
  let of: Held | undefined;
  let reply: Reply = json(200, {});
  return async () => {
    const before = role.held();
    const living = before !== undefined && lives(before, now());
    let held: Held | "late";
    try {
      held = living ? await role.ask() : await within(HOLD_MS, role.ask());
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) throw error;
      return failure(error);
    }
    if (held === "late") return failure(new Gcp2awsError("STS_TIMEOUT", "credentials are not there yet, ask again"));
    if (held !== of) {
      reply = json(200, format(held.credentials, held), { "Cache-Control": "no-store" });
      of = held;
    }
    return reply;
  };
}

/** An error as both protocols have it; SDKs show code and message. Never blanks with status 200. */
function failure(error: Gcp2awsError): Reply {
  const denied = error.exitStatus === 4;
  const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  return json(denied ? 403 : 503, { Code: error.code, Message: message }, denied ? {} : { "Retry-After": "1" });
}

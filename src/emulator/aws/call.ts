import type { Context } from "../../trust-policy/condition.ts";
import type { Definition } from "../definition.ts";
import type { Clock, EmulatorRequest } from "../http.ts";
import type { Caller, SignedCaller } from "./caller.ts";
import { AwsError } from "./error-response.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { XmlTree } from "./xml.ts";

/** What the operations share. */
export interface Account {
  definition: Definition;
  clock: Clock;
  /** Whose tokens it takes. */
  providers: readonly IdentityProvider[];
  region: string;
  sessions: Sessions;
}

/** One API call. What an operation learns on the way stands here even when it fails, because CloudTrail asks for it. */
export interface Call {
  request: EmulatorRequest;
  parameters: URLSearchParams;
  caller: Caller | undefined;
  requestParameters: Record<string, unknown> | null;
  responseElements: Record<string, unknown> | null;
  /** ARN of the role that the call is about. */
  roleArn: string | undefined;
  /** The session that the call opened. */
  issued: Session | undefined;
}

/** Answers with the content of the result element; refuses by throwing `AwsError`. */
export type Operation = (account: Account, call: Call) => XmlTree | Promise<XmlTree>;

/** @throws AwsError MissingAuthenticationToken (403) when the call is not signed. */
export function signedCaller(call: Call): SignedCaller {
  if (call.caller === undefined || call.caller.type === "web identity") {
    throw new AwsError(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
  }
  return call.caller;
}

/** The keys that every request carries, whoever makes it. */
export function requestContext({ clock, region }: Account, { request }: Call): Context {
  const now = clock();
  const userAgent = request.headers["user-agent"];
  return {
    "aws:CurrentTime": [new Date(now).toISOString()],
    "aws:EpochTime": [String(Math.floor(now / 1000))],
    "aws:RequestedRegion": [region],
    "aws:SecureTransport": ["false"],
    "aws:SourceIp": [request.remoteAddress],
    "aws:UserAgent": userAgent === undefined ? [] : [userAgent],
  };
}

import type { Issued } from "../credentials.ts";
import { type ErrorCode, Gcp2awsError } from "../errors.ts";
import type { Host, HttpResponse } from "../host.ts";
import { type Claims, decodeClaims } from "../identity-token/claims.ts";
import type { SessionPolicies } from "../session-config.ts";
import { type AssumeRoleWithWebIdentityInput, buildRequest, readResponse } from "./assume-role-with-web-identity.ts";
import { askInTurn } from "./ask-in-turn.ts";
import { callSts } from "./call.ts";
import { checkClock, clockWarning } from "./clock.ts";
import { explainDenial } from "./explain-denial.ts";
import type { Fallback } from "./place.ts";
import { renderSessionName } from "./session-name.ts";

/** Credentials, and whom Google has vouched for to get them. */
export interface Exchanged extends Issued {
  claims: Claims;
}

export interface ExchangeOptions {
  roleArn: string;
  /** A template, see session-name.ts. */
  roleSessionName: string;
  durationSeconds: number | undefined;
  sessionPolicies: SessionPolicies;
  stsEndpoint: string;
  /** Asked in this order where STS is away there. */
  fallbacks: readonly Fallback[];
}

const ABOUT_THE_TOKEN: ReadonlySet<ErrorCode> = new Set([
  "STS_ACCESS_DENIED",
  "STS_TOKEN_REJECTED",
  "STS_TOKEN_EXPIRED",
] as const);

/**
 * Exchanges one identity token for AWS credentials by AssumeRoleWithWebIdentity.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError an `STS_…` code, IDENTITY_BAD_TOKEN, USAGE_MISSING_CLAIM or LOCAL_CLOCK; a denial carries the
 *   token's claims and the trust policy keys they are compared with
 */
export async function exchange(
  token: string,
  options: ExchangeOptions,
  host: Host,
  deadline: number,
): Promise<Exchanged> {
  const claims = decodeClaims(token);
  const input: AssumeRoleWithWebIdentityInput = {
    roleArn: options.roleArn,
    roleSessionName: renderSessionName(options.roleSessionName, claims),
    webIdentityToken: token,
    durationSeconds: options.durationSeconds,
    sessionPolicies: options.sessionPolicies,
  };

  try {
    return await askInTurn(
      [options.stsEndpoint, ...options.fallbacks.map(({ endpoint }) => endpoint)],
      host,
      deadline,
      (endpoint, until) => callSts(buildRequest(endpoint, input), endpoint, host, until, readAnswer),
    );
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || !ABOUT_THE_TOKEN.has(error.code)) throw error;
    throw error.withDetails(explainDenial(claims, host.now()));
  }

  function readAnswer(response: HttpResponse, now: number): Exchanged {
    const credentials = readResponse(response, input, now);
    const clockAheadMs = checkClock(credentials, response.headers["date"], now);
    const warning = clockWarning(clockAheadMs);
    if (warning !== undefined) host.warn(warning);
    return { credentials, clockAheadMs, claims };
  }
}

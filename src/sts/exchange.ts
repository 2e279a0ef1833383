import type { Issued } from "../credentials.ts";
import { type ErrorCode, Gcp2awsError } from "../errors.ts";
import type { Host, HttpResponse } from "../host.ts";
import { decodeClaims } from "../identity-token/claims.ts";
import type { SessionPolicies } from "../session-config.ts";
import { type AssumeRoleWithWebIdentityInput, buildRequest, readResponse } from "./assume-role-with-web-identity.ts";
import { callSts } from "./call.ts";
import { checkClock, clockWarning } from "./clock.ts";
import { explainDenial } from "./explain-denial.ts";
import { renderSessionName } from "./session-name.ts";

export interface ExchangeOptions {
  roleArn: string;
  /** A template, see session-name.ts. */
  roleSessionName: string;
  durationSeconds: number | undefined;
  sessionPolicies: SessionPolicies;
  stsEndpoint: string;
  /** Asked in this order where STS is away there. */
  fallbackEndpoints: readonly string[];
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
export async function exchange(token: string, options: ExchangeOptions, host: Host, deadline: number): Promise<Issued> {
  const claims = decodeClaims(token);
  const input: AssumeRoleWithWebIdentityInput = {
    roleArn: options.roleArn,
    roleSessionName: renderSessionName(options.roleSessionName, claims),
    webIdentityToken: token,
    durationSeconds: options.durationSeconds,
    sessionPolicies: options.sessionPolicies,
  };

  try {
    return await askInTurn([options.stsEndpoint, ...options.fallbackEndpoints], host, deadline, (endpoint, until) =>
      callSts(buildRequest(endpoint, input), endpoint, host, until, readAnswer),
    );
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || !ABOUT_THE_TOKEN.has(error.code)) throw error;
    throw error.withDetails(explainDenial(claims, host.now()));
  }

  function readAnswer(response: HttpResponse, now: number): Issued {
    const credentials = readResponse(response, input, now);
    const clockAheadMs = checkClock(credentials, response.headers["date"], now);
    const warning = clockWarning(clockAheadMs);
    if (warning !== undefined) host.warn(warning);
    return { credentials, clockAheadMs };
  }
}

/** STS is away, in this region: another may answer. Whatever STS has decided, it would decide there too. */
const AWAY: ReadonlySet<ErrorCode> = new Set([
  "STS_UNREACHABLE",
  "STS_TIMEOUT",
  "STS_UNAVAILABLE",
  "STS_IDP_UNREACHABLE",
] as const);

/** Asks each endpoint until one has answered; those that are left share the time that is left. */
async function askInTurn<T>(
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
    if (!(error instanceof Gcp2awsError) || !AWAY.has(error.code)) throw error;
    host.warn(new Gcp2awsError(error.code, `${error.message}; asking ${others[0]} instead`));
    return askInTurn(others, host, deadline, ask);
  }
}

import type { Issued } from "../credentials.ts";
import { type ErrorCode, Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { decodeClaims } from "../identity-token/claims.ts";
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
  stsEndpoint: string;
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
  };
  const request = buildRequest(options.stsEndpoint, input);

  try {
    return await callSts(request, options.stsEndpoint, host, deadline, (response, now) => {
      const credentials = readResponse(response, input, now);
      const clockAheadMs = checkClock(credentials, response.headers["date"], now);
      const warning = clockWarning(clockAheadMs);
      if (warning !== undefined) host.warn(warning);
      return { credentials, clockAheadMs };
    });
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || !ABOUT_THE_TOKEN.has(error.code)) throw error;
    throw error.withDetails(explainDenial(claims, host.now()));
  }
}

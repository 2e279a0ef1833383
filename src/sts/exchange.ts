import type { Issued } from "../credentials.ts";
import { type ErrorCode, Gcp2awsError } from "../errors.ts";
import { ConnectionError, type Host, type HttpResponse } from "../host.ts";
import { decodeClaims } from "../identity-token/claims.ts";
import { retry } from "../retry.ts";
import { type AssumeRoleWithWebIdentityInput, buildRequest, readResponse } from "./assume-role-with-web-identity.ts";
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

const ATTEMPT_MS = 10_000;

const ABOUT_THE_TOKEN: ReadonlySet<ErrorCode> = new Set([
  "STS_ACCESS_DENIED",
  "STS_TOKEN_REJECTED",
  "STS_TOKEN_EXPIRED",
] as const);

/**
 * Exchanges one identity token for AWS credentials by AssumeRoleWithWebIdentity.
 *
 * Connection failures, throttling, 5xx and IDPCommunicationError are retried, up to 5 attempts within the deadline.
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
    return await retry(
      host,
      { attempts: 5, baseMs: 100, capMs: 5_000, until: deadline },
      async () => {
        let response: HttpResponse;
        try {
          response = await host.request({ ...request, timeoutMs: Math.min(ATTEMPT_MS, deadline - host.ticks()) });
        } catch (error) {
          if (error instanceof ConnectionError) throw connectionFailure(error, options.stsEndpoint);
          throw error;
        }
        const now = host.now();
        const credentials = readResponse(response, input, now);
        const clockAheadMs = checkClock(credentials, response.headers["date"], now);
        const warning = clockWarning(clockAheadMs);
        if (warning !== undefined) host.warn(warning);
        return { credentials, clockAheadMs };
      },
      (error) => {
        if (host.stderrIsTerminal()) host.writeStderr(`gcp2aws: ${error.message}; trying again\n`);
      },
    );
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || !ABOUT_THE_TOKEN.has(error.code)) throw error;
    throw error.withDetails(explainDenial(claims, host.now()));
  }
}

function connectionFailure(error: ConnectionError, endpoint: string): Gcp2awsError {
  const what = `no answer from AWS STS at ${endpoint}: ${error.message}`;
  switch (error.kind) {
    case "timeout":
      return new Gcp2awsError("STS_TIMEOUT", what, {
        retryable: true,
        hint: "check that this machine may reach that endpoint (curl -sv), or raise --timeout",
      });
    case "tls":
      return new Gcp2awsError("STS_TLS", what, {
        hint: "the endpoint's certificate was not accepted; where a company proxy opens TLS, name its CA in NODE_EXTRA_CA_CERTS",
      });
    case "too-large":
      return new Gcp2awsError("STS_BAD_RESPONSE", what, {
        hint: "something other than AWS STS may be answering at that endpoint; check --sts-endpoint and AWS_ENDPOINT_URL_STS",
      });
    default:
      return new Gcp2awsError("STS_UNREACHABLE", what, {
        retryable: true,
        hint: "check --region, --sts-endpoint and that this machine may reach that endpoint (curl -sv); proxies are not used",
      });
  }
}

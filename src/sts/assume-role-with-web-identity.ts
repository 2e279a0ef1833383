import type { Credentials } from "../credentials.ts";
import type { HttpRequest, HttpResponse } from "../host.ts";
import type { SessionPolicies } from "../session-config.ts";
import { readStsError } from "./error.ts";
import { formRequest, sessionForm } from "./form.ts";
import { readCredentials } from "./read-credentials.ts";
import { parseRoleArn } from "./role-arn.ts";

const ACTION = "AssumeRoleWithWebIdentity";

export interface AssumeRoleWithWebIdentityInput {
  roleArn: string;
  roleSessionName: string;
  webIdentityToken: string;
  /** Seconds, 900 to 43200; the role's default when absent. */
  durationSeconds: number | undefined;
  sessionPolicies: SessionPolicies;
}

/**
 * The request. It is unsigned: an Authorization header would break it
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
 */
export function buildRequest(endpoint: string, input: AssumeRoleWithWebIdentityInput): Omit<HttpRequest, "timeoutMs"> {
  return formRequest(endpoint, ACTION, [
    ["RoleArn", input.roleArn],
    ["RoleSessionName", input.roleSessionName],
    ["WebIdentityToken", input.webIdentityToken],
    ...sessionForm(input.sessionPolicies, input.durationSeconds),
  ]);
}

/**
 * Reads the answer to {@link buildRequest}.
 * @param now milliseconds since the epoch, for Retry-After
 * @throws Gcp2awsError an `STS_…` code; `retryable` where the same call may succeed later
 */
export function readResponse(response: HttpResponse, input: AssumeRoleWithWebIdentityInput, now: number): Credentials {
  if (response.status !== 200) {
    const { roleArn, webIdentityToken } = input;
    const what = `AWS STS did not assume ${roleArn}`;
    throw readStsError(response, { what, secret: webIdentityToken, roleName: parseRoleArn(roleArn)?.name }, now);
  }
  return readCredentials(response.body, ACTION, input.roleArn);
}

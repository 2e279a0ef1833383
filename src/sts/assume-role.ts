import type { Credentials } from "../credentials.ts";
import type { HttpRequest, HttpResponse } from "../host.ts";
import type { SessionPolicies, SessionTag } from "../session-config.ts";
import { readStsError } from "./error.ts";
import { formRequest, sessionForm, type Form } from "./form.ts";
import { readCredentials } from "./read-credentials.ts";
import { parseRoleArn } from "./role-arn.ts";
import { signRequest } from "./sign.ts";

const ACTION = "AssumeRole";

const DENIED =
  "the role before it needs sts:AssumeRole on this one, in its own policies and in the trust policy of this one (aws iam get-role --role-name ROLE_NAME), which may ask for an external ID; also sts:TagSession where there are session tags, and sts:SetSourceIdentity where there is a source identity; a role that does not exist gets the same answer";

export interface AssumeRoleInput {
  roleArn: string;
  roleSessionName: string;
  /** Seconds, 900 to 3600 for a role that is assumed by another; the role's default when absent. */
  durationSeconds: number | undefined;
  sessionPolicies: SessionPolicies;
  tags: readonly SessionTag[];
  /** Keys of tags that roles assumed by this one get too. */
  transitiveTags: readonly string[];
  /** Empty where there is none. */
  externalId: string;
  /** Empty where there is none. */
  sourceIdentity: string;
}

/**
 * The request, signed by the role before (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
 * @param region of the endpoint
 * @param now milliseconds since the epoch, as for {@link signRequest}
 */
export function buildAssumeRole(
  endpoint: string,
  region: string,
  input: AssumeRoleInput,
  credentials: Credentials,
  now: number,
): Promise<Omit<HttpRequest, "timeoutMs">> {
  const form: Form = [
    ["RoleArn", input.roleArn],
    ["RoleSessionName", input.roleSessionName],
    ...sessionForm(input.sessionPolicies, input.durationSeconds),
  ];
  input.tags.forEach(({ key, value }, at) => {
    form.push([`Tags.member.${at + 1}.Key`, key], [`Tags.member.${at + 1}.Value`, value]);
  });
  input.transitiveTags.forEach((key, at) => form.push([`TransitiveTagKeys.member.${at + 1}`, key]));
  if (input.externalId !== "") form.push(["ExternalId", input.externalId]);
  if (input.sourceIdentity !== "") form.push(["SourceIdentity", input.sourceIdentity]);
  return signRequest(formRequest(endpoint, ACTION, form), region, credentials, now);
}

/**
 * Reads the answer to {@link buildAssumeRole}.
 * @param credentials of the role before
 * @param now milliseconds since the epoch, for Retry-After
 * @throws Gcp2awsError an `STS_…` code; `retryable` where the same call may succeed later
 */
export function readAssumeRole(
  response: HttpResponse,
  { roleArn }: AssumeRoleInput,
  { sessionToken }: Credentials,
  now: number,
): Credentials {
  if (response.status !== 200) {
    const what = `AWS STS did not assume ${roleArn}`;
    const roleName = parseRoleArn(roleArn)?.name;
    throw readStsError(response, { what, secret: sessionToken, roleName, denied: DENIED }, now);
  }
  return readCredentials(response.body, ACTION, roleArn);
}

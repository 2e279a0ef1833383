import type { Credentials } from "../credentials.ts";
import type { HttpRequest, HttpResponse } from "../host.ts";
import type { SessionPolicies } from "../session-config.ts";
import { version } from "../version.ts";
import { badResponse, readResult, readStsError } from "./error.ts";
import { parseRoleArn } from "./role-arn.ts";
import { descend } from "./xml.ts";

export interface AssumeRoleWithWebIdentityInput {
  roleArn: string;
  roleSessionName: string;
  webIdentityToken: string;
  /** Seconds, 900 to 43200; the role's default when absent. */
  durationSeconds: number | undefined;
  sessionPolicies: SessionPolicies;
}

/**
 * The request, byte for byte as the AWS SDK for JavaScript writes its body. It is unsigned: an Authorization header
 * would break it (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
 */
export function buildRequest(endpoint: string, input: AssumeRoleWithWebIdentityInput): Omit<HttpRequest, "timeoutMs"> {
  const form: [string, string][] = [
    ["Action", "AssumeRoleWithWebIdentity"],
    ["Version", "2011-06-15"],
    ["RoleArn", input.roleArn],
    ["RoleSessionName", input.roleSessionName],
    ["WebIdentityToken", input.webIdentityToken],
  ];
  const { policy, arns } = input.sessionPolicies;
  for (let at = 0; at < arns.length; at++) form.push([`PolicyArns.member.${at + 1}.arn`, arns[at] ?? ""]);
  if (policy !== "") form.push(["Policy", policy]);
  if (input.durationSeconds !== undefined) form.push(["DurationSeconds", String(input.durationSeconds)]);
  return {
    method: "POST",
    url: endpoint.endsWith("/") ? endpoint : `${endpoint}/`,
    headers: { "Content-Type": "application/x-www-form-urlencoded", "User-Agent": `gcp2aws/${version}` },
    body: form.map(([name, value]) => `${name}=${formEncode(value)}`).join("&"),
  };
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
  const result = readResult(response.body, "AssumeRoleWithWebIdentity");
  const credentials = descend(result, "Credentials");
  const field = (name: string): string => {
    const value = descend(credentials, name)?.text ?? "";
    if (!/^[\u0021-\u007e]+$/.test(value)) throw badResponse(`${name} is missing or malformed`);
    return value;
  };
  const expiration = new Date(readTimestamp(field("Expiration")));
  const role = parseRoleArn(input.roleArn);
  const arn = descend(result, "AssumedRoleUser", "Arn")?.text ?? "";
  const assumed = /^arn:[\w-]+:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn);
  const accountId = assumed?.[1];
  if (accountId === undefined || accountId !== role?.accountId) {
    throw badResponse("its AssumedRoleUser is not of the role's account");
  }
  if (assumed?.[2] !== role.name) throw badResponse("its AssumedRoleUser is of another role");
  return {
    accessKeyId: field("AccessKeyId"),
    secretAccessKey: field("SecretAccessKey"),
    sessionToken: field("SessionToken"),
    expiration,
    accountId,
  };
}

/** RFC 3986 percent-encoding: encodeURIComponent leaves `!'()*` alone, the AWS SDKs do not. */
function formEncode(value: string): string {
  return encodeURIComponent(value)
    .replace(/!/g, "%21")
    .replace(/'/g, "%27")
    .replace(/\(/g, "%28")
    .replace(/\)/g, "%29")
    .replace(/\*/g, "%2A");
}

function readTimestamp(text: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw badResponse("Expiration is not a date");
  return time;
}

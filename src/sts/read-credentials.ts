import type { Credentials } from "../credentials.ts";
import { badResponse, readResult } from "./error.ts";
import { parseRoleArn } from "./role-arn.ts";
import { descend } from "./xml.ts";

/**
 * The credentials in an answer that assumed a role.
 * @param action AssumeRoleWithWebIdentity or AssumeRole
 * @param roleArn of the role that was asked for
 * @throws Gcp2awsError STS_BAD_RESPONSE
 */
export function readCredentials(body: string, action: string, roleArn: string): Credentials {
  const result = readResult(body, action);
  const credentials = descend(result, "Credentials");
  const field = (name: string): string => {
    const value = descend(credentials, name)?.text ?? "";
    if (!/^[\u0021-\u007e]+$/.test(value)) throw badResponse(`${name} is missing or malformed`);
    return value;
  };
  const expiration = new Date(readTimestamp(field("Expiration")));
  const role = parseRoleArn(roleArn);
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

function readTimestamp(text: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw badResponse("Expiration is not a date");
  return time;
}

import { AwsV4Signer } from "aws4fetch";
import type { Credentials } from "../credentials.ts";
import type { HttpRequest, HttpResponse } from "../host.ts";
import { version } from "../version.ts";
import { badResponse, readResult, readStsError } from "./error.ts";
import { descend } from "./xml.ts";

/** Who AWS takes the bearer of credentials for. */
export interface CallerIdentity {
  accountId: string;
  arn: string;
  userId: string;
}

/**
 * The request, signed: GetCallerIdentity needs no permission
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
 * @param region of the endpoint
 * @param now milliseconds since the epoch; AWS takes a signature for 15 minutes
 */
export async function buildSignedRequest(
  endpoint: string,
  region: string,
  credentials: Credentials,
  now: number,
): Promise<Omit<HttpRequest, "timeoutMs">> {
  const body = "Action=GetCallerIdentity&Version=2011-06-15";
  const url = endpoint.endsWith("/") ? endpoint : `${endpoint}/`;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const { headers } = await new AwsV4Signer({
    method: "POST",
    url,
    headers: { "Content-Type": "application/x-www-form-urlencoded", "User-Agent": `gcp2aws/${version}` },
    body,
    accessKeyId,
    secretAccessKey,
    sessionToken,
    service: "sts",
    region,
    datetime: new Date(now).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
  }).sign();
  return { method: "POST", url, headers: Object.fromEntries(headers), body };
}

/**
 * Reads the answer to {@link buildSignedRequest}.
 * @param now milliseconds since the epoch, for Retry-After
 * @throws Gcp2awsError an `STS_…` code; `retryable` where the same call may succeed later
 */
export function readCallerIdentity(response: HttpResponse, credentials: Credentials, now: number): CallerIdentity {
  if (response.status !== 200) {
    const what = "AWS STS did not say whose credentials these are";
    throw readStsError(response, { what, secret: credentials.sessionToken, roleName: undefined }, now);
  }
  const result = readResult(response.body, "GetCallerIdentity");
  const field = (name: string): string => {
    const value = descend(result, name)?.text ?? "";
    if (!/^[\u0021-\u007e]{1,2048}$/.test(value)) throw badResponse(`${name} is missing or malformed`);
    return value;
  };
  return { accountId: field("Account"), arn: field("Arn"), userId: field("UserId") };
}

import type { Credentials } from "../credentials.ts";
import type { HttpRequest, HttpResponse } from "../host.ts";
import { badResponse, readResult, readStsError } from "./error.ts";
import { formRequest } from "./form.ts";
import { signRequest } from "./sign.ts";
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
 * @param now milliseconds since the epoch, as for {@link signRequest}
 */
export function buildSignedRequest(
  endpoint: string,
  region: string,
  credentials: Credentials,
  now: number,
): Promise<Omit<HttpRequest, "timeoutMs">> {
  return signRequest(formRequest(endpoint, "GetCallerIdentity", []), region, credentials, now);
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

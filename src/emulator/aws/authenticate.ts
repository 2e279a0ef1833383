import type { EmulatorRequest } from "../http.ts";
import type { Account } from "./call.ts";
import type { SignedCaller } from "./caller.ts";
import { AwsError } from "./error-response.ts";
import { type Authorization, sha256, signatureMatches } from "./sigv4.ts";

const toleranceMs = 15 * 60 * 1000;

type Refusal = readonly [status: number, code: string, message: string];

/** The same refusals in the words of S3 and of the query services STS and IAM. */
const refusals: Record<"query" | "s3", Record<"unknownKey" | "wrongToken" | "expired" | "signature", Refusal>> = {
  query: {
    unknownKey: [403, "InvalidClientTokenId", "The security token included in the request is invalid."],
    wrongToken: [403, "InvalidClientTokenId", "The security token included in the request is invalid."],
    expired: [403, "ExpiredToken", "The security token included in the request is expired"],
    signature: [
      403,
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    ],
  },
  s3: {
    unknownKey: [403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."],
    wrongToken: [400, "InvalidToken", "The provided token is malformed or otherwise invalid."],
    expired: [400, "ExpiredToken", "The provided token has expired."],
    signature: [
      403,
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    ],
  },
};

/**
 * Verifies scope, time, key, session token and signature of a signed request, in that order.
 *
 * @throws AwsError with the code and status of the service that was asked.
 */
export function authenticate(account: Account, request: EmulatorRequest, authorization: Authorization): SignedCaller {
  checkScope(account, authorization);
  checkTime(account.clock(), request, authorization);
  const refusal = refusals[authorization.service === "s3" ? "s3" : "query"];
  const token = request.headers["x-amz-security-token"];
  const session = account.sessions.find(authorization.accessKeyId);
  const user = account.definition.users.find((candidate) => candidate.accessKeyId === authorization.accessKeyId);
  const key = session ?? user;
  if (!key) throw new AwsError(...refusal.unknownKey);
  if (session && token === undefined) throw new AwsError(...refusal.unknownKey);
  if (token !== session?.sessionToken) throw new AwsError(...refusal.wrongToken);
  if (session && account.clock() >= session.expiration) throw new AwsError(...refusal.expired);
  checkPayload(request, authorization);
  if (!signatureMatches(request, authorization, key.secretAccessKey)) throw new AwsError(...refusal.signature);

  const { accountId } = account.definition;
  if (session) return { type: "session", session, accountId };
  if (user) return { type: "user", user, accountId };
  throw new AwsError(...refusal.unknownKey);
}

/**
 * IAM is one service for all regions and signs for us-east-1; but clients whose endpoint is overridden, as it must be to
 * get here, sign for the region they are configured with, so for IAM both will do.
 */
function checkScope(account: Account, { service, region, terminator, signedHeaders }: Authorization): void {
  if (!["sts", "iam", "s3"].includes(service)) throw mismatch("Credential should be scoped to correct service: 'sts'.");
  const expected = service === "iam" && region === "us-east-1" ? region : account.region;
  if (region !== expected && service === "s3") {
    const message = `The authorization header is malformed; the region '${region}' is wrong; expecting '${expected}'`;
    throw new AwsError(400, "AuthorizationHeaderMalformed", message, { Region: expected });
  }
  if (region !== expected) throw mismatch(`Credential should be scoped to a valid region, not '${region}'.`);
  if (terminator !== "aws4_request") {
    throw mismatch(`Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'.`);
  }
  for (const name of ["host", "x-amz-date"]) {
    if (!signedHeaders.includes(name)) throw mismatch(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
  }
}

function checkTime(now: number, request: EmulatorRequest, { date, service }: Authorization): void {
  const signed = request.headers["x-amz-date"] ?? "";
  const time = Date.parse(signed.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (Number.isNaN(time)) throw mismatch("Date must be in ISO-8601 'basic format'.");
  if (!signed.startsWith(`${date}T`)) {
    throw mismatch(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${signed}'.`,
    );
  }
  if (Math.abs(now - time) <= toleranceMs) return;
  if (service === "s3") {
    throw new AwsError(
      403,
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
    );
  }
  const limits =
    time < now
      ? `Signature expired: ${signed} is now earlier than ${basic(now - toleranceMs)} (${basic(now)} - 15 min.)`
      : `Signature not yet current: ${signed} is still later than ${basic(now + toleranceMs)} (${basic(now)} + 15 min.)`;
  throw mismatch(limits);
}

function checkPayload(request: EmulatorRequest, { service }: Authorization): void {
  if (service !== "s3") return;
  const declared = request.headers["x-amz-content-sha256"];
  if (declared === undefined) {
    throw new AwsError(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  if (declared !== "UNSIGNED-PAYLOAD" && declared !== sha256(request.body)) {
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    throw new AwsError(400, "XAmzContentSHA256Mismatch", message);
  }
}

function mismatch(message: string): AwsError {
  return new AwsError(403, "SignatureDoesNotMatch", message);
}

function basic(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
}

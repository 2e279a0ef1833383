import { describe, expect, it } from "vitest";
import { type ErrorCode, Gcp2awsError } from "../../src/errors.ts";
import { type AssumeRoleWithWebIdentityInput, readResponse } from "../../src/sts/assume-role-with-web-identity.ts";
import { CLAIMS, ROLE_ARN, START, stsErrorBody, stsSuccess, unsignedToken } from "../fake-host.ts";

const token = unsignedToken(CLAIMS);
const input: AssumeRoleWithWebIdentityInput = {
  roleArn: ROLE_ARN,
  roleSessionName: "name",
  webIdentityToken: token,
  durationSeconds: undefined,
  sessionPolicies: { policy: "", arns: [] },
};

function failure(status: number, body: string, headers: Record<string, string> = {}): Gcp2awsError {
  try {
    readResponse({ status, headers, body }, input, START);
  } catch (error) {
    if (error instanceof Gcp2awsError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const rows: [status: number, awsCode: string, message: string, code: ErrorCode, retryable: boolean][] = [
  [403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", "STS_ACCESS_DENIED", false],
  [400, "InvalidIdentityToken", "Incorrect token audience", "STS_TOKEN_REJECTED", false],
  [400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for x", "STS_TOKEN_REJECTED", false],
  [
    400,
    "InvalidIdentityToken",
    "Couldn't retrieve verification key from your identity provider, please",
    "STS_TOKEN_REJECTED",
    true,
  ],
  [400, "IDPCommunicationError", "", "STS_IDP_UNREACHABLE", true],
  [403, "IDPRejectedClaim", "", "STS_TOKEN_REJECTED", false],
  [
    400,
    "ExpiredTokenException",
    "Token expired: current date/time 2 must be before the expiration date/time 1",
    "STS_TOKEN_EXPIRED",
    false,
  ],
  [400, "ExpiredTokenException", "Token too old: 90000", "STS_TOKEN_EXPIRED", false],
  [
    400,
    "ValidationError",
    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    "STS_REQUEST_REJECTED",
    false,
  ],
  [400, "MalformedPolicyDocument", "", "STS_REQUEST_REJECTED", false],
  [400, "PackedPolicyTooLarge", "", "STS_REQUEST_REJECTED", false],
  [403, "RegionDisabledException", "STS is not activated in this region", "STS_REGION_DISABLED", false],
  [400, "Throttling", "Rate exceeded", "STS_THROTTLED", true],
  [400, "ThrottlingException", "Rate exceeded", "STS_THROTTLED", true],
  [429, "TooManyRequestsException", "", "STS_THROTTLED", true],
  [500, "InternalFailure", "", "STS_UNAVAILABLE", true],
  [503, "ServiceUnavailable", "", "STS_UNAVAILABLE", true],
  [400, "SomethingNew", "never seen", "STS_REQUEST_REJECTED", false],
];

describe("an STS error", () => {
  it.each(rows)("%i %s %s is %s, retryable %s", (status, awsCode, message, code, retryable) => {
    const error = failure(status, stsErrorBody(awsCode, message));
    expect({ code: error.code, retryable: error.retryable }).toEqual({ code, retryable });
    expect(error.message).toContain(awsCode);
    expect(error.message).toContain(message);
    expect(error.hint).toBeTruthy();
  });

  it.each([
    [502, "<html>bad gateway</html>", "STS_UNAVAILABLE"],
    [429, "", "STS_THROTTLED"],
    [404, "not here", "STS_BAD_RESPONSE"],
    [301, "", "STS_BAD_RESPONSE"],
    [400, "<Error", "STS_BAD_RESPONSE"],
  ])("without XML: %i %s is %s", (status, body, code) => {
    const error = failure(status, body);
    expect(error.code).toBe(code);
    expect(error.message).toContain(`status ${status}`);
  });

  it.each([
    ["Packed policy consumes 134% of allotted space, please use smaller policy.", "these take 134 per cent of it"],
    ["Packed size of session tags consumes 101 % of the allotted space", "these take 101 per cent of it"],
    ["", "these take more than all of it"],
  ])("says how full the space for session policies is: %j", (message, said) => {
    expect(failure(400, stsErrorBody("PackedPolicyTooLarge", message)).hint).toContain(said);
  });

  it("carries Retry-After", () => {
    expect(failure(503, "", { "retry-after": "7" }).retryAfterMs).toBe(7000);
    expect(failure(503, "", { "retry-after": new Date(START + 4000).toUTCString() }).retryAfterMs).toBe(4000);
    expect(failure(503, "", { "retry-after": "soon" }).retryAfterMs).toBeUndefined();
  });

  it("does not repeat a token or a terminal escape that STS put into its message", () => {
    const error = failure(400, stsErrorBody("InvalidIdentityToken", `bad token ${token} \u001b[31m\u202e red`));
    expect(error.message).not.toContain(token.split(".")[1]);
    expect(error.message).not.toMatch(/[\u001b\u202e]/);
    expect(error.message).toContain("bad token [token]");
  });
});

describe("an STS answer that is not used", () => {
  const good = stsSuccess();
  it.each([
    ["truncated", good.slice(0, -20)],
    ["truncated in the middle", good.slice(0, 400)],
    ["empty", ""],
    ["HTML", "<html><body>hello<br></body></html>"],
    ["another document", "<GetCallerIdentityResponse/>"],
    ["a document type", `<!DOCTYPE x [<!ENTITY e "x">]>${good}`],
    ["an entity of its own", stsSuccess({ SessionToken: "&xxe;" })],
    ["no session token", good.replace(/<SessionToken>.*<\/SessionToken>/, "")],
    ["an empty secret", stsSuccess({ SecretAccessKey: "" })],
    ["a line break in a key", stsSuccess({ AccessKeyId: "ASIA\nX" })],
    ["an expiration that is no date", stsSuccess({ Expiration: "tomorrow" })],
    ["another account", stsSuccess({ Arn: "arn:aws:sts::999999999999:assumed-role/R/s" })],
    ["no assumed role", stsSuccess({ Arn: "" })],
  ])("%s", (_, body) => {
    const error = failure(200, body);
    expect(error.code).toBe("STS_BAD_RESPONSE");
    expect(error.message).not.toContain("wJalrXUtn");
  });

  it("cut at any byte is never half accepted", () => {
    for (let length = 0; length < good.length; length++)
      expect(failure(200, good.slice(0, length)).code).toBe("STS_BAD_RESPONSE");
  });
});

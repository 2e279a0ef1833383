import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ErrorCode, Gcp2awsError } from "../../src/errors.ts";
import { buildSignedRequest, readCallerIdentity } from "../../src/sts/get-caller-identity.ts";
import { START, stsErrorBody } from "../fake-host.ts";

const credentials = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "FwoGZXIvYXdzEBUaDOSY+1zJwXi29EXAMPLE==",
  expiration: new Date(START + 3600_000),
  accountId: "111122223333",
};

/** As the AWS SDK passes its own. */
class Sha256 {
  #hash;
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", bytes(key));
  }
  update(data: string | ArrayBuffer | ArrayBufferView) {
    this.#hash.update(bytes(data));
  }
  digest = () => Promise.resolve(new Uint8Array(this.#hash.digest()));
  reset() {}
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(new Uint8Array(data));
}

describe("the signed request", () => {
  it("is signed for us-east-1 at the global endpoint, whatever the region", async () => {
    const { headers } = await buildSignedRequest("https://sts.amazonaws.com", "eu-west-1", credentials, 0);
    expect(headers["authorization"]).toContain("/us-east-1/sts/aws4_request");
  });

  it("is signed as @smithy/signature-v4 signs it", async () => {
    const key = fc.stringMatching(/^[A-Za-z0-9+/=]{16,60}$/);
    const endpoint = fc.constantFrom(
      "https://sts.eu-west-1.amazonaws.com",
      "https://sts.eu-west-1.amazonaws.com/",
      "http://127.0.0.1:4566",
      "https://vpce-0a1b2c.sts.eu-central-1.vpce.amazonaws.com:8443/a-b/c",
    );
    await fc.assert(
      fc.asyncProperty(
        endpoint,
        key,
        key,
        key,
        fc.integer({ min: 0, max: 4e12 }),
        async (url, id, secret, token, now) => {
          const given = { ...credentials, accessKeyId: id, secretAccessKey: secret, sessionToken: token };
          const request = await buildSignedRequest(url, "eu-west-1", given, now);
          const { host, hostname, pathname, protocol } = new URL(request.url);
          const signer = new SignatureV4({
            credentials: { accessKeyId: id, secretAccessKey: secret, sessionToken: token },
            region: "eu-west-1",
            service: "sts",
            sha256: Sha256,
            applyChecksum: false,
          });
          const signed = await signer.sign(
            {
              method: "POST",
              protocol,
              hostname,
              path: pathname,
              headers: { host },
              body: request.body ?? "",
              query: {},
            },
            { signingDate: new Date(now) },
          );
          for (const name of ["authorization", "x-amz-date", "x-amz-security-token"]) {
            expect(request.headers[name]).toBe(signed.headers[name]);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("holds no secret but the session token in its header", async () => {
    const request = await buildSignedRequest("https://sts.eu-west-1.amazonaws.com", "eu-west-1", credentials, START);
    expect(`${request.url} ${request.body}`).toBe(
      "https://sts.eu-west-1.amazonaws.com/ Action=GetCallerIdentity&Version=2011-06-15",
    );
    expect(JSON.stringify(request)).not.toContain(credentials.secretAccessKey);
  });
});

describe("the answer", () => {
  const answer = (fields: string) =>
    `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>${fields}</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
  const read = (status: number, body: string) => readCallerIdentity({ status, headers: {}, body }, credentials, START);
  const failure = (status: number, body: string): Gcp2awsError => {
    try {
      read(status, body);
    } catch (error) {
      if (error instanceof Gcp2awsError) return error;
      throw error;
    }
    throw new Error("it was accepted");
  };

  it("is read", () => {
    const fields =
      "<Arn>arn:aws:sts::111122223333:assumed-role/R/s</Arn><UserId>AROA:s</UserId><Account>111122223333</Account>";
    expect(read(200, answer(fields))).toEqual({
      accountId: "111122223333",
      arn: "arn:aws:sts::111122223333:assumed-role/R/s",
      userId: "AROA:s",
    });
  });

  it.each<[number, string, ErrorCode, boolean, RegExp]>([
    [403, "InvalidClientTokenId", "STS_REQUEST_REJECTED", false, /cache clear/],
    [403, "ExpiredToken", "STS_REQUEST_REJECTED", false, /cache clear/],
    [403, "SignatureDoesNotMatch", "STS_REQUEST_REJECTED", false, /--region .* clock/],
    [403, "RegionDisabledException", "STS_REGION_DISABLED", false, /activate STS/],
    [400, "Throttling", "STS_THROTTLED", true, /spread/],
    [500, "InternalFailure", "STS_UNAVAILABLE", true, /later/],
  ])("%i %s is %s", (status, awsCode, code, retryable, hint) => {
    const error = failure(status, stsErrorBody(awsCode, `no: ${credentials.sessionToken}`));
    expect(error).toMatchObject({ code, retryable, hint: expect.stringMatching(hint) });
    expect(error.message).toBe(`AWS STS did not say whose credentials these are: no: [token] (${awsCode})`);
  });

  it.each<[string, string]>([
    ["HTML", "<html></html>"],
    ["another answer", "<AssumeRoleResponse></AssumeRoleResponse>"],
    ["nothing", ""],
    ["no result", answer("")],
    ["an escape in a field", answer("<Arn>a\u009b2J</Arn><UserId>u</UserId><Account>1</Account>")],
  ])("%s is not used", (_, body) => {
    expect(failure(200, body)).toMatchObject({ code: "STS_BAD_RESPONSE", retryable: false });
  });
});

import { HeadObjectCommand, ListBucketsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EmulatorRequest } from "../../../src/emulator/http.ts";
import { accountId, admin, connect, createAccount, outcome, region, type TestAccount } from "./account.ts";

let account: TestAccount;
let aws: Awaited<ReturnType<typeof connect>>;

beforeEach(async () => {
  account = createAccount();
  aws = await connect(account);
});

afterEach(() => aws.close());

const sessionArn = (role: string) => `arn:aws:sts::${accountId}:assumed-role/${role}/session-1`;
const powerless = { RoleArn: `arn:aws:iam::${accountId}:role/Powerless` };

describe("what is signed well", () => {
  test("a session lists the buckets and is told who it is", async () => {
    const credentials = await account.credentials();
    expect(await aws.identity(credentials)).toMatchObject({ Arn: sessionArn("Reader"), Account: accountId });
    const { Buckets } = await aws.buckets(credentials);
    expect(Buckets?.map((bucket) => bucket.Name)).toEqual(["a-bucket", "b-bucket"]);
  });

  test("a user as well", async () => {
    expect(await aws.identity(admin)).toMatchObject({ Arn: `arn:aws:iam::${accountId}:user/admin` });
    expect(await outcome(aws.buckets(admin))).toBe("200");
  });

  test("S3 may leave its payload unsigned, if the signature covers that it does", async () => {
    const unsignedPayload = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    aws.s3.middlewareStack.add(
      (next) => (step) => {
        Object.assign(Object(step.request).headers, unsignedPayload);
        return next(step);
      },
      { step: "build" },
    );
    expect(await outcome(aws.s3.send(new ListBucketsCommand({})))).toBe("200");
    aws.way.alter = (request) => ({ ...request, headers: { ...request.headers, ...unsignedPayload } });
    expect(await outcome(aws.buckets(admin))).toContain("403 SignatureDoesNotMatch");
  });

  test("any path and any query are signed as the SDK signs them", async () => {
    const text = fc.string({ unit: fc.constantFrom(..."aZ0 +%/é&=*'()!~-_.;:@,$"), minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(text, text, async (Key, VersionId) => {
        // A dot segment would be resolved before the request is sent.
        fc.pre(!Key.split("/").some((segment) => /^\.+$/.test(segment)));
        const command = new HeadObjectCommand({ Bucket: "b", Key, VersionId });
        expect(await outcome(aws.s3.send(command))).toContain("501");
      }),
      { numRuns: 40 },
    );
  });
});

test("the order of the query does not count", async () => {
  aws.way.alter = (request) => ({ ...request, query: request.query.split("&").toReversed().join("&") });
  const command = new ListObjectsV2Command({ Bucket: "b", Prefix: "p", Delimiter: "/" });
  expect(await outcome(aws.s3.send(command))).toContain("501 NotImplemented");
});

describe("what is refused", () => {
  const other = "x".repeat(40);
  test.each([
    ["unknown key id", { accessKeyId: "ASIAAAAAAAAAAAAAAAAA" }, "403 InvalidClientTokenId", "403 InvalidAccessKeyId"],
    ["wrong secret", { secretAccessKey: other }, "403 SignatureDoesNotMatch", "403 SignatureDoesNotMatch"],
    ["wrong session token", { sessionToken: other }, "403 InvalidClientTokenId", "400 InvalidToken"],
    ["no session token", { sessionToken: "" }, "403 InvalidClientTokenId", "403 InvalidAccessKeyId"],
  ])("%s", async (_name, change, sts, s3) => {
    const credentials = { ...(await account.credentials()), ...change };
    expect(await outcome(aws.identity(credentials))).toContain(sts);
    expect(await outcome(aws.buckets(credentials))).toContain(s3);
  });

  test("an expired session, from the second on at which it ends", async () => {
    const credentials = await account.credentials();
    account.time.now += 3600_000 - 1;
    expect(await outcome(aws.identity(credentials))).toBe("200");
    account.time.now += 1;
    const message = "The security token included in the request is expired";
    expect(await outcome(aws.identity(credentials))).toBe(`403 ExpiredToken: ${message}`);
    expect(await outcome(aws.buckets(credentials))).toBe("400 ExpiredToken: The provided token has expired.");
  });

  test("a user's key with a session token", async () => {
    expect(await outcome(aws.identity({ ...admin, sessionToken: other }))).toContain("403 InvalidClientTokenId");
  });

  test("no permission", async () => {
    const credentials = await account.credentials(powerless);
    const action = "s3:ListAllMyBuckets";
    expect(await outcome(aws.identity(credentials))).toBe("200");
    expect(await outcome(aws.buckets(credentials))).toBe(
      `403 AccessDenied: User: ${sessionArn("Powerless")} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`,
    );
  });

  test("a session policy that takes the role's permission away", async () => {
    const deny = '{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}';
    const cases = [
      [{ Policy: deny }, "with an explicit deny in a session policy"],
      [{ "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess" }, "because no session policy allows"],
    ] as const;
    for (const [form, because] of cases) {
      expect(await outcome(aws.buckets(await account.credentials(form)))).toContain(because);
    }
    const readOnly = { "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" };
    expect(await outcome(aws.buckets(await account.credentials(readOnly)))).toBe("200");
    expect(await outcome(aws.buckets(await account.credentials({ ...powerless, ...readOnly })))).toContain(
      "identity-based",
    );
  });

  test("another region", async () => {
    expect(await outcome(aws.identity(admin, "us-east-1"))).toBe(
      "403 SignatureDoesNotMatch: Credential should be scoped to a valid region, not 'us-east-1'.",
    );
    // The SDK follows S3's answer to the right region by itself, so the answer is read off the wire.
    const { status, body } = await account.handler(unsigned("us-east-1", "s3"));
    expect(status).toBe(400);
    expect(body).toContain(`<Code>AuthorizationHeaderMalformed</Code>`);
    expect(body).toContain(`<Region>${region}</Region>`);
  });

  test.each([
    ["us-east-1", "Date must be"],
    [region, "Date must be"],
    ["us-west-2", "scoped to a valid region, not 'us-west-2'."],
  ])("IAM signed for %s comes as far as: %s", async (at, message) => {
    const { body } = await account.handler(unsigned(at, "iam"));
    expect(body).toContain('<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">');
    expect(body).toContain(message);
  });

  test.each([
    [-15 * 60 - 2, "Signature expired: 2026", "RequestTimeTooSkewed"],
    [15 * 60 + 2, "Signature not yet current: 2026", "RequestTimeTooSkewed"],
  ])("a signature %i s off the clock", async (seconds, sts, s3) => {
    const signed: EmulatorRequest[] = [];
    aws.way.alter = (request) => {
      signed.push(request);
      return request;
    };
    await aws.identity(admin);
    await aws.buckets(admin);
    account.time.now -= seconds * 1000;
    const bodies = await Promise.all(signed.map(account.handler));
    expect(bodies.map(({ status }) => status)).toEqual([403, 403]);
    expect(bodies[0]?.body).toContain(sts);
    expect(bodies[1]?.body).toContain(s3);
  });

  test("an unsigned request for the buckets", async () => {
    const { status, body } = await account.handler({ ...unsigned(region, "s3"), headers: {} });
    expect([status, body.includes("<Code>AccessDenied</Code>")]).toEqual([403, true]);
  });
});

describe("a request changed on the way", () => {
  const header = (name: string, change: (value: string) => string) => (request: EmulatorRequest) => ({
    ...request,
    headers: { ...request.headers, [name]: change(request.headers[name] ?? "") },
  });
  test.each([
    [
      "body",
      (r: EmulatorRequest) => ({
        ...r,
        body: new TextEncoder().encode("Action=GetCallerIdentity&Version=2011-06-15&x=1"),
      }),
      "403 SignatureDoesNotMatch",
    ],
    ["query", (r: EmulatorRequest) => ({ ...r, query: "x=1" }), "403 SignatureDoesNotMatch"],
    ["path", (r: EmulatorRequest) => ({ ...r, path: "/x" }), "403 SignatureDoesNotMatch"],
    ["host", header("host", () => "evil.example.com"), "403 SignatureDoesNotMatch"],
    ["date", header("x-amz-date", (v) => v.replace(/\d\dZ$/, "59Z")), "403 SignatureDoesNotMatch"],
    [
      "signature",
      header("authorization", (v) => v.replace(/.$/, (c) => (c === "0" ? "1" : "0"))),
      "403 SignatureDoesNotMatch",
    ],
    ["shorter signature", header("authorization", (v) => v.slice(0, -2)), "403 SignatureDoesNotMatch"],
    [
      "host unsigned",
      header("authorization", (v) => v.replace("host;", "")),
      "403 SignatureDoesNotMatch: 'host' must be",
    ],
    [
      "terminator",
      header("authorization", (v) => v.replace("aws4_request", "aws5_request")),
      "403 SignatureDoesNotMatch: Credential should be scoped with",
    ],
    [
      "date in the scope",
      header("authorization", (v) => v.replace(/\/2026\d{4}\//, "/20250101/")),
      "403 SignatureDoesNotMatch: Date in Credential scope",
    ],
    ["algorithm", header("authorization", (v) => v.replace("SHA256", "SHA1")), "400 IncompleteSignature"],
    ["no signature", header("authorization", (v) => v.replace(/, Signature=.*/, "")), "400 IncompleteSignature"],
    ["short scope", header("authorization", (v) => v.replace("/aws4_request", "")), "400 IncompleteSignature"],
  ])("%s", async (_name, alter, expected) => {
    aws.way.alter = alter;
    expect(await outcome(aws.identity(await account.credentials()))).toContain(expected);
  });

  test("the body of an S3 request", async () => {
    aws.way.alter = (request) => ({ ...request, body: new TextEncoder().encode("x") });
    expect(await outcome(aws.buckets(admin))).toContain("400 XAmzContentSHA256Mismatch");
  });
});

function unsigned(at: string, service: string): EmulatorRequest {
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIA/20260601/${at}/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=00`;
  return {
    method: "GET",
    path: "/",
    query: "",
    headers: { authorization },
    body: new Uint8Array(),
    remoteAddress: "127.0.0.1",
  };
}

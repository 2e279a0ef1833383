import { AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { listen } from "../../../src/emulator/listen.ts";
import { accountId, audience, createAccount, element, readerArn, refusal, region, subject } from "./account.ts";

const denied = "403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity";
const invalid = "400 InvalidIdentityToken";

function invalidValue(value: string, rule: string): string {
  return `400 ValidationError: 1 validation error detected: ${value} failed to satisfy constraint: ${rule}`;
}

describe("a good token", () => {
  test("is answered in the real shape", async () => {
    const { exchange } = createAccount();
    const { status, headers, body } = await exchange();
    expect(status).toBe(200);
    expect(headers).toMatchObject({ "Content-Type": "text/xml", Date: "Mon, 01 Jun 2026 12:00:00 GMT" });
    expect(element(body, "RequestId")).toBe(headers["x-amzn-RequestId"]);
    expect(element(body, "AccessKeyId")).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(body).toContain('<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">');
    expect(body).toContain("<Expiration>2026-06-01T13:00:00Z</Expiration>");
    expect(body).toContain(`<Arn>arn:aws:sts::${accountId}:assumed-role/Reader/session-1</Arn>`);
    expect(element(body, "AssumedRoleId")).toMatch(/^AROA[A-Z0-9]{17}:session-1$/);
    expect(element(body, "SubjectFromWebIdentityToken")).toBe(subject);
    expect(element(body, "Provider")).toBe("accounts.google.com");
    expect(element(body, "Audience")).toBe(subject);
  });

  test("is read by the real SDK", async () => {
    const { handler, token } = createAccount();
    const { url, close } = await listen(handler, { port: 0, clock: Date.now });
    const client = new STSClient({ endpoint: url, region });
    const input = {
      RoleArn: readerArn,
      RoleSessionName: "s+=,.@-_",
      WebIdentityToken: await token(),
      DurationSeconds: 7200,
    };
    const { Credentials, AssumedRoleUser } = await client.send(new AssumeRoleWithWebIdentityCommand(input));
    await close();
    expect(Credentials?.Expiration).toEqual(new Date("2026-06-01T14:00:00Z"));
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${accountId}:assumed-role/Reader/s+=,.@-_`);
  });

  test("works by GET as well", async () => {
    const { handler, token } = createAccount();
    const query = new URLSearchParams({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: readerArn,
      RoleSessionName: "by-get",
      WebIdentityToken: await token(),
    }).toString();
    const request = {
      method: "GET",
      path: "/",
      query,
      headers: {},
      body: new Uint8Array(),
      remoteAddress: "127.0.0.1",
    };
    expect(refusal(await handler(request))).toBe("200");
  });

  test("may lack azp: then aud stands in for it", async () => {
    const { exchange, token } = createAccount();
    expect(refusal(await exchange({ WebIdentityToken: await token({ azp: undefined, aud: subject }) }))).toBe(denied);
    expect(refusal(await exchange({ WebIdentityToken: await token({ iss: "accounts.google.com" }) }))).toBe("200");
  });
});

describe("a bad token", () => {
  const past = Date.parse("2026-06-01T11:59:59Z") / 1000;
  test.each([
    ["wrong audience", { aud: "https://evil.example.com" }, denied],
    ["wrong azp", { azp: "team-a@example.com" }, denied],
    ["wrong sub", { sub: "999" }, denied],
    [
      "expired",
      { exp: past },
      `400 ExpiredTokenException: Token expired: current date/time ${past + 1} must be before the expiration date/time ${past}`,
    ],
    ["expired this very second", { exp: past + 1 }, "400 ExpiredTokenException"],
    ["from the future", { iat: past + 400, exp: past + 4000 }, invalid],
    [
      "another issuer",
      { iss: "https://evil.example.com" },
      `${invalid}: No OpenIDConnect provider found in your account for https://evil.example.com`,
    ],
    ["fractional time", { exp: past + 3600.5 }, invalid],
    ["no subject", { sub: undefined }, invalid],
    ["no audience", { aud: undefined }, invalid],
  ])("%s", async (_name, claims, expected) => {
    const { exchange, token } = createAccount();
    expect(refusal(await exchange({ WebIdentityToken: await token(claims) }))).toContain(expected);
  });

  test.each([
    ["tampered signature", (jwt: string) => jwt.slice(0, -8) + (jwt.endsWith("AAAAAAAA") ? "B" : "A").repeat(8)],
    ["tampered claims", (jwt: string) => swapPayload(jwt, (claims) => ({ ...claims, email: "x@example.com" }))],
    ["algorithm none", (jwt: string) => `${encode({ alg: "none", kid: "one" })}.${jwt.split(".")[1]}.`],
    ["no signature", (jwt: string) => jwt.split(".").slice(0, 2).join(".")],
    ["not a JWT", () => "ya29.access-token"],
    ["garbage", () => "garbage"],
  ])("%s", async (_name, spoil) => {
    const { exchange, token } = createAccount();
    expect(refusal(await exchange({ WebIdentityToken: spoil(await token()) }))).toContain(invalid);
  });

  test("unknown or missing key id", async () => {
    const { exchange, token } = createAccount();
    for (const header of [{ kid: "two" }, {}]) {
      const { body } = await exchange({ WebIdentityToken: await token({}, header) });
      expect(element(body, "Message")).toContain("retrieve verification key from your identity provider");
    }
  });

  test("signed with a shared secret", async () => {
    const { exchange } = createAccount();
    const claims = { iss: "https://accounts.google.com", aud: audience, azp: subject, sub: subject, iat: 1, exp: 9e9 };
    const jwt = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "one" }).sign(new Uint8Array(32));
    expect(refusal(await exchange({ WebIdentityToken: jwt }))).toContain(invalid);
  });
});

describe("parameters", () => {
  const long = "x".repeat(2049);
  const rows: [form: Record<string, string | undefined>, expected: string][] = [
    [{ RoleArn: undefined }, invalidValue("Value null at 'roleArn'", "Member must not be null")],
    [{ RoleSessionName: undefined }, invalidValue("Value null at 'roleSessionName'", "Member must not be null")],
    [{ WebIdentityToken: undefined }, invalidValue("Value null at 'webIdentityToken'", "Member must not be null")],
    [
      { RoleSessionName: "a b" },
      invalidValue("Value 'a b' at 'roleSessionName'", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
    ],
    [
      { RoleSessionName: "a" },
      invalidValue("Value 'a' at 'roleSessionName'", "Member must have length greater than or equal to 2"),
    ],
    [{ RoleSessionName: "a".repeat(65) }, "Member must have length less than or equal to 64"],
    [{ RoleArn: "arn:aws:iam::1:role" }, "Member must have length greater than or equal to 20"],
    [{ RoleArn: `arn:aws:iam::${accountId}:role/${long}` }, "Member must have length less than or equal to 2048"],
    [
      { RoleArn: `arn:aws:iam::${accountId}:user/x` },
      `400 ValidationError: arn:aws:iam::${accountId}:user/x is invalid`,
    ],
    [
      { WebIdentityToken: "abc" },
      invalidValue("Value at 'webIdentityToken'", "Member must have length greater than or equal to 4"),
    ],
    [
      { WebIdentityToken: "x".repeat(20001) },
      invalidValue("Value at 'webIdentityToken'", "Member must have length less than or equal to 20000"),
    ],
    [
      { DurationSeconds: "899" },
      invalidValue("Value '899' at 'durationSeconds'", "Member must have value greater than or equal to 900"),
    ],
    [{ DurationSeconds: "43201" }, "Member must have value less than or equal to 43200"],
    [{ DurationSeconds: "1h" }, "400 MalformedInput"],
    [
      { DurationSeconds: "7201" },
      "400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ],
    [{ RoleSessionName: "a", DurationSeconds: "1" }, "2 validation errors detected: "],
    [{ ProviderId: "www.amazon.com" }, "400 ValidationError"],
    [{ Policy: "" }, "Member must have length greater than or equal to 1"],
    [{ Policy: long }, "Member must have length less than or equal to 2048"],
    [{ Policy: "{" }, "400 MalformedPolicyDocument: The policy is not in the valid JSON format."],
    [{ Policy: '{"Statement":[]}' }, "400 MalformedPolicyDocument: Syntax errors in policy: Statement"],
    [{ "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/NoSuchPolicy" }, "400 ValidationError"],
    [
      { Policy: long.slice(1), "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess" },
      "400 PackedPolicyTooLarge: Packed policy consumes 102%",
    ],
    [
      Object.fromEntries(
        Array.from({ length: 11 }, (_, i) => [
          `PolicyArns.member.${i + 1}.arn`,
          "arn:aws:iam::aws:policy/AdministratorAccess",
        ]),
      ),
      "Member must have length less than or equal to 10",
    ],
    [{ RoleArn: `arn:aws:iam::${accountId}:role/NoSuchRole` }, denied],
    [{ RoleArn: `arn:aws:iam::${accountId}:role/Reader` }, denied],
    [{ RoleArn: "arn:aws:iam::444455556666:role/team/Reader" }, denied],
    [{ Version: "2010-05-08" }, "400 NoSuchVersion"],
    [{ Version: undefined }, "400 NoSuchVersion"],
    [{ Action: "AssumeRoleWithSAML" }, "400 InvalidAction"],
    [{ Action: "toString" }, "400 InvalidAction"],
    [{ Action: undefined }, "400 MissingAction"],
    [{ Action: "GetCallerIdentity" }, "403 MissingAuthenticationToken"],
  ];
  test.each(rows.map(([form, expected]) => ({ shown: JSON.stringify(form).slice(0, 60), form, expected })))(
    "$shown",
    async ({ form, expected }) => {
      const { exchange } = createAccount();
      expect(refusal(await exchange(form))).toContain(expected);
    },
  );

  test("limits themselves are allowed", async () => {
    const { exchange } = createAccount();
    for (const form of [{ DurationSeconds: "900" }, { DurationSeconds: "7200" }, { RoleSessionName: "ab" }]) {
      expect(refusal(await exchange(form))).toBe("200");
    }
  });

  test("a session token header makes the call fail", async () => {
    const { exchange } = createAccount();
    expect(refusal(await exchange({}, { "x-amz-security-token": "x" }))).toContain(invalid);
    expect(refusal(await exchange({}, { authorization: "Bearer x" }))).toContain("400 IncompleteSignature");
  });

  test("no refusal shows the token", async () => {
    const { exchange, token } = createAccount();
    const jwt = await token({ sub: "999" });
    for (const form of [
      { WebIdentityToken: jwt },
      { WebIdentityToken: jwt + "x".repeat(20000) },
      { WebIdentityToken: `${jwt}x` },
    ]) {
      expect((await exchange(form)).body).not.toContain(jwt.slice(0, 30));
    }
  });
});

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function swapPayload(jwt: string, change: (claims: object) => object): string {
  const [header, payload = "", signature] = jwt.split(".");
  return [header, encode(change(JSON.parse(Buffer.from(payload, "base64url").toString()))), signature].join(".");
}

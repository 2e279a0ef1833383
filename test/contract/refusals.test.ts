// What the emulated AWS refuses, as the AWS SDK for JavaScript and the AWS CLI see it: the real service's codes.
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import {
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type STSServiceException,
} from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator, workloadClaims } from "../../src/emulator/index.ts";
import { AUDIENCE, cleanEnv, ROLE, runProgram } from "../cli/run.ts";
import { awsCli } from "./clients.ts";

let emulator: Emulator;
let now = Date.now();
beforeAll(async () => {
  emulator = await startEmulator({ clock: () => now });
});
afterAll(() => emulator.close());

const claims = (audience = AUDIENCE) => {
  const { workload, serviceAccounts } = emulator.definition;
  const [account] = serviceAccounts;
  if (account === undefined) throw new Error("the default definition has a service account");
  return workloadClaims(workload, account, { audience, format: "full", licenses: false });
};
const sts = (credentials?: Session) =>
  new STSClient({
    region: "us-east-1",
    endpoint: emulator.awsUrl,
    maxAttempts: 1,
    ...(credentials && { credentials }),
  });
const assume = (token: string) =>
  sts().send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn: ROLE, RoleSessionName: "contract", WebIdentityToken: token }),
  );

interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

async function session(): Promise<Session> {
  const { Credentials } = await assume(await emulator.issuer.mint(claims()));
  return {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
}

async function codeOf(call: Promise<unknown>): Promise<[string, number | undefined]> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Error && "$metadata" in error)
    return [error.name, (error as STSServiceException).$metadata.httpStatusCode];
  throw new Error(`not refused by the service: ${String(error)}`);
}

// The SDK names what is InvalidIdentityToken on the wire InvalidIdentityTokenException.
describe("a token", () => {
  it("that is right is accepted", async () => {
    await expect(session()).resolves.toMatchObject({ accessKeyId: expect.stringMatching(/^ASIA/) });
  });

  const tampered = (token: string) => {
    const [header, , signature] = token.split(".");
    const payload = Buffer.from(
      JSON.stringify({ ...claims(), sub: "1", iat: now / 1000, exp: now / 1000 + 60 }),
    ).toString("base64url");
    return `${header}.${payload}.${signature}`;
  };
  it.each<[string, () => Promise<string>, string, number]>([
    ["tampered with", async () => tampered(await emulator.issuer.mint(claims())), "InvalidIdentityTokenException", 400],
    ["for another audience", () => emulator.issuer.mint(claims("https://wrong.example.com")), "AccessDenied", 403],
    ["with another azp", () => emulator.issuer.mint({ ...claims(), azp: "1" }), "AccessDenied", 403],
    ["of another sub", () => emulator.issuer.mint({ ...claims(), sub: "1" }), "AccessDenied", 403],
    ["that expired", () => emulator.issuer.mint(claims(), { lifetimeSeconds: -60 }), "ExpiredTokenException", 400],
  ])("%s is refused", async (_name, mint, code, status) => {
    expect(await codeOf(assume(await mint()))).toEqual([code, status]);
  });

  it("of a key two rotations old is refused", async () => {
    const token = await emulator.issuer.mint(claims());
    await emulator.rotateKeys();
    await expect(assume(token)).resolves.toBeTruthy();
    await emulator.rotateKeys();
    expect(await codeOf(assume(token))).toEqual(["InvalidIdentityTokenException", 400]);
  });
});

describe("credentials", () => {
  it.each<[string, (session: Session) => Session, [string, number], [string, number]]>([
    [
      "a wrong key",
      (good) => ({ ...good, secretAccessKey: "x".repeat(40) }),
      ["SignatureDoesNotMatch", 403],
      ["SignatureDoesNotMatch", 403],
    ],
    [
      "an unknown key id",
      (good) => ({ ...good, accessKeyId: "ASIAAAAAAAAAAAAAAAAA" }),
      ["InvalidClientTokenId", 403],
      ["InvalidAccessKeyId", 403],
    ],
    [
      "a wrong session token",
      (good) => ({ ...good, sessionToken: "wrong" }),
      ["InvalidClientTokenId", 403],
      ["InvalidToken", 400],
    ],
  ])("with %s are refused by STS and S3", async (_name, spoil, bySts, byS3) => {
    const bad = spoil(await session());
    const s3 = new S3Client({
      region: "us-east-1",
      endpoint: emulator.awsUrl,
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: bad,
    });
    expect(await codeOf(sts(bad).send(new GetCallerIdentityCommand({})))).toEqual(bySts);
    expect(await codeOf(s3.send(new ListBucketsCommand({})))).toEqual(byS3);
  });

  it("of a session that is over are refused by STS and S3", async () => {
    const good = await session();
    now += 3601_000;
    try {
      const clock = {
        systemClockOffset: 3601_000,
        region: "us-east-1",
        endpoint: emulator.awsUrl,
        maxAttempts: 1,
        credentials: good,
      };
      expect(await codeOf(new STSClient(clock).send(new GetCallerIdentityCommand({})))).toEqual(["ExpiredToken", 403]);
      expect(await codeOf(new S3Client({ ...clock, forcePathStyle: true }).send(new ListBucketsCommand({})))).toEqual([
        "ExpiredToken",
        400,
      ]);
    } finally {
      now = Date.now();
    }
  });
});

describe.skipIf(awsCli === undefined)(`AWS CLI v2 (${awsCli?.version})`, () => {
  const aws = async (credentials: Record<string, string>, ...argv: string[]) =>
    runProgram(
      awsCli?.program ?? "aws",
      [...argv, "--endpoint-url", emulator.awsUrl, "--region", "us-east-1", "--output", "json"],
      {
        env: cleanEnv({ AWS_EC2_METADATA_DISABLED: "true", ...credentials }),
      },
    );

  it("reads the role's trust policy with a long-lived key", async () => {
    const [admin] = emulator.definition.users;
    const { stdout, stderr } = await aws(
      { AWS_ACCESS_KEY_ID: admin?.accessKeyId ?? "", AWS_SECRET_ACCESS_KEY: admin?.secretAccessKey ?? "" },
      "iam",
      "get-role",
      "--role-name",
      "RoleForAccessFromGCPTeamA",
    );
    expect(stderr).toBe("");
    expect(JSON.parse(stdout).Role).toMatchObject({
      Arn: ROLE,
      AssumeRolePolicyDocument: { Statement: [{ Principal: { Federated: "accounts.google.com" } }] },
    });
  });

  it("is told that the role may not", async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await session();
    const { status, stderr } = await aws(
      { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken },
      "iam",
      "get-role",
      "--role-name",
      "RoleForAccessFromGCPTeamA",
    );
    expect(status).not.toBe(0);
    expect(stderr).toContain("(AccessDenied)");
    expect(stderr).toContain("is not authorized to perform: iam:GetRole");
  });
});

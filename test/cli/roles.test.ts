// What the credentials may do, and whose they are.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { cleanEnv, credentialProcessEntries, FLAGS, type Result, run } from "./run.ts";

/** What S3 says to whoever has these credentials. */
async function buckets(cloud: Cloud, { stdout }: Result): Promise<string> {
  const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(stdout) as Record<string, string>;
  const client = new S3Client({
    endpoint: cloud.emulator.awsUrl,
    region: "us-east-1",
    credentials: {
      accessKeyId: AccessKeyId ?? "",
      secretAccessKey: SecretAccessKey ?? "",
      sessionToken: SessionToken ?? "",
    },
    maxAttempts: 1,
  });
  return client.send(new ListBucketsCommand({})).then(
    ({ Buckets = [] }) => Buckets.map(({ Name }) => Name).join(" "),
    (error: unknown) => (error instanceof Error ? error.message : "no error"),
  );
}

const BUCKETS = "DOC-EXAMPLE-BUCKET1 DOC-EXAMPLE-BUCKET2";
const NARROW = `{
  "Version": "2012-10-17",
  "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }]
}
`;

describe.each(credentialProcessEntries)("session policies, $name", (entry) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud();
  });
  afterAll(() => cloud.close());

  const file = (text: string) => {
    const path = join(cleanEnv()["HOME"] ?? "", "policy.json");
    writeFileSync(path, text);
    return path;
  };
  const ask = (argv: readonly string[], env: Record<string, string> = {}) =>
    run(entry, [...FLAGS, ...argv], { env: { ...cloud.env, ...env }, secrets: cloud.secrets });

  it.each<[string, () => string[], string]>([
    ["none", () => [], BUCKETS],
    ["in a flag", () => ["--policy", NARROW], "because no session policy allows the s3:ListAllMyBuckets action"],
    ["in a file", () => ["--policy-file", file(NARROW)], "because no session policy allows the s3:ListAllMyBuckets"],
    ["of AWS", () => ["--policy-arn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess"], "because no session policy allows"],
    [
      "several, and one allows it",
      () => [
        "--policy-arn",
        "arn:aws:iam::aws:policy/IAMReadOnlyAccess,arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        "--policy",
        NARROW,
      ],
      BUCKETS,
    ],
    ["wider than the role", () => ["--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess"], BUCKETS],
  ])("%s", async (_, argv, expected) => {
    const result = await ask(argv());
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(await buckets(cloud, result)).toContain(expected);
  });

  it("another text in the same file is another session", async () => {
    const path = file(NARROW);
    const env = { GCP2AWS_CACHE: "on", HOME: cleanEnv()["HOME"] ?? "" };
    const narrow = await ask(["--policy-file", path], env);
    expect(await ask(["--policy-file", path], env)).toEqual(narrow);
    writeFileSync(path, NARROW.replace("s3:GetObject", "s3:*"));
    const wide = await ask(["--policy-file", path], env);
    expect(await buckets(cloud, narrow)).toContain("no session policy allows");
    expect(await buckets(cloud, wide)).toBe(BUCKETS);
  });

  const long = (characters: number) => NARROW.replace('"*"', `"arn:aws:s3:::${"x".repeat(characters)}"`);
  it.each<[string, () => string[], number, string, string]>([
    ["no JSON", () => ["--policy", "{"], 2, "USAGE_INVALID_VALUE", "must be a JSON object"],
    ["too long", () => ["--policy", long(2048)], 2, "USAGE_INVALID_VALUE", "must be a JSON object of at most 2048"],
    ["two", () => ["--policy", NARROW, "--policy-file", "/x"], 2, "USAGE_INVALID_VALUE", "can be one session policy"],
    ["no JSON in a file", () => ["--policy-file", file("x")], 2, "USAGE_INVALID_VALUE", "must hold a JSON object"],
    ["no file", () => ["--policy-file", "/nowhere/x"], 6, "LOCAL_FILE", "/nowhere/x not read: ENOENT"],
    ["no policy", () => ["--policy", '{"Version": "2012-10-17"}'], 4, "STS_REQUEST_REJECTED", "without Principal"],
    [
      "a role of another account",
      () => ["--allowed-account", "444455556666"],
      2,
      "USAGE_INVALID_VALUE",
      "does not list its account, 111122223333",
    ],
    [
      "too much together",
      () => ["--policy", long(1900), "--policy-arn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess"],
      4,
      "STS_REQUEST_REJECTED",
      "and these take 1",
    ],
  ])("refused: %s", async (_, argv, status, code, text) => {
    const asked = cloud.aws.requests.length;
    const result = await ask(argv());
    expect(result).toMatchObject({ status, stdout: "" });
    expect(result.stderr).toContain(`[${code}]`);
    expect(result.stderr).toContain(text);
    if (status !== 4) expect(cloud.aws.requests.length).toBe(asked);
  });
});

// What the credentials may do, and whose they are.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { defaultDocument } from "../../src/emulator/default-definition.ts";
import { parseDefinition } from "../../src/emulator/definition.ts";
import { AUDIENCE, cleanEnv, credentialProcessEntries, entries, FLAGS, type Result, ROLE, run } from "./run.ts";

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

const arn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const statement = (name: string, actions: string[], condition = {}) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: arn(name) }, Action: actions, Condition: condition }],
});
const all = [{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: ["s3:*", "sts:*"], Resource: "*" }] }];
/** The role that trusts Google, then two that each trust the one before it. */
const definition = parseDefinition({
  roles: [
    ...defaultDocument.roles,
    { name: "Plain", trust_policy: statement("RoleForAccessFromGCPTeamA", ["sts:AssumeRole"]), permissions: all },
    {
      name: "Hub",
      trust_policy: statement(
        "RoleForAccessFromGCPTeamA",
        ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        {
          StringEquals: { "sts:ExternalId": "shared", "aws:RequestTag/team": "a" },
          "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "job"] },
          StringLike: { "sts:SourceIdentity": "1001*" },
        },
      ),
      permissions: all,
    },
    {
      name: "Last",
      trust_policy: statement("Hub", ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], {
        StringEquals: { "aws:PrincipalTag/team": "a", "aws:RequestTag/job": "7" },
        StringLike: { "sts:SourceIdentity": "1001*" },
      }),
      permissions: all,
    },
  ],
});

describe.each(credentialProcessEntries)("one role by another, $name", (entry) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud({ definition });
  });
  afterAll(() => cloud.close());

  const ask = (role: string, argv: readonly string[], env: Record<string, string> = {}) =>
    run(entry, ["credential-process", "--role-arn", arn(role), "--audience", AUDIENCE, ...argv], {
      env: { ...cloud.env, ...env },
      secrets: cloud.secrets,
    });
  const two = ["--via", `${ROLE},${arn("Hub")}`];
  const tagged = ["--session-tags", "team=a,job=7", "--transitive-tags", "team"];
  const told = ["--external-id", "shared", "--source-identity", "{sub}", ...tagged];

  it("one step", async () => {
    const result = await ask("Plain", ["--via", ROLE]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(await buckets(cloud, result)).toBe(BUCKETS);
  });

  it("two steps, with an external ID, a source identity and tags that go on", async () => {
    const result = await ask("Last", [...two, ...told]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(await buckets(cloud, result)).toBe(BUCKETS);
  });

  it("a session policy is for the last role", async () => {
    const result = await ask("Last", [...two, ...told, "--policy", NARROW]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(await buckets(cloud, result)).toContain("assumed-role/Last/100111222333444555666 is not authorized");
  });

  it("is asked once while its credentials live", async () => {
    const env = { GCP2AWS_CACHE: "on", HOME: cleanEnv()["HOME"] ?? "" };
    const first = await ask("Plain", ["--via", ROLE], env);
    const asked = cloud.aws.requests.length;
    expect(await ask("Plain", ["--via", ROLE], env)).toEqual(first);
    expect(cloud.aws.requests.length).toBe(asked);
    expect(await ask("Plain", ["--via", ROLE, "--external-id", "other"], env)).toMatchObject({ status: 0 });
    expect(cloud.aws.requests.length).toBe(asked + 2);
  });

  it.each<[string, string, string[], string[]]>([
    [
      "a first role that does not trust the token",
      "Plain",
      ["--via", arn("Hub")],
      ["hop 1 of 2", "accounts.google.com:sub"],
    ],
    ["a role that does not trust the one before", "Last", ["--via", ROLE], ["hop 2 of 2", "--role-name Last"]],
    ["no external ID", "Last", [...two, "--source-identity", "{sub}", ...tagged], ["hop 2 of 3", "sts:AssumeRole on"]],
    ["another", "Last", [...two, ...told.with(1, "other")], ["hop 2 of 3", "is not authorized to perform"]],
    [
      "no source identity",
      "Last",
      [...two, "--external-id", "shared", ...tagged],
      ["hop 2 of 3", "sts:SetSourceIdentity"],
    ],
    ["other tags", "Last", [...two, ...told.slice(0, 4), "--session-tags", "team=b"], ["hop 2 of 3"]],
    ["a tag that does not go on", "Last", [...two, ...told.slice(0, 4), "--session-tags", "team=a"], ["hop 3 of 3"]],
    ["a role that takes no tags", "Plain", ["--via", ROLE, "--session-tags", "team=a"], ["perform: sts:TagSession"]],
    ["a role that does not exist", "Nobody", ["--via", ROLE], ["a role that does not exist gets the same answer"]],
  ])("refused: %s", async (_, role, argv, texts) => {
    const result = await ask(role, argv);
    expect(result).toMatchObject({ status: 4, stdout: "" });
    expect(result.stderr).toContain("[STS_ACCESS_DENIED]");
    expect(result.stderr).toContain("not assumed");
    for (const text of texts) expect(result.stderr).toContain(text);
  });

  it.each<[string, string[], string]>([
    ["more than an hour", ["--via", ROLE, "--duration-seconds", "7200"], "AWS ends a session after 3600 seconds"],
    ["an external ID for the token's role", ["--external-id", "shared"], "is only for roles assumed by another role"],
    [
      "an account on the way",
      ["--via", arn("Hub").replace("1111", "9999"), "--allowed-account", "111122223333"],
      "999922223333",
    ],
  ])("refused before anything is contacted: %s", async (_, argv, text) => {
    const asked = cloud.metadata.requests.length;
    const result = await ask("Plain", argv);
    expect(result).toMatchObject({ status: 2, stdout: "" });
    expect(result.stderr).toContain(text);
    expect(cloud.metadata.requests.length).toBe(asked);
  });
});

it.each(entries)("whoami tells who came by another role, $name", async (entry) => {
  const cloud = await startCloud({ definition });
  const argv = ["whoami", "--role-arn", arn("Plain"), "--audience", AUDIENCE, "--via", ROLE];
  const { status, stdout } = await run(entry, argv, { env: cloud.env, secrets: cloud.secrets });
  expect(status).toBe(0);
  expect(stdout).toContain("arn:aws:sts::111122223333:assumed-role/Plain/100111222333444555666");
  await cloud.close();
});

describe.each(credentialProcessEntries)("as long as the role allows, $name", (entry) => {
  it.each([
    [3600, 3],
    [4 * 3600, 5],
    [43200, 1],
  ])("a role of %i seconds: %i calls, and then none", async (seconds, calls) => {
    const [role] = defaultDocument.roles;
    const cloud = await startCloud({
      definition: parseDefinition({ roles: [{ ...role, max_session_duration: seconds }] }),
    });
    const env = { ...cloud.env, GCP2AWS_CACHE: "on" };
    const ask = () => run(entry, [...FLAGS, "--duration-seconds", "max"], { env, secrets: cloud.secrets });
    const began = Date.now();
    const result = await ask();
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const { Expiration } = JSON.parse(result.stdout) as { Expiration: string };
    expect(Math.round((Date.parse(Expiration) - began) / 60_000)).toBe(seconds / 60);
    expect(cloud.aws.requests.length).toBe(calls);
    expect(await ask()).toEqual(result);
    expect(cloud.aws.requests.length).toBe(calls);
    await cloud.close();
  });
});

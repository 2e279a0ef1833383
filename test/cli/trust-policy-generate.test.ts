// The least trust policy, from every place where an identity can be read, and put to the test on another cloud.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultDocument } from "../../src/emulator/default-definition.ts";
import { parseDefinition, type Platform } from "../../src/emulator/index.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, entries, ROLE, run } from "./run.ts";

const NUMBER = "100111222333444555666";
const EMAIL = "team-a@example-project.iam.gserviceaccount.com";
const CLUSTER = "container.googleapis.com/v1/projects/example-project/locations/us-central1-a/clusters/cluster-1";
const GENERATE = ["trust-policy", "generate"];
const arn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;

const policy = (...conditions: Record<string, string | string[]>[]) => ({
  Version: "2012-10-17",
  Statement: conditions.map((condition) => ({
    Effect: "Allow",
    Principal: { Federated: "accounts.google.com" },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: Object.fromEntries(
        Object.entries(condition).map(([key, value]) => [`accounts.google.com:${key}`, value]),
      ),
    },
  })),
});
const LEAST = policy({ sub: NUMBER, aud: NUMBER, oaud: AUDIENCE });

const RESOLVED = "{{resolve:secretsmanager:db:SecretString:password}}";
const SECRET = ["--sub", "1", "--audience", RESOLVED, "--role-name", "R"];

const file = (text: string) => {
  const path = join(cleanEnv()["HOME"] ?? "", "file");
  writeFileSync(path, text);
  return path;
};

describe.each(entries)("trust-policy generate, $name", (entry) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud();
  });
  afterAll(() => cloud.close());

  const ask = (...argv: string[]) => run(entry, argv, { env: cloud.env, secrets: cloud.secrets });
  const generate = (...argv: string[]) => ask(...GENERATE, ...argv);
  const generated = async (...argv: string[]): Promise<unknown> => {
    const { status, stdout, stderr } = await generate(...argv);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return JSON.parse(stdout);
  };

  it("reads this workload's own identity", async () => {
    expect(await generated("--audience", AUDIENCE)).toEqual(LEAST);
  });

  it("reads claims, one or several, and a token in a file", async () => {
    const claims = (await ask("token", "--audience", AUDIENCE, "--claims", "--json")).stdout;
    expect(await generated("--claims", file(claims))).toEqual(LEAST);
    expect(await generated("--claims", file(JSON.stringify(JSON.parse(claims).claims)))).toEqual(LEAST);
    const another = { iss: "accounts.google.com", sub: "7", azp: "7", aud: "another" };
    expect(await generated("--claims", file(JSON.stringify([JSON.parse(claims).claims, another])))).toEqual(
      policy({ sub: NUMBER, aud: NUMBER, oaud: AUDIENCE }, { sub: "7", aud: "7", oaud: "another" }),
    );
    const token = file(`${(await run(entry, ["token", "--audience", AUDIENCE], { env: cloud.env })).stdout}\n`);
    const { status, stdout } = await run(entry, [...GENERATE, "--token-file", token], { env: cleanEnv() });
    expect([status, JSON.parse(stdout)]).toEqual([0, LEAST]);
  });

  it("compares what the key of another issuer sees, where its tokens have an azp", async () => {
    const claims = file(JSON.stringify({ iss: "https://idp.example", sub: "s", azp: "client", aud: "a" }));
    const argv = ["--claims", claims, "--role-arn", ROLE];
    const made = await generate(...argv);
    const trust = file(made.stdout);
    expect(JSON.parse(made.stdout)).toMatchObject({
      Statement: [{ Condition: { StringEquals: { "idp.example:sub": "s", "idp.example:aud": "client" } } }],
    });
    const { status } = await ask("trust-policy", "evaluate", "--policy", trust, "--claims", claims);
    expect(status).toBe(0);
    expect((await generate(...argv, "--format", "terraform")).stdout).toMatch(/client_id_list\s+= \["client"\]/);
  });

  it("gives nobody the audience of another", async () => {
    const claims = (sub: string, aud: string, more: object = {}) => ({ iss: "accounts.google.com", sub, aud, ...more });
    const read = (...all: object[]) => generated("--claims", file(JSON.stringify(all)));
    const email = { azp: EMAIL };
    expect(await read(claims("1", "a", email), claims("2", "b", email))).toEqual(
      policy({ sub: "1", aud: EMAIL, oaud: "a" }, { sub: "2", aud: EMAIL, oaud: "b" }),
    );
    // Who has the same share them.
    expect(await read(claims("1", "a", email), claims("2", "a", email), claims("2", "b", email))).toEqual(
      policy({ sub: ["1", "2"], aud: EMAIL, oaud: "a" }, { sub: "2", aud: EMAIL, oaud: "b" }),
    );
    const both = [claims("1", "a", email), claims("1", "b", email)];
    expect(await read(...both)).toEqual(policy({ sub: "1", aud: EMAIL, oaud: ["a", "b"] }));
    expect(await generated("--claims", file(JSON.stringify(both)), "--audience", "c")).toEqual(
      policy({ sub: "1", aud: EMAIL, oaud: "c" }),
    );
    // One without an azp is another identity.
    expect(await read(claims("1", "a"), claims("1", "b", email))).toEqual(
      policy({ sub: "1", aud: "a", oaud: "a" }, { sub: "1", aud: EMAIL, oaud: "b" }),
    );
    const pods = ["a", "b"].map((aud, at) => ({
      iss: `https://${CLUSTER}`,
      sub: `system:serviceaccount:n:${at}`,
      aud,
    }));
    const argv = ["--claims", file(JSON.stringify(pods)), "--role-arn", arn("R")];
    const conditions = pods.map(({ sub, aud }) => ({
      StringEquals: { [`${CLUSTER}:sub`]: sub, [`${CLUSTER}:aud`]: aud },
    }));
    expect(await generated(...argv)).toMatchObject({
      Statement: conditions.map((condition) => ({ Condition: condition })),
    });
    expect((await generate(...argv, "--format", "aws-cli")).stdout).toContain(`--client-id-list '["a","b"]'\n`);
  });

  it.each<[string[], unknown]>([
    [[], policy({ sub: "1", oaud: "a" })],
    [["--audience", "b", "--sub", "2"], policy({ sub: ["1", "2"], oaud: ["a", "b"] })],
    [["--azp", "numeric"], policy({ sub: "1", aud: "1", oaud: "a" })],
    [["--azp", "email", "--email", EMAIL], policy({ sub: "1", aud: EMAIL, oaud: "a" })],
  ])("takes values: %j", async (argv, expected) => {
    expect(await generated("--sub", "1", "--audience", "a", ...argv)).toEqual(expected);
  });

  it("makes the role in the words of other tools", async () => {
    const named = ["--sub", "1", "--audience", "a", "--role-name", "TeamA"];
    const first = async (...argv: string[]) => (await generate(...named, ...argv)).stdout.split("\n")[0];
    expect(await first("--format", "aws-cli")).toBe(
      "aws iam create-role --role-name TeamA --assume-role-policy-document '{",
    );
    expect(await first("--format", "terraform")).toBe('resource "aws_iam_role" "team_a" {');
    expect(await first("--format", "cloudformation")).toContain("CAPABILITY_NAMED_IAM");
    expect(await first("--format", "cdk")).toBe('import { CfnRole } from "aws-cdk-lib/aws-iam";');
    expect(await first("--format", "pulumi")).toBe('import * as aws from "@pulumi/aws";');
  });

  it.each([
    ["3600", false],
    ["7200", true],
    ["max", false],
  ])("lets sessions live longer than the usual hour where they are to: %s", async (seconds, isSaid) => {
    const argv = ["--sub", "1", "--audience", "a", "--role-name", "TeamA", "--duration-seconds", seconds];
    for (const format of ["aws-cli", "terraform", "cloudformation", "cdk", "pulumi"]) {
      const { stdout } = await generate(...argv, "--format", format);
      expect(/max[-_]?session[-_]?duration(?: =|:)? 7200\b/i.test(stdout)).toBe(isSaid);
    }
  });

  it("writes every audience where it can, in ASCII", async () => {
    for (const format of ["json", "aws-cli"]) {
      const { status, stdout } = await generate(...SECRET, "--audience", "日本", "--format", format);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^[\n -~]+$/);
      expect(stdout).toContain('"\\u65e5\\u672c"');
      expect(stdout).toContain(`"${RESOLVED}"`);
    }
  });

  it("makes the side of Google, by the token or by values", async () => {
    const live = await generate("--google", "gcloud", "--audience", AUDIENCE);
    expect(live.stdout).toContain(
      "gcloud compute instances create instance-1 --project example-project --zone us-central1-a",
    );
    const given = await generate("--google", "terraform", "--email", EMAIL);
    expect(given.stdout).toContain('  account_id = "team-a"\n');
    expect(given.stdout).not.toContain("google_compute_instance");
  });

  it("says where the policy is longer than AWS takes", async () => {
    const several = (count: number) => [
      ...Array.from({ length: count }, (_, at) => ["--sub", String(10n ** 20n + BigInt(at))]).flat(),
      "--audience",
      AUDIENCE,
      "--azp",
      "numeric",
    ];
    const long = await generate(...several(8));
    expect(long.status).toBe(0);
    expect(long.stderr).toMatch(/warning: trust policy of 2\d{3} characters: AWS takes 2048.*\[USAGE_POLICY_SIZE\]/);
    expect(JSON.parse(long.stdout).Statement).toHaveLength(8);
    const tooLong = await generate(...several(20));
    expect(tooLong).toMatchObject({ status: 2, stdout: "" });
    // Without azp they share a statement.
    expect((await generate(...several(20).slice(0, -2))).stderr).toBe("");
  });

  it.each<[string[], string]>([
    [["--sub", "1"], "--audience is missing [USAGE_MISSING_FLAG]"],
    [["--sub", EMAIL, "--audience", "a"], "must be the numeric ID of a service account"],
    [["--sub", "1", "--audience", "a b"], '--audience "a b": must be'],
    [["--sub", "1", "--audience", "a", "--azp", "email"], "--email: given 0 times, and --sub 1 times"],
    [["--sub", "1", "--audience", "a", "--format", "cdk"], "--role-name is missing"],
    [["--sub", "1", "--audience", "a", "--role-name", "a b"], "must be 1 to 64 of the characters"],
    [["--sub", "1", "--audience", "a", "--role-name=-x"], "and not begin with -"],
    [["--sub", "1", "--audience", "a", "--role-arn", arn("-x")], "--role-arn: the name of the role, -x, must be"],
    [[...SECRET, "--format", "cloudformation"], `"${RESOLVED}": whatever stands behind {{resolve: there is replaced`],
    [[...SECRET, "--format", "cdk"], "whatever stands behind {{resolve: there is replaced"],
    [["--sub", "1", "--audience", "日本", "--role-name", "R", "--format", "terraform"], "has a character above U+00FF"],
    [["--sub", "1", "--audience", "日本", "--role-name", "R", "--format", "cdk"], "has a character above U+00FF"],
    [["--sub", "1", "--audience", "a", "--role-name", "R", "--role-arn", ROLE], "both name the role"],
    [["--sub", "1", "--audience", "a", "--permissions", "Admin"], '--permissions "Admin"'],
    [["--sub", "1", "--audience", "a", "--format", "xml"], "[USAGE_INVALID_VALUE]"],
    [["--sub", "1", "--audience", "a", "--claims", "x"], "--claims and --sub: there is one place"],
    [["--sub", "s", "--audience", "a", "--issuer", `https://${CLUSTER}`], "--role-arn is missing"],
    [["--issuer", `https://${CLUSTER}`, "--audience", "a"], "--issuer: goes with --sub"],
    [["--claims", "/dev/null", "--audience", "a"], "must hold a JSON object of claims"],
    [
      ["--google", "gcloud", "--email", "1-compute@developer.gserviceaccount.com"],
      "is not NAME@PROJECT.iam.gserviceaccount.com",
    ],
    [["--google", "gcloud", "--email", EMAIL, "--vm", "a"], "--vm and --zone: one goes with the other"],
    [["--google", "gcloud", "--email", EMAIL, "--vm", "-x", "--zone", "z"], "must be small letters"],
    [["--audience", "a", "--external-id", "xx"], "--external-id: is only for roles assumed by another role"],
  ])("refuses %j", async (argv, why) => {
    const { status, stdout, stderr } = await generate(...argv);
    expect(stderr).toContain(why);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  it.each<[object, string]>([
    [{ iss: "https://accounts.google.com", sub: 1, aud: "a" }, "its sub is not a text"],
    [{ iss: "https://accounts.google.com", sub: "1\u202e", aud: "a" }, "its sub is not a text"],
    [{ sub: "1", aud: "a" }, "it has no iss"],
    [{ iss: "http://x", sub: "1", aud: "a" }, "its issuer http://x is no https URL"],
    [{ iss: "https://accounts.google.com", sub: "1", aud: ["a", "b"] }, "its aud is a list"],
  ])("refuses claims %j", async (claims, why) => {
    const { status, stderr } = await generate("--claims", file(JSON.stringify(claims)));
    expect(stderr).toContain(why);
    expect(status).toBe(3);
  });
});

const impersonate = [
  "--impersonate-service-account",
  EMAIL,
  "--service-account",
  "team-b@example-project.iam.gserviceaccount.com",
];
const NAMED = ["--audience", AUDIENCE];

describe.each(entries)("what is generated is taken by AWS, $name", (entry) => {
  const clouds: Cloud[] = [];
  afterAll(() => Promise.all(clouds.map((cloud) => cloud.close())));
  const start = async (definition: object) => {
    const cloud = await startCloud({ definition: parseDefinition(definition) });
    clouds.push(cloud);
    return cloud;
  };
  const ask = async (cloud: Cloud, ...argv: string[]) => {
    const { status, stderr } = await run(entry, argv, { env: cloud.env, secrets: cloud.secrets });
    return { status, stderr };
  };
  const generate = async (cloud: Cloud, ...argv: string[]): Promise<object> => {
    const { status, stdout, stderr } = await run(entry, [...GENERATE, ...argv], { env: cloud.env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return JSON.parse(stdout);
  };
  const done = { status: 0, stderr: "" };
  const refused = { status: 4 };

  it.each<[Platform, string[]]>([
    ["gce", []],
    ["gce", ["--token-format", "standard"]],
    ["gke", []],
    ["cloud-run", []],
    ["gce", impersonate],
    ["gce", [...impersonate, "--azp", "email"]],
  ])("on %s, by %j", async (platform, flags) => {
    const workload = { platform };
    const trust = await generate(await start({ workload }), ...NAMED, ...flags);
    const cloud = await start({ workload, roles: [{ name: "R", trust_policy: trust, permissions: [] }] });
    const argv = ["credential-process", "--role-arn", arn("R")];
    expect(await ask(cloud, ...argv, ...NAMED, ...flags)).toEqual(done);
    expect(await ask(cloud, ...argv, "--audience", "another", ...flags)).toMatchObject(refused);
    const stranger = "team-b@example-project.iam.gserviceaccount.com";
    expect(await ask(cloud, ...argv, ...NAMED, "--service-account", stranger)).toMatchObject(refused);
    if (flags.includes("--azp")) expect(await ask(cloud, ...argv, ...NAMED, ...impersonate)).toMatchObject(refused);
  });

  it.each(["aws-cli", "terraform", "cloudformation", "cdk", "pulumi"])(
    "without the provider of a cluster, in %s",
    async (format) => {
      const values = ["--sub", "system:serviceaccount:default:default", "--issuer", `https://${CLUSTER}`];
      const argv = [...GENERATE, ...values, ...NAMED, "--role-arn", arn("R"), "--format", format];
      const home = { env: cleanEnv() };
      // What is said of the provider beside the role: its creation, and who waits for that.
      const ofProvider = /create-open-id|aws_iam_openid_connect|OIDCProvider|OpenIdConnect|depends_?on|addDependency/i;
      expect((await run(entry, argv, home)).stdout).toMatch(ofProvider);
      const { status, stdout, stderr } = await run(entry, [...argv, "--no-oidc-provider"], home);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).not.toMatch(ofProvider);
      expect(stdout).toContain(`oidc-provider/${CLUSTER}`);
    },
  );

  it("of a cluster of GKE", async () => {
    const cloud = await start({
      workload: { platform: "gke" },
      oidc_providers: [{ url: `https://${CLUSTER}`, client_ids: ["sts.amazonaws.com", "another"] }],
    });
    const token = file(await cloud.emulator.projectedToken("sts.amazonaws.com"));
    const argv = ["--role-arn", arn("R"), "--identity-token-file", token];
    const trust = await generate(cloud, ...argv);
    const values = ["--sub", "system:serviceaccount:default:default", "--issuer", `https://${CLUSTER}`];
    expect(await generate(cloud, "--role-arn", arn("R"), ...values, "--audience", "sts.amazonaws.com")).toEqual(trust);
    const other = await start({
      workload: { platform: "gke" },
      oidc_providers: [{ url: `https://${CLUSTER}`, client_ids: ["sts.amazonaws.com", "another"] }],
      roles: [{ name: "R", trust_policy: trust, permissions: [] }],
    });
    writeFileSync(token, await other.emulator.projectedToken("sts.amazonaws.com"));
    expect(await ask(other, "credential-process", ...argv)).toEqual(done);
    writeFileSync(token, await other.emulator.projectedToken("another"));
    expect(await ask(other, "credential-process", ...argv)).toMatchObject(refused);
  });

  it("along a chain of three roles", async () => {
    const chain = ["--external-id", "shared", "--source-identity", "{sub}"];
    const tags = ["--session-tags", "team=a,job=7", "--transitive-tags", "team"];
    const [hub, last] = [
      ["--role-arn", arn("Hub"), "--via", ROLE, ...NAMED],
      ["--role-arn", arn("Last"), "--via", `${ROLE},${arn("Hub")}`, ...NAMED],
    ];
    const first = await start({});
    const permissions = [{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sts:*", Resource: "*" }] }];
    const cloud = await start({
      roles: [
        ...defaultDocument.roles,
        { name: "Hub", trust_policy: await generate(first, ...hub, ...chain, ...tags), permissions },
        { name: "Last", trust_policy: await generate(first, ...last, ...chain, ...tags), permissions },
        { name: "Plain", trust_policy: await generate(first, ...hub, ...chain.slice(0, 2)), permissions },
      ],
    });
    const process = (...argv: (string | string[])[]) => ask(cloud, "credential-process", ...argv.flat());
    expect(await process(hub, chain, tags)).toEqual(done);
    expect(await process(last, chain, tags)).toEqual(done);
    expect(await process(hub, chain, tags.with(1, "team=a,job=8"))).toMatchObject(refused);
    expect(await process(hub, chain, tags.with(1, "team=a,job=7,more=1"))).toMatchObject(refused);
    expect(await process(hub, chain, tags.with(3, "job"))).toMatchObject(refused);
    expect(await process(hub, chain.with(1, "other"), tags)).toMatchObject(refused);
    expect(await process(hub, chain.with(3, "somebody"), tags)).toMatchObject(refused);
    const plain = ["--role-arn", arn("Plain"), "--via", ROLE, ...NAMED];
    expect(await process(plain, chain.slice(0, 2))).toEqual(done);
    expect(await process(plain, chain)).toMatchObject(refused);
    expect(await process(plain, chain.slice(0, 2), tags)).toMatchObject(refused);
  });
});

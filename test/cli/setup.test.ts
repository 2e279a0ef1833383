// From nothing to credentials: `gcp2aws setup`, with an AWS CLI and a gcloud that only remember what they were asked.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/emulator/definition.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, entries, type Entry, ROLE, run } from "./run.ts";

const NUMBER = "100111222333444555666";
const READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
const ROLE_NAME = "RoleForAccessFromGCPTeamA";
/** What its file is called, but for the end. */
const FILE = "role_for_access_from_gcp_team_a_role";
const TRUST = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Federated: "accounts.google.com" },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: {
          "accounts.google.com:sub": NUMBER,
          "accounts.google.com:aud": NUMBER,
          "accounts.google.com:oaud": AUDIENCE,
        },
      },
    },
  ],
};
const OTHER = { ...TRUST.Statement[0], Condition: { StringEquals: { "accounts.google.com:sub": "1" } } };

const OPEN = { ...TRUST, Statement: [OTHER, { ...TRUST.Statement[0], Condition: {} }] };
const LIMITED = {
  ...TRUST.Statement[0],
  Condition: {
    ...TRUST.Statement[0]?.Condition,
    IpAddress: { "aws:SourceIp": "203.0.113.0/24" },
    DateLessThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" },
  },
};
const DENY = {
  Effect: "Deny",
  Principal: "*",
  Action: "sts:*",
  Condition: { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } },
};

/** Both command lines, as far as setup uses them: their state is a file, and each call a line of another. */
const FAKE = `#!/usr/bin/env node
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require("node:fs");
const [home, name, argv] = [process.env.HOME, process.argv[1].split("/").pop(), process.argv.slice(2)];
if (argv[0] === "--version") process.exit(1); // The doctor asks.
appendFileSync(home + "/calls", JSON.stringify([name, ...argv]) + "\\n");
const file = home + "/state.json";
const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const flag = (flagName) => argv[argv.indexOf("--" + flagName) + 1];
const end = (text, status = 0) => {
  writeFileSync(file, JSON.stringify(state));
  process[status === 0 ? "stdout" : "stderr"].write(text + "\\n");
  process.exit(status);
};
const none = () => end("warning: old\\n".repeat(state.warnings ?? 0) + "An error occurred (NoSuchEntity) when calling the operation: cannot be found.", 254);
if (state.fails !== undefined) end(state.fails, 255);
if (state.failsAt === argv[1]) end("no", 255);
switch (name === "gcloud" ? argv.slice(0, 3).join(" ") : argv[1]) {
  case "get-caller-identity": end(state.account ?? "111122223333");
  case "get-role": state.trust === undefined ? none() : end(JSON.stringify({ Role: { Arn: state.arn ?? "${ROLE}", AssumeRolePolicyDocument: state.trust } }));
  case "create-role": state.trust = JSON.parse(flag("assume-role-policy-document")); end("{}");
  case "update-assume-role-policy": state.trust = JSON.parse(flag("policy-document")); end("");
  case "list-attached-role-policies": end(JSON.stringify(state.attached ?? []));
  case "attach-role-policy": state.attached = [...(state.attached ?? []), flag("policy-arn")]; end("");
  case "iam service-accounts describe": state.account1 === undefined ? end("NOT_FOUND: Unknown service account", 1) : end("${NUMBER}");
  case "iam service-accounts create": state.account1 = true; end("");
  default: end("");
}
`;

/** A home with those programs on its PATH, and what they hold. */
function user(entry: Entry, cloud: Cloud, state?: object) {
  const env = cleanEnv({ ...cloud.env });
  const home = cleanEnv()["HOME"] ?? "";
  env["HOME"] = home;
  const bin = join(home, "bin");
  mkdirSync(bin);
  for (const name of ["aws", "gcloud"]) {
    writeFileSync(join(bin, name), FAKE);
    chmodSync(join(bin, name), 0o755);
  }
  env["PATH"] = `${bin}:${env["PATH"]}`;
  const file = join(home, "state.json");
  if (state !== undefined) writeFileSync(file, JSON.stringify(state));
  const calls = join(home, "calls");
  return {
    env,
    home,
    setup: (...flags: string[]) => run(entry, ["setup", ...flags], { env, secrets: cloud.secrets, cwd: home }),
    calls: () =>
      existsSync(calls)
        ? readFileSync(calls, "utf8")
            .trim()
            .split("\n")
            .map((line): string[] => JSON.parse(line))
        : [],
    state: () => JSON.parse(readFileSync(file, "utf8")),
    config: () => {
      const path = join(home, ".aws/config");
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    },
  };
}

/** What each call does, without its flags. */
const verbs = (calls: readonly (readonly string[])[]) =>
  calls.map((call) => call.slice(0, call[0] === "gcloud" ? 4 : 3).join(" "));

const GIVEN = ["--role-arn", ROLE, "--audience", AUDIENCE, "--permissions", READ_ONLY, "--profile", "team-a"];
const ALL = ["aws sts get-caller-identity", "aws iam get-role", "aws iam create-role", "aws iam attach-role-policy"];

describe.each(entries)("setup, $name", (entry) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud();
  });
  afterAll(() => cloud.close());

  it("only shows what it would do where nobody can be asked", async () => {
    const { setup, calls, config } = user(entry, cloud);
    const { status, stdout, stderr } = await setup(...GIVEN);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(`Google: team-a@example-project.iam.gserviceaccount.com, numeric ID ${NUMBER}\n`);
    expect(stdout).toContain(`  aws iam create-role --role-name ${ROLE_NAME} --assume-role-policy-document '{\n`);
    expect(stdout).toContain(`  aws iam attach-role-policy --role-name ${ROLE_NAME} --policy-arn ${READ_ONLY}\n`);
    expect(stdout).toContain("would get profile team-a:");
    expect(stdout).toMatch(
      /The profile was not written. To have all this done, run it in a terminal, or with --yes.\n$/,
    );
    expect([calls(), config()]).toEqual([[], ""]);
  });

  it("makes the role and the profile, tries them, and does nothing twice", async () => {
    const { setup, calls, state, config } = user(entry, cloud);
    const first = await setup(...GIVEN, "--yes");
    expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: "" });
    expect(verbs(calls())).toEqual(ALL);
    expect(state()).toEqual({ trust: TRUST, attached: [READ_ONLY] });
    expect(config()).toContain(`credential-process --role-arn ${ROLE} --audience ${AUDIENCE}\n`);
    expect(first.stdout).toContain("$ gcp2aws doctor --profile team-a\n");
    for (const verb of ALL) expect(first.stdout).toContain(`$ ${verb} `);
    expect(first.stdout).toMatch(
      /AWS gave credentials of account 111122223333 until \S+Z. All is set up.\nTo use it: aws sts get-caller-identity --profile team-a\n$/,
    );

    const written = config();
    const second = await setup(...GIVEN, "--yes", "--json");
    expect(second.status).toBe(0);
    expect(verbs(calls().slice(ALL.length))).toEqual([
      "aws sts get-caller-identity",
      "aws iam get-role",
      "aws iam list-attached-role-policies",
    ]);
    expect(config()).toBe(written);
    const said = JSON.parse(second.stdout);
    expect(said).toMatchObject({
      identity: { issuer: "https://accounts.google.com", sub: NUMBER },
      role: ROLE,
      audience: AUDIENCE,
      profile: { profile: "team-a", changed: false },
      works: true,
    });
    expect(said.commands).toEqual(calls().slice(ALL.length));
  });

  it("hears what the AWS CLI says behind many warnings", async () => {
    const { setup, calls } = user(entry, cloud, { warnings: 1_500 });
    expect((await setup(...GIVEN, "--yes")).status).toBe(0);
    expect(verbs(calls())).toEqual(ALL);
  });

  it("adds to a role that is there, and takes nothing away", async () => {
    const attached = ["arn:aws:iam::aws:policy/Other"];
    const { setup, calls, state } = user(entry, cloud, { trust: { ...TRUST, Statement: OTHER }, attached });
    expect((await setup(...GIVEN, "--yes")).status).toBe(0);
    expect(verbs(calls())).toContain("aws iam update-assume-role-policy");
    expect(state().trust.Statement).toEqual([OTHER, TRUST.Statement[0]]);
    expect(state().attached).toEqual([...attached, READ_ONLY]);
  });

  it("leaves AWS alone with --skip-aws", async () => {
    const { setup, calls, config } = user(entry, cloud);
    const { status, stdout } = await setup("--role-arn", ROLE, "--audience", AUDIENCE, "--yes", "--skip-aws");
    expect([status, calls()]).toEqual([0, []]);
    expect(stdout).not.toContain("What the role may do");
    expect(config()).toContain(`[profile ${ROLE_NAME}]`);
  });

  it("puts into the role and the profile what the variable says of that", async () => {
    const { setup, env } = user(entry, cloud);
    env["GCP2AWS_DURATION_SECONDS"] = "7200";
    const { status, stdout } = await setup(...GIVEN);
    expect(status).toBe(0);
    expect(stdout).toContain(`}' --max-session-duration 7200\n`);
    expect(stdout).toContain(" --duration-seconds 7200\n");
  });

  it.each([
    ["terraform", "tf", "terraform init && terraform apply"],
    [
      "cloudformation",
      "yaml",
      `aws cloudformation deploy --template-file ${FILE}.yaml --stack-name ${FILE.replaceAll("_", "-")} --capabilities`,
    ],
    ["cdk", "ts", "put it into a stack, and cdk deploy"],
    ["pulumi", "ts", "put it into the program, and pulumi up"],
  ])("writes the role for %s, and tries it once somebody has made it", async (format, extension, deploy) => {
    const { setup, home, env, calls, config } = user(entry, cloud);
    const argv = [...GIVEN, "--duration-seconds", "7200", "--format", format];
    const path = join(home, `${FILE}.${extension}`);
    const shown = await setup(...argv);
    expect({ status: shown.status, stderr: shown.stderr }).toEqual({ status: 0, stderr: "" });
    expect([existsSync(path), config()]).toEqual([false, ""]);

    const first = await setup(...argv, "--yes", "--json");
    expect(first.status).toBe(0);
    const withoutProfile = argv.filter((word) => !["--profile", "team-a"].includes(word));
    const generated = await run(entry, ["trust-policy", "generate", ...withoutProfile], { env });
    expect(readFileSync(path, "utf8")).toBe(generated.stdout);
    expect(shown.stdout).toContain(generated.stdout.replace(/^(?=.)/gm, "  "));
    const said = JSON.parse(first.stdout);
    const file = { path: `${FILE}.${extension}`, changed: true, dryRun: false };
    expect(said).toMatchObject({ file, works: false, commands: [] });
    expect(first.stderr).toContain(`Now make the role (${deploy}`);
    expect(first.stderr).toMatch(/Then: gcp2aws doctor --profile team-a\n$/);
    expect(config()).toContain("[profile team-a]");

    // This cloud's role has an hour.
    const short = argv.with(argv.indexOf("7200"), "3600");
    writeFileSync(
      path,
      (
        await run(entry, ["trust-policy", "generate", ...withoutProfile.with(withoutProfile.indexOf("7200"), "3600")], {
          env,
        })
      ).stdout,
    );
    const second = await setup(...short, "--yes");
    expect({ status: second.status, stderr: second.stderr }).toEqual({ status: 0, stderr: "" });
    expect(second.stdout).toContain(`${FILE}.${extension} is there already, as it would be written.`);
    expect(second.stdout).toContain("All is set up.");
    expect(calls()).toEqual([]);
  });

  it("leaves a file that says something else, and finds it before anything is written", async () => {
    const { setup, home, config } = user(entry, cloud);
    const path = join(home, `${FILE}.tf`);
    writeFileSync(path, "# mine\n");
    const { status, stderr } = await setup(...GIVEN, "--format", "terraform", "--yes");
    expect(stderr).toContain(`${FILE}.tf not written: it is there, and says something else [LOCAL_FILE]`);
    expect([status, readFileSync(path, "utf8"), config()]).toEqual([6, "# mine\n", ""]);
    expect((await setup(...GIVEN, "--format", "terraform", "--skip-aws")).status).toBe(2);
    // Without --yes it only shows what it would write, and why it could not.
    const shown = await setup(...GIVEN, "--format", "terraform");
    expect(shown.status).toBe(0);
    expect(shown.stdout).toContain('  resource "aws_iam_role" "role_for_access_from_gcp_team_a" {\n');
    expect(shown.stderr).toContain("[LOCAL_FILE]");
  });

  it("follows no link that stands where the file is to be", async () => {
    const { setup, home } = user(entry, cloud);
    const elsewhere = join(home, "empty");
    writeFileSync(elsewhere, "");
    symlinkSync(elsewhere, join(home, `${FILE}.tf`));
    const { status, stderr } = await setup(...GIVEN, "--format", "terraform", "--yes");
    expect(stderr).toContain("[LOCAL_FILE]");
    expect([status, readFileSync(elsewhere, "utf8")]).toEqual([6, ""]);
  });

  it("refuses what a tool would replace, in the audience and in the path", async () => {
    const { setup, home } = user(entry, cloud);
    const mark = "{{resolve:ssm:x}}";
    const arn = ROLE.replace("role/", `role/${mark}/`);
    for (const argv of [GIVEN.with(GIVEN.indexOf(AUDIENCE), mark), GIVEN.with(GIVEN.indexOf(ROLE), arn)]) {
      const { status, stderr } = await setup(...argv, "--format", "cdk", "--yes");
      expect(stderr).toContain("is replaced when it is deployed");
      expect(status).toBe(2);
    }
    expect(readdirSync(home)).not.toContain(`${FILE}.ts`);
  });

  it("writes the provider of a cluster beside the role, unless it is there", async () => {
    const gke = await startCloud({ definition: parseDefinition({ workload: { platform: "gke" } }) });
    try {
      const { setup, home } = user(entry, gke);
      const token = join(home, "token");
      writeFileSync(token, await gke.emulator.projectedToken("sts.amazonaws.com"));
      const argv = ["--role-arn", ROLE, "--permissions", "", "--identity-token-file", token, "--format", "terraform"];
      expect((await setup(...argv)).stdout).toContain('  resource "aws_iam_openid_connect_provider" "role_');
      const { status, stdout } = await setup(...argv, "--no-oidc-provider");
      expect(status).toBe(0);
      expect(stdout).toContain('  resource "aws_iam_role" "role_');
      expect(stdout).not.toContain("aws_iam_openid_connect_provider");
    } finally {
      await gke.close();
    }
  });

  it("waits at a terminal until the role is made of the file", async () => {
    const { env, home, calls } = user(entry, cloud);
    const argv = [...entry.command, "setup", ...GIVEN, "--format", "terraform"];
    const { status, screen } = await atTerminal(argv, env, [
      ["Write it into the current directory? [y/N] ", "y"],
      ["Make the role, if it is not there yet (terraform init && terraform apply), then press Enter here: ", ""],
      ["with gcp2aws doctor? [y/N] ", "y"],
    ]);
    expect(screen).toContain("All is set up.");
    expect([status, calls(), existsSync(join(home, `${FILE}.tf`))]).toEqual([0, [], true]);
  });

  it("lets sessions live as long as they are asked for", async () => {
    const { setup } = user(entry, cloud);
    const { status, stdout } = await setup(...GIVEN, "--duration-seconds", "7200");
    expect(status).toBe(0);
    expect(stdout).toContain(`}' --max-session-duration 7200\n`);
  });

  it("says that a role may do nothing yet", async () => {
    const { setup } = user(entry, cloud);
    const { status, stdout } = await setup("--role-arn", ROLE, "--audience", AUDIENCE, "--yes");
    expect(status).toBe(0);
    expect(stdout).toContain(
      `What the role may do is still to be said, unless that was done elsewhere: aws iam attach-role-policy`,
    );
  });

  it("finds a profile that is somebody else's before it makes a role", async () => {
    const { setup, env, calls, config } = user(entry, cloud);
    const theirs = "[profile team-a]\nrole_arn = arn:aws:iam::111122223333:role/Theirs\nsource_profile = x\n";
    const folder = join(env["HOME"] ?? "", ".aws");
    mkdirSync(folder);
    writeFileSync(join(folder, "config"), theirs);
    const { status, stdout, stderr } = await setup(...GIVEN, "--yes", "--json");
    expect(stderr).toContain("[LOCAL_AWS_FILE]");
    expect([status, calls(), config()]).toEqual([6, [], theirs]);
    expect(JSON.parse(stdout)).toMatchObject({
      role: ROLE,
      works: false,
      error: { code: "LOCAL_AWS_FILE" },
      commands: [],
    });
    expect((await setup(...GIVEN, "--yes", "--take-over")).status).toBe(0);
  });

  it("finds a file that it cannot write before it makes a role, where it would write it", async () => {
    const { setup, env, calls } = user(entry, cloud);
    mkdirSync(join(env["HOME"] ?? "", ".aws"));
    symlinkSync("/nowhere/config", join(env["HOME"] ?? "", ".aws/config"));
    const { status, stderr } = await setup(...GIVEN, "--yes");
    expect(stderr).toContain("a link that leads nowhere [LOCAL_FILE]");
    expect([status, calls()]).toEqual([6, []]);
    expect(await setup(...GIVEN)).toMatchObject({ status: 0, stderr: "" });
  });

  it("tells programs how far it came", async () => {
    const { setup, calls } = user(entry, cloud, { failsAt: "attach-role-policy" });
    const { status, stdout } = await setup(...GIVEN, "--yes", "--json");
    expect(status).toBe(6);
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({
      identity: { sub: NUMBER },
      role: ROLE,
      works: false,
      error: { code: "LOCAL_COMMAND" },
    });
    expect(said.error.message).toContain("aws iam attach-role-policy failed: exit status 255: no");
    expect(said.commands).toEqual(calls());
    expect(said).not.toHaveProperty("profile");
  });

  it("takes the ARN of the role for the audience, and says why AWS refuses it", async () => {
    const { setup, config } = user(entry, cloud);
    const { status, stderr } = await setup("--role-arn", ROLE, "--yes", "--skip-aws", "--profile", "x");
    expect(config()).toContain(`--role-arn ${ROLE} --audience ${ROLE}\n`);
    expect(status).toBe(4);
    expect(stderr).toContain("[STS_ACCESS_DENIED]");
    expect(stderr).toContain(`aud    ${ROLE}`);
  });

  it("puts into the profile what variables say of the token", async () => {
    const { setup, env, config } = user(entry, cloud);
    const token = join(env["HOME"] ?? "", "token");
    writeFileSync(token, (await run(entry, ["token", "--audience", AUDIENCE], { env })).stdout);
    Object.assign(env, { GCP2AWS_ROLE_ARN: ROLE, GCP2AWS_IDENTITY_TOKEN_FILE: token });
    const { status, stderr } = await setup("--yes");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // Whoever made the token has chosen its audience.
    expect(config()).toContain(`credential-process --role-arn ${ROLE} --identity-token-file ${token}\n`);
    delete env["GCP2AWS_IDENTITY_TOKEN_FILE"];
    env["GCP2AWS_AUDIENCE"] = AUDIENCE;
    expect((await setup("--yes")).status).toBe(0);
    expect(config()).toContain(`credential-process --role-arn ${ROLE} --audience ${AUDIENCE}\n`);
  });

  it.each<[string, object, string[], number, string]>([
    [
      "another account",
      { account: "444455556666" },
      [],
      2,
      "are of account 444455556666, and the role is of 111122223333",
    ],
    [
      "a role elsewhere",
      { trust: TRUST, arn: "arn:aws:iam::111122223333:role/p/R" },
      [],
      2,
      "is there as arn:aws:iam::111122223333:role/p/R",
    ],
    [
      "a limit that somebody has set",
      { trust: { ...TRUST, Statement: [OTHER, LIMITED] } },
      [],
      2,
      `Statement[1] of the trust policy of ${ROLE} takes this identity only within limits of aws:SourceIp, aws:CurrentTime`,
    ],
    [
      "a Deny",
      { trust: { ...TRUST, Statement: [OTHER, DENY] } },
      [],
      2,
      `Statement[1] of the trust policy of ${ROLE} may deny this identity, by aws:SourceIp`,
    ],
    [
      "a policy that lets everybody in, who would have the permissions as well",
      { trust: OPEN },
      ["--permissions", "arn:aws:iam::aws:policy/AdministratorAccess"],
      7,
      `the trust policy of ${ROLE} lets strangers in: every Google account in the world is let in`,
    ],
    ["a policy that is none", { trust: { Statement: 7 } }, [], 6, "trust policy of "],
    [
      "a command that fails",
      { fails: "Unable to locate credentials" },
      [],
      6,
      "aws sts get-caller-identity failed: exit status 255: Unable to locate credentials",
    ],
    ["permissions that are none", {}, ["--permissions", "Admin"], 2, '--permissions "Admin"'],
    ["a profile that is none", {}, ["--profile", "a b"], 2, '--profile "a b"'],
  ])("ends at %s, before anything is made", async (_, state, flags, code, why) => {
    const { setup, calls, config } = user(entry, cloud, state);
    const { status, stderr } = await setup(...GIVEN, ...flags, "--yes");
    expect(stderr).toContain(why);
    expect(status).toBe(code);
    expect(verbs(calls()).filter((verb) => / (create|update|attach)/.test(verb))).toEqual([]);
    expect(config()).toBe("");
  });

  it("says that the AWS CLI is not installed, and that a role is needed", async () => {
    const { setup, env } = user(entry, cloud);
    const { stderr } = await run(entry, ["setup", "--yes"], { env });
    expect(stderr).toContain("--role-arn is missing [USAGE_MISSING_FLAG]\nhint: give --role-arn or set ");
    // An executable needs no PATH; the other way to run is the absolute path of Node.
    env["PATH"] = "/nowhere";
    const result = await setup(...GIVEN, "--yes");
    expect(result.status).toBe(6);
    expect(result.stderr).toContain("aws sts get-caller-identity not run: it is not installed [LOCAL_COMMAND]");
  });

  it("goes on at a terminal where an administrator's credentials are elsewhere", async () => {
    const { env, calls, config } = user(entry, cloud, { fails: "Unable to locate credentials" });
    const { status, screen } = await atTerminal([...entry.command, "setup", ...GIVEN], env, [
      ["Run them here? [y/N] ", "y"],
      ["now that there are others? [y/N] ", "y"],
      ["now that there are others? [y/N] ", ""],
      ["then press Enter here: ", ""],
      ["with gcp2aws doctor? [y/N] ", "y"],
    ]);
    expect(screen).toContain("get-caller-identity failed: exit status 255: Unable to locate credentials");
    expect(screen).toContain("All is set up.");
    expect(status).toBe(0);
    expect(verbs(calls())).toEqual([ALL[0], ALL[0]]);
    expect(config()).toContain("[profile team-a]");
  });

  it("asks at a terminal, and does only what it may", async () => {
    const { env, calls, config, state } = user(entry, cloud, { trust: { ...TRUST, Statement: [OTHER] } });
    const { status, screen } = await atTerminal([...entry.command, "setup"], env, [
      ["AWS account of the role, 12 digits: ", "1"],
      ["AWS account of the role, 12 digits: ", "111122223333"],
      ["Name of the role [gcp2aws-team-a]: ", ROLE_NAME],
      [`Audience of the token [${ROLE}]: `, AUDIENCE],
      ["for nothing yet [none]: ", ""],
      [`Profile to write [${ROLE_NAME}]: `, "team-a"],
      ["Run them here? [y/N] ", "y"],
      // It replaces what others may need, and was not among those shown.
      ["Run them here? [y/N] ", "y"],
      ["with gcp2aws doctor? [y/N] ", "yes"],
    ]);
    expect(screen).toContain("an account ID has 12 digits");
    expect(screen).toContain("All is set up.");
    expect(status).toBe(0);
    // Read again after the answer.
    expect(verbs(calls())).toEqual([...ALL.slice(0, 2), "aws iam get-role", "aws iam update-assume-role-policy"]);
    expect(state().trust.Statement).toEqual([OTHER, TRUST.Statement[0]]);
    expect(config()).toContain("[profile team-a]");
  });

  it("runs nothing without consent, and ends when the person gives up", async () => {
    const { env, calls, config } = user(entry, cloud);
    const { status, screen } = await atTerminal([...entry.command, "setup", ...GIVEN], env, [
      ["Run them here? [y/N] ", ""],
      ["then press Enter here: ", "\u0003"],
    ]);
    expect(screen).toContain("setup: stopped before its end [LOCAL_COMMAND]");
    expect(status).toBe(6);
    expect([calls(), config()]).toEqual([[], ""]);
  });
});

describe.each(entries)("setup by impersonation, $name", (entry) => {
  const EMAIL = "team-a@example-project.iam.gserviceaccount.com";
  const VM = "vm@example-project.iam.gserviceaccount.com";
  const definition = parseDefinition({
    service_accounts: [
      { email: VM, unique_id: "2" },
      { email: EMAIL, unique_id: NUMBER, aliases: [], token_creators: [`serviceAccount:${VM}`] },
    ],
  });
  const flags = [...GIVEN, "--impersonate-service-account", EMAIL];

  it("makes the service account where its tokens are refused, and tries again", async () => {
    const cloud = await startCloud({ definition, faults: ["google:status=403@2"] });
    try {
      const { setup, calls } = user(entry, cloud);
      const { status, stdout, stderr } = await setup(...flags, "--yes");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(verbs(calls())).toEqual([
        "gcloud services enable iamcredentials.googleapis.com",
        "gcloud iam service-accounts describe",
        "gcloud iam service-accounts create",
        "gcloud iam service-accounts add-iam-policy-binding",
        ...ALL,
      ]);
      const grant = `${EMAIL} --role roles/iam.serviceAccountOpenIdTokenCreator --member serviceAccount:${VM}`;
      expect(calls()[3]?.slice(4).join(" ")).toBe(grant);
      expect(stdout).toContain("not yet (IDENTITY_REFUSED)");
    } finally {
      await cloud.close();
    }
  });

  it.each<[string, string]>([
    ["allUsers", "it is everybody"],
    ["allAuthenticatedUsers", "it is everybody"],
    ["developer@example.com", "it must be a kind and a name"],
    ["--billing-project=x", "it must be a kind and a name"],
  ])("gives the tokens to no %s", async (member, why) => {
    const cloud = await startCloud({ definition, faults: ["google:status=403"] });
    try {
      const { setup, calls } = user(entry, cloud);
      const { status, stderr } = await setup(...flags, "--yes", `--member=${member}`);
      expect(stderr).toContain(`--member "${member}": ${why}`);
      expect([status, calls()]).toEqual([2, []]);
    } finally {
      await cloud.close();
    }
  });

  it.each<[string, string[]]>([
    ["USAGE_MISSING_FLAG", []],
    ["USAGE_INVALID_VALUE", ["--role-arn", ROLE.replace(ROLE_NAME, "-x")]],
    ["USAGE_INVALID_VALUE", ["--role-arn", ROLE, "--permissions", "AmazonS3ReadOnlyAccess"]],
    ["USAGE_INVALID_VALUE", ["--role-arn", ROLE, "--profile", "team a"]],
    ["USAGE_INVALID_VALUE", ["--role-arn", ROLE, "--audience", "{{resolve:ssm:x}}", "--format", "cloudformation"]],
  ])("makes no service account with wrong flags: %s, %j", async (code, wrong) => {
    const cloud = await startCloud({ definition, faults: ["google:status=403"] });
    try {
      const { setup, calls } = user(entry, cloud);
      const { status, stderr } = await setup(...wrong, "--impersonate-service-account", EMAIL, "--yes");
      expect(stderr).toContain(`[${code}]`);
      expect([status, calls()]).toEqual([2, []]);
    } finally {
      await cloud.close();
    }
  });

  it("does not give them to a subject that it does not know", async () => {
    const cloud = await startCloud({ definition });
    try {
      const { setup, env, calls } = user(entry, cloud);
      const folder = join(env["HOME"] ?? "", "credentials");
      await cloud.emulator.writeCredentials(folder);
      env["GOOGLE_APPLICATION_CREDENTIALS"] = join(folder, `${EMAIL}.external.json`);
      const { status, stderr } = await setup(...GIVEN, "--impersonate-service-account", VM, "--yes");
      expect(stderr).toContain("--member is missing");
      expect([status, calls()]).toEqual([2, []]);
    } finally {
      await cloud.close();
    }
  });

  it("only shows the commands without --yes, and then says what was refused", async () => {
    const cloud = await startCloud({ definition, faults: ["google:status=403"] });
    try {
      const { setup, calls } = user(entry, cloud);
      const { status, stdout, stderr } = await setup(...flags, "--member", "user:developer@example.com");
      expect(status).toBe(3);
      expect(stderr).toContain("[IDENTITY_REFUSED]");
      expect(stdout).toContain("  gcloud iam service-accounts create team-a --project example-project\n");
      expect(stdout).toContain("--member user:developer@example.com\n");
      expect(calls()).toEqual([]);
    } finally {
      await cloud.close();
    }
  });
});

/** Runs a command at a terminal of its own (script(1)), and types each answer once its question stands there. */
function atTerminal(
  command: readonly string[],
  env: Record<string, string>,
  answers: readonly (readonly [question: string, answer: string])[],
): Promise<{ status: number | null; screen: string }> {
  return new Promise((done, fail) => {
    const line = command.map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qefc", line, "/dev/null"], {
      env: { ...env, TERM: "dumb", SHELL: "/bin/sh" },
      cwd: env["HOME"],
      timeout: 60_000,
    });
    let [screen, seen, next] = ["", 0, 0];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      screen += text;
      const [question = "", answer = ""] = answers[next] ?? [];
      const at = question === "" ? -1 : screen.indexOf(question, seen);
      if (at === -1) return;
      seen = at + question.length;
      next++;
      child.stdin.write(answer === "\u0003" ? answer : `${answer}\r`);
    });
    child.on("error", fail);
    child.on("close", (status) => done({ status, screen }));
  });
}

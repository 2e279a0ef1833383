import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/emulator/index.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, type Entry, entries, run } from "./run.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

const SUB = "100111222333444555666";
const G = "accounts.google.com";
const directory = mkdtempSync(join(tmpdir(), "gcp2aws-trust-"));

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
  return path;
}

function policy(condition: object, more: object = {}) {
  const statement = {
    Effect: "Allow",
    Principal: { Federated: G },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: condition,
    ...more,
  };
  return { Version: "2012-10-17", Statement: [statement] };
}

const sound = file(
  "sound.json",
  policy({ StringEquals: { [`${G}:sub`]: SUB, [`${G}:aud`]: SUB, [`${G}:oaud`]: AUDIENCE } }),
);
const misplaced = file(
  "misplaced.json",
  policy({ StringEquals: { [`${G}:sub`]: SUB, [`${G}:aud`]: AUDIENCE } }, { Sid: "TeamA" }),
);
const named = file("named.json", policy({ StringLike: { "sts:RoleSessionName": "example-project.*" } }));
const office = file("office.json", policy({ IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }));
const invalid = file("invalid.json", policy({ StringEqual: { [`${G}:sub`]: SUB } }, { Effect: "allow" }));
const open = file("open.json", policy({ StringEquals: { [`${G}:oaud`]: AUDIENCE } }));
const claims = { iss: `https://${G}`, sub: SUB, azp: SUB, aud: AUDIENCE };
const claimsFile = file("claims.json", claims);

describe.each(entries)("trust-policy evaluate, $name", (entry: Entry) => {
  const evaluate = (argv: readonly string[], env: Record<string, string> = {}, stdin?: string) =>
    run(entry, ["trust-policy", "evaluate", ...argv], {
      env: { ...cloud.env, ...env },
      secrets: cloud.secrets,
      ...(stdin !== undefined && { stdin }),
    });

  it("lets the live identity in", async () => {
    const { status, stdout, stderr } = await evaluate(["--policy", sound, "--audience", AUDIENCE]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^allowed\n\ntoken\n {2}iss .*\n {2}sub +100111222333444555666\n/);
    expect(stdout).toContain("Statement[0], Allow: matches");
  });

  it("says of a denial where the value belongs", async () => {
    const { status, stdout, stderr } = await evaluate(["--policy", misplaced, "--audience", AUDIENCE]);
    expect(status).toBe(4);
    expect(stdout).toMatch(/^denied: no statement allows it\n/);
    expect(stdout).toContain('Statement[0] "TeamA", Allow: does not match');
    expect(stdout).toContain(`  yes  StringEquals ${G}:sub\n`);
    expect(stdout).toContain(
      `  NO   StringEquals ${G}:aud\n       policy   ${AUDIENCE}\n       request  ${SUB}\n       why      `,
    );
    const why = `${G}:aud is compared with azp = ${SUB}; ${AUDIENCE} is the token's aud, which belongs under ${G}:oaud`;
    expect(stderr).toBe(
      `gcp2aws: ${misplaced} does not let ${SUB} in: no statement allows it [POLICY_DENIED]\nhint: ${why}\n`,
    );
  });

  it("says the same as data", async () => {
    const { status, stdout } = await evaluate(["--policy", misplaced, "--claims", claimsFile, "--json"]);
    expect(status).toBe(4);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      decision: "denied",
      reason: "implicit deny",
      token: { sub: SUB, azp: SUB, aud: AUDIENCE, sessionName: SUB },
      statements: [
        {
          sid: "TeamA",
          matched: false,
          principal: { matched: true },
          action: { matched: true },
          conditions: [{ matched: true }, { matched: false, actual: [SUB], hint: expect.any(String) }],
        },
      ],
    });
  });

  it("takes what token --claims prints, and a token from a file", async () => {
    const shown = await run(entry, ["token", "--audience", AUDIENCE, "--claims"], { env: cloud.env });
    const token = await run(entry, ["token", "--audience", AUDIENCE], { env: cloud.env });
    const kept = file("shown.json", shown.stdout);
    expect((await evaluate(["--policy", sound, "--claims", kept])).status).toBe(0);
    expect((await evaluate(["--policy", sound, "--token-file", file("token", `${token.stdout}\n`)])).status).toBe(0);
    expect((await evaluate(["--policy", sound, "--identity-token-file", join(directory, "token")])).status).toBe(0);
  });

  it("reads standard input, once", async () => {
    const policyText = readFileSync(misplaced, "utf8");
    const piped = await evaluate(["--policy", "-", "--claims", claimsFile], {}, policyText);
    expect(piped.status).toBe(4);
    expect(piped.stderr).toContain(`gcp2aws: standard input does not let ${SUB} in`);
    const nothing = await evaluate(["--policy", "-", "--claims", claimsFile], {}, "");
    expect(nothing.stderr).toContain("gcp2aws: standard input is no trust policy that IAM would take [POLICY_INVALID]");
    expect((await evaluate(["--policy", sound, "--claims", "-"], {}, JSON.stringify(claims))).status).toBe(0);
    const token = await run(entry, ["token", "--audience", AUDIENCE], { env: cloud.env });
    expect((await evaluate(["--policy", sound, "--token-file", "-"], {}, token.stdout)).status).toBe(0);
    expect(await evaluate(["--policy", "-", "--claims", "-"], {}, policyText)).toEqual({
      status: 2,
      stdout: "",
      stderr:
        'gcp2aws: "-": standard input is given twice, and can be read once [USAGE_INVALID_VALUE]\nhint: put one of them in a file\n',
    });
  });

  it("knows the session's name as it would be sent, and what else is given", async () => {
    const argv = ["--policy", named, "--audience", AUDIENCE];
    expect((await evaluate(argv)).status).toBe(4);
    expect((await evaluate([...argv, "--role-session-name", "{project_id}.{instance_name}"])).status).toBe(0);
    expect((await evaluate(argv, { GCP2AWS_ROLE_SESSION_NAME: "example-project.x" })).status).toBe(0);
    const inOffice = ["--policy", office, "--claims", claimsFile];
    expect((await evaluate(inOffice)).stderr).toContain("hint: every request has aws:SourceIp");
    expect((await evaluate([...inOffice, "--context", "aws:SourceIp=203.0.113.9"])).status).toBe(0);
    expect((await evaluate([...inOffice, "--context", "aws:SourceIp=198.51.100.9"])).status).toBe(4);
  });

  it("warns where the decision hangs on what it was not told", async () => {
    const { Statement } = policy({ StringEquals: { [`${G}:sub`]: SUB } });
    const deny = { ...Statement[0], Effect: "Deny", Condition: { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } } };
    const path = file("deny.json", { Version: "2012-10-17", Statement: [...Statement, deny] });
    const argv = ["--policy", path, "--claims", claimsFile];
    const { status, stdout, stderr } = await evaluate([...argv, "--json"]);
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { decision: "allowed", undetermined: ["aws:SourceIp"] }]);
    expect(stderr).toContain("allowed as long as aws:SourceIp does not say otherwise: it is not given");
    expect(stderr).toContain("--context aws:SourceIp=VALUE");
    const told = await evaluate([...argv, "--context", "aws:SourceIp=203.0.113.9"]);
    expect(told.status).toBe(4);
    expect(told.stderr).not.toContain("POLICY_UNDETERMINED");
    expect(await evaluate(["--policy", sound, "--claims", claimsFile])).toMatchObject({ status: 0, stderr: "" });
  });

  it("tells that a token is over", async () => {
    const old = file("old.json", { ...claims, exp: 1_700_000_000 });
    const { status, stdout } = await evaluate(["--policy", sound, "--claims", old]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/it ended .* ago: STS refuses it whatever the policy says/);
  });

  it("tells all that is wrong with a policy", async () => {
    const { status, stdout, stderr } = await evaluate(["--policy", invalid, "--claims", claimsFile]);
    expect({ status, stdout }).toEqual({ status: 7, stdout: "" });
    expect(stderr).toContain("is no trust policy that IAM would take [POLICY_INVALID]");
    expect(stderr).toContain("  line 5: $.Statement[0].Effect must be Allow or Deny\n");
    expect(stderr).toContain(
      "$.Statement[0].Condition.StringEqual is not a condition operator; StringEquals is meant?",
    );
    const json = await evaluate(["--policy", invalid, "--claims", claimsFile, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      decision: "invalid",
      problems: [{ path: "$.Statement[0].Effect", line: 5 }, {}],
    });
  });

  it.each<[string, string[], number, string]>([
    ["without a policy", ["--claims", claimsFile], 2, "required option '--policy <FILE>' not specified"],
    [
      "a policy that is not there",
      ["--policy", "/nowhere.json", "--claims", claimsFile],
      6,
      "/nowhere.json not read: ENOENT [LOCAL_FILE]",
    ],
    [
      "two identities",
      ["--policy", sound, "--claims", claimsFile, "--token-file", "x"],
      2,
      "cannot be used with option '--token-file <FILE>'",
    ],
    [
      "claims that are a token",
      ["--policy", sound, "--claims", file("jwt", "a.b.c")],
      2,
      "must hold a JSON object of claims",
    ],
    [
      "claims that lack one",
      ["--policy", sound, "--claims", file("part.json", { iss: "x", aud: "y" })],
      3,
      "not the claims of an identity token: sub is missing",
    ],
    ["a token that is none", ["--policy", sound, "--token-file", claimsFile], 3, "[IDENTITY_BAD_TOKEN]"],
    [
      "a context without a value",
      ["--policy", sound, "--claims", claimsFile, "--context", "x"],
      2,
      '--context "x": must be KEY=VALUE',
    ],
    ["no audience for a live token", ["--policy", sound], 2, "--audience is missing"],
    [
      "a name that the token cannot fill",
      ["--policy", sound, "--claims", claimsFile, "--role-session-name", "{email}"],
      2,
      "[USAGE_MISSING_CLAIM]",
    ],
    ["a flag of the role", ["--policy", sound, "--role-arn", "x"], 2, "[USAGE_UNKNOWN_FLAG]"],
  ])("%s fails", async (_, argv, status, message) => {
    const result = await evaluate(argv);
    expect(result.status).toBe(status);
    expect(result.stderr).toContain(message);
  });

  it("decides as the emulated STS does", async () => {
    for (const path of [sound, misplaced, open]) {
      const roles = [{ name: "R", trust_policy: JSON.parse(readFileSync(path, "utf8")), permissions: [] }];
      const other = await startCloud({ definition: parseDefinition({ roles }) });
      const argv = ["--role-arn", "arn:aws:iam::111122223333:role/R", "--audience", AUDIENCE];
      const real = await run(entry, ["credential-process", ...argv], { env: other.env });
      const said = await run(entry, ["trust-policy", "evaluate", "--policy", path, "--audience", AUDIENCE], {
        env: other.env,
      });
      await other.close();
      expect(said.status).toBe(real.status);
    }
  });
});

describe.each(entries)("trust-policy lint, $name", (entry: Entry) => {
  const lint = (...argv: string[]) => run(entry, ["trust-policy", "lint", ...argv], { env: cloud.env });
  const pipe = (stdin: string, ...argv: string[]) =>
    run(entry, ["trust-policy", "lint", ...argv], { env: cloud.env, stdin });

  it("has nothing to say of a sound policy", async () => {
    expect(await lint(sound)).toEqual({ status: 0, stdout: "0 errors, 0 warnings in 1 file\n", stderr: "" });
  });

  it("says where, what it shows and what to do", async () => {
    const { status, stdout, stderr } = await lint(sound, open, invalid);
    expect(status).toBe(7);
    expect(stderr).toContain("gcp2aws: 3 errors in trust policies [POLICY_FINDINGS]");
    expect(stdout).toContain(`${open}:10:20: error audience-only: `);
    expect(stdout).toContain("  at    $.Statement[0].Condition\n");
    expect(stdout).toContain("unknown-operator");
    expect(stdout).toMatch(/\n3 errors, 0 warnings in 3 files\n$/);
  });

  it("leaves the status alone for warnings", async () => {
    const { status, stdout } = await lint(file("wide.json", policy({ StringEquals: { [`${G}:sub`]: SUB } })));
    expect(status).toBe(0);
    expect(stdout).toContain("warning no-audience");
  });

  it("is read by programs and by code scanners", async () => {
    const json = await lint(open, "--format", "json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      files: [{ file: open, findings: [{ rule: "audience-only", line: 10 }] }],
    });
    const sarif = await lint(open, "--format", "sarif");
    expect(sarif.status).toBe(7);
    expect(JSON.parse(sarif.stdout)).toMatchObject({
      version: "2.1.0",
      runs: [{ results: [{ ruleId: "audience-only" }] }],
    });
  });

  it("reads standard input among the files", async () => {
    const { status, stdout } = await pipe(readFileSync(open, "utf8"), sound, "-");
    expect(status).toBe(7);
    expect(stdout).toContain("-:10:20: error audience-only: ");
    expect(stdout).toMatch(/\n1 error, 0 warnings in 2 files\n$/);
    const tooMuch = await pipe(" ".repeat(5_000_000), "-");
    expect(tooMuch).toMatchObject({ status: 6, stdout: "" });
    expect(tooMuch.stderr).toContain("gcp2aws: standard input not read: EFBIG [LOCAL_FILE]");
  });

  it("says what is in the others where a file cannot be read", async () => {
    const files = [`${directory}/gone.json`, open, directory];
    const gone = `${directory}/gone.json not read: ENOENT`;
    const unreadable = `${directory} not read: EISDIR`;
    const { status, stdout, stderr } = await lint(...files);
    expect(status).toBe(6);
    expect(stdout).toContain(`${open}:10:20: error audience-only: `);
    expect(stdout).toMatch(/\n1 error, 0 warnings in 1 file\n$/);
    expect(stderr.match(/^gcp2aws: .*/gm)).toEqual([
      `gcp2aws: ${gone} [LOCAL_FILE]`,
      `gcp2aws: ${unreadable} [LOCAL_FILE]`,
    ]);

    const json = await lint(...files, "--format", "json");
    expect(json).toMatchObject({ status, stderr });
    expect(JSON.parse(json.stdout)).toEqual({
      files: [
        { file: files[0], error: { code: "LOCAL_FILE", message: gone } },
        { file: open, findings: [expect.objectContaining({ rule: "audience-only" })] },
        { file: directory, error: { code: "LOCAL_FILE", message: unreadable } },
      ],
    });

    const sarif = await lint(...files, "--format", "sarif");
    expect(sarif).toMatchObject({ status, stderr });
    expect(JSON.parse(sarif.stdout)).toMatchObject({
      runs: [
        {
          invocations: [
            {
              executionSuccessful: false,
              toolExecutionNotifications: [
                { descriptor: { id: "LOCAL_FILE" }, level: "error", message: { text: gone } },
                {
                  message: { text: unreadable },
                  locations: [{ physicalLocation: { artifactLocation: { uri: directory } } }],
                },
              ],
            },
          ],
          results: [{ ruleId: "audience-only" }],
        },
      ],
    });
  });

  it.each<[string, string[], number, string]>([
    ["without a file", [], 2, "missing required argument"],
    ["another format", [sound, "--format", "xml"], 2, "Allowed choices are text, json, sarif"],
    ["a file that is not there", ["/nowhere.json"], 6, "[LOCAL_FILE]"],
    ["standard input twice", ["-", sound, "-"], 2, "standard input is given twice"],
  ])("%s fails", async (_, argv, status, message) => {
    const result = await lint(...argv);
    expect(result).toMatchObject({ status, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});

it.each(entries)("the group needs a command, $name", async (entry) => {
  const { status, stderr } = await run(entry, ["trust-policy"], { env: cloud.env });
  expect(status).toBe(2);
  expect(stderr).toContain("its own command is missing");
});

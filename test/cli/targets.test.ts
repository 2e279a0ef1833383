// Flags that stand in a file under a name, as every command takes them.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, credentialProcessEntries, entries, ROLE, run } from "./run.ts";

const yaml = (role = ROLE) => `targets:
  team-a: { role_arn: "${role}", audience: "${AUDIENCE}", region: us-east-1 }
  other:
    role_arn: arn:aws:iam::111122223333:role/NobodyKnows
    audience: ${AUDIENCE}
`;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

/** A home with the file in its usual place. */
function atHome(text = yaml(), mode = 0o644): { env: Record<string, string>; file: string } {
  const env = { ...cloud.env, HOME: cleanEnv()["HOME"] ?? "" };
  const folder = join(env.HOME, ".config", "gcp2aws");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "config.yaml");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return { env, file };
}

describe.each(credentialProcessEntries)("a target, $name", (entry) => {
  const secrets = () => cloud.secrets;

  it("stands for its flags", async () => {
    const { env } = atHome();
    const { status, stdout, stderr } = await run(entry, ["credential-process", "team-a"], { env, secrets: secrets() });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1 });
  });

  it("is found in another file, and flags win over it", async () => {
    const { file } = atHome();
    const argv = ["credential-process", "other", "--config", file, "--role-arn", ROLE];
    const { status } = await run(entry, argv, { env: { ...cloud.env, HOME: "/nowhere" }, secrets: secrets() });
    expect(status).toBe(0);
  });

  it("wins over variables", async () => {
    const { env } = atHome();
    const given = { ...env, GCP2AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/NobodyKnows" };
    expect((await run(entry, ["credential-process", "team-a"], { env: given })).status).toBe(0);
  });

  it.each([
    ["that is not there", "nobody", yaml(), '"nobody": no such target', "it has team-a other"],
    ["in a file that is no YAML", "team-a", "targets: [", "must be YAML", ""],
    [
      "with a mistake in it",
      "team-a",
      yaml().replace("region", "regoin"),
      '"regoin": no such setting',
      "did you mean region?",
    ],
  ])("%s is an error", async (_name, target, text, message, hint) => {
    const { env, file } = atHome(text);
    const { status, stdout, stderr } = await run(entry, ["credential-process", target], { env });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    for (const part of [message, hint, file]) expect(stderr).toContain(part);
  });

  it("is not looked for in a file that somebody else could write", async () => {
    const { env } = atHome(yaml(), 0o666);
    const { status, stderr } = await run(entry, ["credential-process", "team-a"], { env });
    expect(status).toBe(6);
    expect(stderr).toContain("config.yaml");
  });

  it("needs a file", async () => {
    const { status, stderr } = await run(entry, ["credential-process", "team-a"], { env: cleanEnv() });
    expect(status).toBe(2);
    expect(stderr).toMatch(/"team-a": a target, but .*\/\.config\/gcp2aws\/config\.yaml is not there/);
  });
});

describe.each(entries)("a target of other commands, $name", (entry) => {
  it("exec: before the command", async () => {
    const { env } = atHome();
    const argv = ["exec", "--static", "team-a", "--", "sh", "-c", "echo $AWS_REGION"];
    expect(await run(entry, argv, { env })).toEqual({ status: 0, stdout: "us-east-1\n", stderr: "" });
  });

  it("exec: without a command", async () => {
    const { env } = atHome();
    const { status, stderr } = await run(entry, ["exec", "team-a", "--"], { env });
    expect(status).toBe(2);
    expect(stderr).toContain("the command is missing");
  });

  it("exec: not behind the first --", async () => {
    const { env } = atHome();
    const flags = ["exec", "--role-arn", ROLE, "--audience", AUDIENCE];
    const argv = [...flags, "--", "env", "--", "sh", "-c", "echo ran"];
    expect(await run(entry, argv, { env })).toEqual({ status: 0, stdout: "ran\n", stderr: "" });
    const both = ["exec", "team-a", "--", "env", "--", "sh", "-c", "echo ran"];
    expect(await run(entry, both, { env })).toEqual({ status: 0, stdout: "ran\n", stderr: "" });
  });

  it("exec: a program of that name where no -- follows", async () => {
    const { env } = atHome();
    const argv = ["exec", "--role-arn", ROLE, "--audience", AUDIENCE, "echo", "team-a"];
    expect(await run(entry, argv, { env })).toEqual({ status: 0, stdout: "team-a\n", stderr: "" });
  });

  it.each([
    ["env", ["--format", "json"], "AWS_ACCESS_KEY_ID"],
    ["whoami", [], "assumed-role/RoleForAccessFromGCPTeamA"],
    ["token", ["--claims"], AUDIENCE],
  ])("%s", async (command, flags, shown) => {
    const { env } = atHome();
    const { status, stdout, stderr } = await run(entry, [command, "team-a", ...flags], { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(shown);
  });

  it("configure: writes the name and the file", async () => {
    const { env, file } = atHome();
    const { status } = await run(entry, ["configure", "--profile", "p", "team-a"], { env });
    expect(status).toBe(0);
    const written = readFileSync(join(env["HOME"] ?? "", ".aws", "config"), "utf8");
    expect(written).toContain(`credential-process team-a --config ${file}`);
    expect(written).toContain("region = us-east-1");
    expect(written).not.toContain("--role-arn");
  });

  it("write-credentials", async () => {
    const { env } = atHome();
    expect((await run(entry, ["write-credentials", "--profile", "p", "team-a"], { env })).status).toBe(0);
    expect(readFileSync(join(env["HOME"] ?? "", ".aws", "credentials"), "utf8")).toContain("aws_session_token");
  });

  it("serve: each with its own role, whatever --role-arn says of another", async () => {
    const { env, file } = atHome();
    const argv = [
      "serve",
      "--config",
      file,
      "team-a",
      "--role-arn",
      "arn:aws:iam::111122223333:role/NobodyKnows",
      "--audience",
      AUDIENCE,
    ];
    const { stderr } = await run(entry, [...argv, "--print-env", "nosuch"], { env });
    expect(stderr).toContain("name one of team-a NobodyKnows");
  });

  it("serve: names what is wrong with them", async () => {
    const { env, file } = atHome();
    const ask = async (...argv: string[]) => (await run(entry, ["serve", "--config", file, ...argv], { env })).stderr;
    expect(await ask("team-a", "team-a")).toContain('"team-a": is there twice');
    writeFileSync(file, "targets: {}\n");
    expect(await ask()).toContain("has no targets");
    for (const text of ["targets: { a: { region: *nope } }\n", "a: &a [x]\ntargets: *b\n"]) {
      writeFileSync(file, text);
      expect(await ask()).toContain("[USAGE_INVALID_VALUE]");
    }
    writeFileSync(file, "targets: { a: { role_arn: x, external_id: 12345678901234567890 } }\n");
    expect(await ask()).toContain('role_arn: "x"');
  });

  it("serve: all of the file, or those that are named", async () => {
    const { env, file } = atHome();
    for (const [names, ready] of [
      [[], ["other", "team-a"]],
      [["team-a"], ["team-a"]],
    ] as const) {
      const argv = ["--config", file, ...names, "--print-env", "nobody"];
      const { status, stderr } = await run(entry, ["serve", ...argv], { env });
      expect(status).toBe(2);
      const listed = /name one of (.*)/.exec(stderr)?.[1]?.split(" ") ?? [];
      expect(listed.toSorted((a, b) => a.localeCompare(b))).toEqual(ready);
    }
  });
});

// The profile of the AWS config file, as `gcp2aws configure` writes it.
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AUDIENCE, cleanEnv, entries, type Entry, ROLE, run } from "./run.ts";

const GIVEN = ["--role-arn", ROLE, "--audience", AUDIENCE];

/** A user with an empty home, or this config file in it. */
function user(entry: Entry, config?: string, extra: Record<string, string> = {}) {
  const env = cleanEnv(extra);
  const folder = join(env["HOME"] ?? "", ".aws");
  const file = join(folder, "config");
  mkdirSync(folder);
  if (config !== undefined) writeFileSync(file, config);
  return {
    folder,
    file,
    read: () => readFileSync(file, "utf8"),
    configure: (profile: string, flags: readonly string[] = []) =>
      run(entry, ["configure", "--profile", profile, ...flags], { env }),
  };
}

describe.each(entries)("configure, $name", (entry) => {
  // The path of the runtime and of the program, or of the executable, which holds both.
  const program = entry.command.join(" ");
  const process = `credential_process = ${program} credential-process --role-arn ${ROLE} --audience ${AUDIENCE}`;

  it("writes the profile of the blog, and says how to test it", async () => {
    const { configure, read, file, folder } = user(entry);
    const { status, stdout, stderr } = await configure("team-a", GIVEN);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(`${file} now has profile team-a:

  ${process}

To test it: aws sts get-caller-identity --profile team-a
`);
    expect(read()).toBe(
      `[profile team-a]\n# Written by gcp2aws configure: it replaces the keys that it writes.\n${process}\n`,
    );
    expect(lstatSync(file).mode & 0o777).toBe(0o600);
    expect((await configure("team-a", GIVEN)).stdout).toContain("already had profile team-a");
    expect(readdirSync(folder)).toEqual(["config"]);
  });

  it("writes the flags that are given, quoted where they must be, and the profile's region", async () => {
    const { configure, read } = user(entry, "[default]\nregion = us-east-1\n", { GCP2AWS_DURATION_SECONDS: "900" });
    const flags = [
      "--role-session-name",
      "{project_id}.{zone}",
      "--region",
      "eu-central-1",
      "--licenses",
      "--no-cache",
    ];
    expect((await configure("default", [...GIVEN, "--take-over", ...flags])).status).toBe(0);
    expect(read()).toBe(`[default]
# Written by gcp2aws configure: it replaces the keys that it writes.
region = eu-central-1
${process} --licenses --role-session-name "{project_id}.{zone}" --region eu-central-1 --no-cache
`);
  });

  it("only shows with --dry-run, also as JSON", async () => {
    const { configure, file } = user(entry);
    expect((await configure("team-a", [...GIVEN, "--dry-run"])).stdout).toContain("would get profile team-a:");
    const { stdout } = await configure("team-a", [...GIVEN, "--dry-run", "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      profile: "team-a",
      file,
      changed: true,
      dryRun: true,
      set: { credential_process: process.replace("credential_process = ", "") },
      shadows: [],
    });
    expect(existsSync(file)).toBe(false);
  });

  it("keeps the mode of the file, and every other byte", async () => {
    const others = "# mine\r\n[profile x]\r\nregion=r\r\n";
    const { configure, read, file } = user(entry, others);
    chmodSync(file, 0o644);
    expect((await configure("team-a", GIVEN)).status).toBe(0);
    expect(read().startsWith(`${others}\r\n[profile team-a]\r\n`)).toBe(true);
    expect(lstatSync(file).mode & 0o777).toBe(0o644);
  });

  it.each([
    ["[profile team-a]\nregion = r\n", "gcp2aws did not write profile team-a in line 1, and it has region"],
    ["[team-a]\n", "line 1 is [team-a], which this file does not take for a profile"],
    ["[profile x]\n[profile 'x']\n", "line 2 repeats section [profile x] of line 1"],
    ["region = r\n", "line 1 stands before the first section"],
  ])("refuses %j", async (text, why) => {
    const { configure, read } = user(entry, text);
    for (const flags of [[], ["--dry-run"]]) {
      const { status, stdout, stderr } = await configure("team-a", [...GIVEN, ...flags]);
      expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
      expect(stderr).toContain(why);
    }
    expect(read()).toBe(text);
  });

  it.each<[string[], string]>([
    [["--audience", AUDIENCE], "--role-arn is missing [USAGE_MISSING_FLAG]"],
    [["--role-arn", ROLE, "--audience", "https://example.com/$(id)"], "cannot stand in credential_process: it has $"],
    [["--role-arn", ROLE, "--audience", "a%PATH%"], "cannot stand in credential_process: it has %"],
    [["--role-arn", ROLE, "--audience", "ü"], "a character that is not printable ASCII"],
    [["--role-arn", ROLE, "--audience", "--x"], "--audience: its value is missing"],
    [["--role-arn", ROLE, "--audience", "a", "--duration-seconds", "5"], "must be a whole number from 900 to 43200"],
  ])("refuses %j", async (flags, why) => {
    const { configure, file } = user(entry, undefined, { GCP2AWS_ROLE_ARN: ROLE });
    const { status, stderr } = await configure("team-a", flags);
    expect(status).toBe(2);
    expect(stderr).toContain(why);
    expect(existsSync(file)).toBe(false);
  });

  it("refuses a name that is none, and wants one", async () => {
    const { configure } = user(entry);
    expect((await configure("a b", GIVEN)).stderr).toContain("[USAGE_INVALID_VALUE]");
    expect((await run(entry, ["configure", ...GIVEN])).stderr).toContain("[USAGE_MISSING_FLAG]");
  });

  it("warns of what comes first", async () => {
    const { configure, folder, file } = user(
      entry,
      "[profile team-a]\nrole_arn = r\nsso_session = s\naws_access_key_id = A\nweb_identity_token_file = f\n",
      { AWS_ACCESS_KEY_ID: "AKIA", AWS_PROFILE: "other" },
    );
    writeFileSync(join(folder, "credentials"), "[team-a]\naws_secret_access_key = S3CR3T\n[other]\nrole_arn = r\n");
    const { status, stdout, stderr } = await configure("team-a", [...GIVEN, "--take-over", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).shadows).toEqual([
      `${file}, line 3: role_arn`,
      `${file}, line 4: sso_session`,
      `${file}, line 5: aws_access_key_id`,
      `${file}, line 6: web_identity_token_file`,
      `${join(folder, "credentials")}, line 2: aws_secret_access_key`,
      "AWS_ACCESS_KEY_ID is set: it comes first unless --profile is given, as in aws --profile team-a",
      "AWS_PROFILE is set, to another profile: other",
    ]);
    expect(stderr).toContain("AWS tools may take other credentials [LOCAL_SHADOWED]");
    expect(stdout + stderr).not.toContain("S3CR3T");
  });
});

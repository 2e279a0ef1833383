import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { cleanEnv, entries, FLAGS, run } from "./run.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

const flags = FLAGS.slice(1);
const expected = {
  AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA[A-Z0-9]{16}$/),
  AWS_SECRET_ACCESS_KEY: expect.stringMatching(/^\S{40}$/),
  AWS_SESSION_TOKEN: expect.stringMatching(/^\S+$/),
  AWS_CREDENTIAL_EXPIRATION: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  AWS_ACCOUNT_ID: "111122223333",
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
};

describe.each(entries)("env, $name", (entry) => {
  const env = (argv: readonly string[], more: Record<string, string> = {}) =>
    run(entry, ["env", ...flags, ...argv], { env: { ...cloud.env, ...more }, secrets: cloud.secrets });

  it("prints for a POSIX shell unless told otherwise", async () => {
    const { status, stdout, stderr } = await env([]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^unset [A-Z_ ]*AWS_PROFILE[A-Z_ ]*\n(export AWS_[A-Z_]+='[^'\n]+'\n){7}$/);
  });

  it("json says what to set and what to unset", async () => {
    const { stdout } = await env(["--format", "json", "--region", "us-east-1"]);
    expect(JSON.parse(stdout)).toEqual({ set: expected, unset: expect.arrayContaining(["AWS_PROFILE"]) });
  });

  it("dotenv is what Node reads", async () => {
    const { stdout } = await env(["--format=dotenv"]);
    expect({ ...parseEnv(stdout) }).toEqual(expected);
  });

  it("is answered by the cache that credential-process fills", async () => {
    const own = { ...cloud.env, ...cleanEnv(), GCP2AWS_CACHE: "on" };
    const first = await run(entry, FLAGS, { env: own, secrets: cloud.secrets });
    const before = cloud.aws.requests.length;
    const { stdout } = await env(["--format", "json"], own);
    expect(JSON.parse(stdout).set.AWS_ACCESS_KEY_ID).toBe(JSON.parse(first.stdout).AccessKeyId);
    expect(cloud.aws.requests.length).toBe(before);
  });

  it("github-actions masks on stdout, and adds to the file", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "gcp2aws-actions-")), "set_env");
    writeFileSync(file, "EARLIER=1\n");
    const { status, stdout, stderr } = await env(["--format", "github-actions"], { GITHUB_ENV: file });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^(::add-mask::\S+\n){3}$/);
    const text = readFileSync(file, "utf8");
    expect(text).toMatch(/^EARLIER=1\n(AWS_[A-Z_]+<<GCP2AWS_END\n\S+\nGCP2AWS_END\n){7}$/);
    const secret = /^AWS_SECRET_ACCESS_KEY<<GCP2AWS_END\n(\S+)$/m.exec(text)?.[1];
    expect(stdout).toContain(`::add-mask::${secret}\n`);
  });

  it("github-actions needs its file", async () => {
    const before = cloud.metadata.requests.length;
    const nowhere = await env(["--format", "github-actions"]);
    expect(nowhere).toMatchObject({ status: 2, stdout: "" });
    expect(nowhere.stderr).toContain("GITHUB_ENV is not set [USAGE_INVALID_VALUE]");
    expect(cloud.metadata.requests.length).toBe(before);

    const missing = join(mkdtempSync(join(tmpdir(), "gcp2aws-actions-")), "not-there");
    const { status, stderr } = await run(entry, ["env", ...flags, "--format", "github-actions"], {
      env: { ...cloud.env, GITHUB_ENV: missing },
    });
    expect(status).toBe(6);
    expect(stderr).toContain("not written: ENOENT [LOCAL_FILE]");
    expect(existsSync(missing)).toBe(false);
  });

  it("prints nothing to be evaluated when it fails", async () => {
    const refused = await env(["--service-account", "team-b@example-project.iam.gserviceaccount.com"]);
    expect(refused).toMatchObject({ status: 4, stdout: "" });
    expect(refused.stderr).toContain("[STS_ACCESS_DENIED]");
    const unknown = await env(["--format", "csh"]);
    expect(unknown).toMatchObject({ status: 2, stdout: "" });
    expect(unknown.stderr).toContain("Allowed choices are sh, fish, powershell, dotenv, json, github-actions.");
  });

  it("says in its help that these do not refresh", async () => {
    const { stdout } = await env(["--help"]);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("do not refresh");
    expect(stdout).toContain("gcp2aws exec");
  });
});

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flags as table, variableOf } from "../../src/flags.ts";
import { version } from "../../src/version.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, credentialProcessEntries, FLAGS, ROLE, run } from "./run.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

describe.each(credentialProcessEntries)("credential-process, $name", (entry) => {
  const story = (argv: readonly string[], env: Record<string, string> = {}) =>
    run(entry, argv, { env: { ...cloud.env, ...env }, secrets: cloud.secrets });

  it("prints one line of JSON, and nothing else anywhere", async () => {
    const { status, stdout, stderr } = await story(FLAGS);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(stdout)).toEqual({
      Version: 1,
      AccessKeyId: expect.stringMatching(/^ASIA[A-Z0-9]{16}$/),
      SecretAccessKey: expect.stringMatching(/^\S{40}$/),
      SessionToken: expect.stringMatching(/^\S+$/),
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      AccountId: "111122223333",
    });
    expect(cloud.secrets.token.size).toBeGreaterThan(0);
    expect(cloud.secrets.result.size).toBeGreaterThan(0);
  });

  it("takes everything from the environment", async () => {
    const { status, stdout } = await story(["credential-process"], {
      GCP2AWS_ROLE_ARN: ROLE,
      GCP2AWS_AUDIENCE: AUDIENCE,
      GCP2AWS_DURATION_SECONDS: "900",
    });
    expect(status).toBe(0);
    const expiration = Date.parse(String(JSON.parse(stdout).Expiration));
    expect(expiration - Date.now()).toBeLessThanOrEqual(901_000);
  });

  it("lets a flag win over its variable", async () => {
    const { status } = await story(FLAGS, { GCP2AWS_AUDIENCE: "https://wrong.example.com" });
    expect(status).toBe(0);
  });

  it("asks for the service account, format and licenses that it was told", async () => {
    const before = cloud.metadata.requests.length;
    await story([...FLAGS, "--service-account", "team-b@example-project.iam.gserviceaccount.com", "--licenses"]);
    expect(cloud.metadata.requests[before]).toBe(
      "GET /computeMetadata/v1/instance/service-accounts/team-b@example-project.iam.gserviceaccount.com/identity?audience=https%3A%2F%2Faws.example.com&format=full&licenses=TRUE",
    );
  });

  it.each<[string, string[], RegExp]>([
    [
      "an unknown flag",
      ["--rolearn", ROLE],
      /^gcp2aws: credential-process "--rolearn": no such flag \[USAGE_UNKNOWN_FLAG\]\nhint: the flags are --role-arn /,
    ],
    [
      "a malformed ARN",
      ["--role-arn", "RoleX", "--audience", AUDIENCE],
      /^gcp2aws: --role-arn "RoleX": must be the ARN of an IAM role \[USAGE_INVALID_VALUE\]\nhint: for example --role-arn arn:aws:iam::/,
    ],
    [
      "a duration out of range",
      [...FLAGS.slice(1), "--duration-seconds", "60"],
      /--duration-seconds "60": must be a whole number from 900 to 43200/,
    ],
    [
      "a session name that STS refuses",
      [...FLAGS.slice(1), "--role-session-name", "a b"],
      /--role-session-name "a b": must be 2 to 64 of/,
    ],
    [
      "an endpoint in the clear",
      [...FLAGS.slice(1), "--sts-endpoint", "http://sts.example.com"],
      /--sts-endpoint "http:\/\/sts.example.com": must be an https URL/,
    ],
    ["no role", ["--audience", AUDIENCE], /^gcp2aws: --role-arn is missing \[USAGE_MISSING_FLAG\]/],
  ])("%s fails before any request", async (_, flags, message) => {
    const before = cloud.metadata.requests.length + cloud.aws.requests.length;
    const { status, stdout, stderr } = await story(["credential-process", ...flags]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(cloud.metadata.requests.length + cloud.aws.requests.length).toBe(before);
  });

  it("explains itself", async () => {
    const { status, stdout, stderr } = await story(["credential-process", "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const flag of table) {
      expect(stdout).toContain(`--${flag.name} `);
      expect(stdout).toContain(variableOf(flag));
    }
    expect((await story(["--version"])).stdout).toBe(`${version}\n`);
    if (entry.name === "native helper") return;
    expect((await story(["credental-process"])).stderr).toContain(
      '"credental-process": no such command [USAGE_UNKNOWN_COMMAND]',
    );
    expect(await story([])).toMatchObject({ status: 2, stdout: "" });
  });

  it("never goes through a proxy", async () => {
    const proxy = "http://127.0.0.1:9";
    const { status } = await story(FLAGS, {
      HTTP_PROXY: proxy,
      http_proxy: proxy,
      HTTPS_PROXY: proxy,
      ALL_PROXY: proxy,
      NODE_USE_ENV_PROXY: "1",
    });
    expect(status).toBe(0);
  });

  it("says when its output cannot be written", async () => {
    const { status, stderr } = await run(entry, FLAGS, {
      env: cloud.env,
      secrets: cloud.secrets,
      stdoutFile: "/dev/full",
    });
    expect(status).toBe(6);
    expect(stderr).toContain("output not written: ENOSPC [LOCAL_OUTPUT]");
  });

  it("obeys no file of the directory it is started in", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "gcp2aws-hostile-"));
    writeFileSync(join(cwd, ".env"), "GCP2AWS_AUDIENCE=https://evil.example.com\nGCP2AWS_ROLE_ARN=x\n");
    writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./evil.js"]\n');
    writeFileSync(join(cwd, "evil.js"), 'require("node:fs").writeFileSync("owned", "1"); console.log("owned");');
    const { status, stdout, stderr } = await run(entry, ["credential-process"], { env: cloud.env, cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("--role-arn is missing");
  });
});

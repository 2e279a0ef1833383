import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { cleanEnv, entries, type Entry, FLAGS, run } from "./run.ts";

interface Running {
  metadataUrl: string;
  env: Record<string, string>;
  stop: () => Promise<number | null>;
}

const running: Running[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ stop }) => stop()));
});

/** Starts `gcp2aws emulate` and waits for the line that says where it listens. */
async function emulate(entry: Entry, argv: readonly string[] = []): Promise<Running> {
  const [program, ...first] = entry.command;
  const child = spawn(program, [...first, "emulate", "--json", ...argv], {
    env: cleanEnv(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<number | null>((done) => child.on("exit", done));
  const line = await new Promise<string>((done, fail) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("\n")) done(text);
    });
    child.on("exit", () => fail(new Error("it ended early")));
  });
  const stop = () => {
    child.kill("SIGTERM");
    return exited;
  };
  const started: Running = { ...JSON.parse(line), stop };
  running.push(started);
  return started;
}

describe.each(entries)("emulate, $name", (entry) => {
  it("is all that credential-process needs, and ends cleanly", async () => {
    const { env, stop } = await emulate(entry);
    const result = await run(entry, FLAGS, { env: cleanEnv(env) });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(await stop()).toBe(0);
  });

  it("takes roles and workload from a YAML file, and leaves CloudTrail's records", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gcp2aws-emulate-"));
    writeFileSync(
      join(folder, "world.yaml"),
      `account_id: "999988887777"
workload: { platform: gke }
service_accounts: [{ email: pod@p-1.iam.gserviceaccount.com, unique_id: "42" }]
roles:
  - name: Pod
    trust_policy:
      Version: "2012-10-17"
      Statement:
        Effect: Allow
        Principal: { Federated: accounts.google.com }
        Action: sts:AssumeRoleWithWebIdentity
        Condition: { StringEquals: { "accounts.google.com:sub": "42", "accounts.google.com:oaud": pod } }
    permissions: []
`,
    );
    const { env } = await emulate(entry, [
      "--config",
      join(folder, "world.yaml"),
      "--cloudtrail",
      join(folder, "trail"),
    ]);
    const flags = ["credential-process", "--role-arn", "arn:aws:iam::999988887777:role/Pod", "--audience"];
    expect(await run(entry, [...flags, "pod"], { env: cleanEnv(env) })).toMatchObject({ status: 0, stderr: "" });
    expect(await run(entry, [...flags, "other"], { env: cleanEnv(env) })).toMatchObject({ status: 4, stdout: "" });

    const files = readdirSync(join(folder, "trail"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".json.gz"),
    );
    const text = files.map((name) => gunzipSync(readFileSync(join(folder, "trail", name))).toString("utf8"));
    const records = text.flatMap((part) => JSON.parse(part).Records as { eventName: string; errorCode?: string }[]);
    expect(files[0]).toMatch(
      /^AWSLogs\/999988887777\/CloudTrail\/us-east-1\/\d{4}\/\d\d\/\d\d\/999988887777_CloudTrail_us-east-1_\d{8}T\d{4}Z_\w{16}\.json\.gz$/,
    );
    expect(
      records
        .map(({ eventName, errorCode }) => [eventName, errorCode ?? "ok"].join(" "))
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(["AssumeRoleWithWebIdentity AccessDenied", "AssumeRoleWithWebIdentity ok"]);
  });

  it.each<[string, string[], RegExp]>([
    [
      "a fault it does not know",
      ["--fault", "sts:earthquake"],
      /fault "sts:earthquake" is not TARGET:KIND.*for example.*\[USAGE_INVALID_VALUE\]/,
    ],
    ["a port that is none", ["--aws-port", "http"], /port from 0 to 65535.*\[USAGE_INVALID_VALUE\]/],
    ["an unknown flag", ["--fualt", "x"], /--fualt.*\[USAGE_UNKNOWN_FLAG\]/],
    ["a stray word", ["now"], /\[USAGE_UNKNOWN_FLAG\]/],
  ])("%s is refused", async (_name, argv, message) => {
    const { status, stdout, stderr } = await run(entry, ["emulate", ...argv]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("says what is wrong with a definition, and where", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "gcp2aws-emulate-")), "bad.json");
    writeFileSync(
      file,
      '{"roles": [{"name": "R", "trust_policy": {"Statement": [{"Effect": "Maybe"}]}, "permissions": []}]}',
    );
    const { status, stderr } = await run(entry, ["emulate", "--config", file]);
    expect(status).toBe(2);
    expect(stderr).toContain("roles.0.trust_policy");
    const missing = await run(entry, ["emulate", "--config", `${file}.nowhere`]);
    expect(missing.status).toBe(6);
    expect(missing.stderr).toContain("not read: ENOENT [LOCAL_FILE]");
  });

  it("says at once when CloudTrail's folder cannot be written", async () => {
    const { status, stdout, stderr } = await run(entry, ["emulate", "--cloudtrail", "/dev/null/trail"]);
    expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
    expect(stderr).toContain("[LOCAL_FILE]");
  });

  it("says when a port is taken", async () => {
    const { metadataUrl } = await emulate(entry);
    const { status, stderr } = await run(entry, ["emulate", "--metadata-port", new URL(metadataUrl).port]);
    expect(status).toBe(6);
    expect(stderr).toContain("[LOCAL_PORT]");
  });
});

import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, type Entry, entries, run } from "./run.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const place = () => join(mkdtempSync(join(tmpdir(), "gcp2aws-token-")), "token");

async function until(condition: () => boolean): Promise<void> {
  for (const giveUp = Date.now() + 20_000; !condition();) {
    if (Date.now() > giveUp) throw new Error("it did not come true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** `gcp2aws token --watch` until it is told to end. */
function watching(entry: Entry, file: string, env: Record<string, string>) {
  const [program, ...first] = entry.command;
  const child = spawn(program, [...first, "token", "--audience", AUDIENCE, "--output", file, "--watch"], { env });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, output, ended };
}

describe.each(entries)("token, $name", (entry) => {
  /** Secrets are looked for where they must not be; the token itself may be on stdout. */
  const token = (argv: readonly string[], env: Record<string, string> = {}) =>
    run(entry, ["token", "--audience", AUDIENCE, ...argv], { env: { ...cloud.env, ...env } });

  it("takes the place of no pipe, device or link", async () => {
    const file = place();
    spawnSync("mkfifo", [file]);
    symlinkSync("/dev/null", `${file}-link`);
    for (const path of [file, `${file}-link`, "/dev/null"]) {
      const { status, stderr } = await token(["--output", path]);
      expect(status).toBe(6);
      expect(stderr).toContain("no regular file");
    }
    expect(lstatSync(file).isFIFO()).toBe(true);
    expect(lstatSync(`${file}-link`).isSymbolicLink()).toBe(true);
  });

  it("prints the token, and not even a line feed after it", async () => {
    const { status, stdout, stderr } = await token([]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(JWT);
    expect(cloud.secrets.token).toContain(stdout);
  });

  it.each([[[]], [["--once"]]])("puts it into a file of this user alone: %j", async (how) => {
    const file = place();
    writeFileSync(file, "older", { mode: 0o644 });
    const { status, stdout, stderr } = await run(entry, ["token", "--audience", AUDIENCE, "--output", file, ...how], {
      env: cloud.env,
      secrets: cloud.secrets,
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(file, "utf8")).toMatch(JWT);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(file, ".."))).toEqual(["token"]);
  });

  it("shows what is in it, and never the token", async () => {
    for (const how of [[], ["--json"]]) {
      const { status, stdout, stderr } = await run(entry, ["token", "--audience", AUDIENCE, "--claims", ...how], {
        env: cloud.env,
        secrets: cloud.secrets,
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(JSON.parse(stdout)).toEqual({
        header: expect.objectContaining({ alg: "RS256" }),
        claims: expect.objectContaining({ aud: AUDIENCE, sub: "100111222333444555666" }),
        times: {
          issued: expect.stringMatching(/Z, \d+ s ago$/),
          expires: expect.stringMatching(/Z, in (1 h|59 min)$/),
        },
      });
      expect(stdout.split("\n").length > 2).toBe(how.length === 0);
      for (const secret of cloud.secrets.token) expect(stdout).not.toContain(secret.split(".")[2]);
    }
  });

  it("waits for the metadata server of a young pod", async () => {
    const young = await startCloud({ faults: ["metadata:status=503@2"] });
    const file = place();
    const { status, stderr } = await token(["--output", file, "--once"], young.env);
    await young.close();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(readFileSync(file, "utf8")).toMatch(JWT);
  });

  it.each<[string, string[], number, string]>([
    ["--once with --watch", ["--output", "f", "--once", "--watch"], 2, "'--once' cannot be used with option '--watch'"],
    ["--watch without a file", ["--watch"], 2, "token --watch: goes with --output FILE [USAGE_INVALID_VALUE]"],
    ["--once without a file", ["--once"], 2, "token --once: goes with --output FILE"],
    [
      "--claims into a file",
      ["--claims", "--output", "f"],
      2,
      "'--claims' cannot be used with option '--output <FILE>'",
    ],
    ["--json alone", ["--json"], 2, "token --json: goes with --claims"],
    ["a flag of the role", ["--role-arn", "x"], 2, "[USAGE_UNKNOWN_FLAG]"],
    [
      "a directory that is not there",
      ["--output", "/proc/nowhere/token"],
      6,
      "/proc/nowhere/token not written: ENOENT [LOCAL_FILE]",
    ],
    ["no such account", ["--service-account", "nobody@example.com"], 3, "[IDENTITY_NOT_FOUND]"],
  ])("%s fails", async (_, argv, status, message) => {
    const result = await run(entry, ["token", "--audience", AUDIENCE, ...argv], {
      env: cloud.env,
      secrets: cloud.secrets,
      cwd: mkdtempSync(join(tmpdir(), "gcp2aws-cwd-")),
    });
    expect(result).toMatchObject({ status, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  it("leaves the file alone when there is no new token", async () => {
    const file = place();
    writeFileSync(file, "older");
    const { status } = await token(["--output", file, "--timeout", "1"], { GCE_METADATA_HOST: "127.0.0.1:9" });
    expect(status).toBe(3);
    expect(readFileSync(file, "utf8")).toBe("older");
    // A directory is in its place: nothing is left beside it.
    const blocked = place();
    mkdirSync(blocked);
    chmodSync(blocked, 0o700);
    expect((await token(["--output", blocked])).stderr).toContain("no regular file");
    expect(readdirSync(join(blocked, ".."))).toEqual(["token"]);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("--watch ends well by %s, and leaves the file", async (signal) => {
    const file = place();
    const { child, output, ended } = watching(entry, file, cloud.env);
    await until(() => existsSync(file));
    // It stays.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.exitCode).toBeNull();
    child.kill(signal);
    expect(await ended).toBe(0);
    expect(output).toEqual({ stdout: "", stderr: "" });
    expect(readFileSync(file, "utf8")).toMatch(JWT);
  });

  it("--watch ends well while it waits for the first token, and badly when there is none", async () => {
    const slow = await startCloud({ faults: ["metadata:latency=4000"] });
    const file = place();
    const { child, ended } = watching(entry, file, slow.env);
    await until(() => slow.metadata.requests.length > 0);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    await slow.close();
    expect(existsSync(file)).toBe(false);

    const { status, stderr } = await token(["--output", file, "--watch", "--timeout", "3"], {
      GCE_METADATA_HOST: "127.0.0.1:9",
    });
    expect(status).toBe(3);
    expect(stderr).toContain("[IDENTITY_UNREACHABLE]");
  });
});

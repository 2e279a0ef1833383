import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, credentialProcessEntries, entries, ROLE, run } from "./run.ts";

const FLAGS = ["credential-process", "--role-arn", ROLE];

/** Has Node come back from starting a program long after that runs, as on a busy machine; the others do not read it. */
const SLOW_SPAWN = encodeURIComponent(`
  import child from "node:child_process";
  import { syncBuiltinESMExports } from "node:module";
  const { spawn } = child;
  child.spawn = (...all) => {
    const started = spawn(...all);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    return started;
  };
  syncBuiltinESMExports();
`);

describe.each(credentialProcessEntries)("a command that prints a token, $name", (entry) => {
  let cloud: Cloud;
  let token: string;
  beforeAll(async () => {
    cloud = await startCloud();
    const [full] = entries;
    if (full === undefined) throw new Error("nothing to run");
    // Here the token is what is wanted on stdout.
    token = (await run(full, ["token", "--audience", AUDIENCE], { env: cloud.env })).stdout;
  });
  afterAll(() => cloud.close());
  const isHelper = entry.name === "native helper";

  /** A shell script in a directory with a space in its name, and the environment of a machine that is no cloud. */
  const script = (body: string) => {
    const { HOME = "" } = cleanEnv();
    const folder = join(HOME, "my tools");
    mkdirSync(folder);
    writeFileSync(join(folder, "token.txt"), `${token}\n`);
    const path = join(folder, "print-token");
    writeFileSync(path, `#!/bin/sh\ncd "${folder}"\n${body}\n`);
    chmodSync(path, 0o755);
    return { command: `"${path}"`, folder, env: { ...cloud.env, GCE_METADATA_HOST: "127.0.0.1:1", HOME } };
  };
  const runWith = (command: string, env: Record<string, string>, argv: readonly string[] = []) =>
    run(entry, [...FLAGS, "--identity-token-command", command, ...argv], { env, secrets: cloud.secrets });

  it("is run without a shell, and told the audience", async () => {
    const { command, folder, env } = script(
      'printf "%s|" "$@" "$GCP2AWS_AUDIENCE" "$GCP2AWS_IDENTITY_TOKEN_COMMAND" > said; cat token.txt',
    );
    const result = await runWith(`${command} --for "a b" $HOME ; '*'`, env, ["--audience", AUDIENCE]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1, AccountId: "111122223333" });
    expect(readFileSync(join(folder, "said"), "utf8")).toBe(`--for|a b|$HOME|;|'*'|${AUDIENCE}||`);
  });

  it.each([
    ["below a file", (folder: string) => join(folder, "token.txt", "x"), "ENOTDIR"],
    ["that is no program", (folder: string) => join(folder, "token.txt"), "EACCES"],
  ])("is not run where it is %s", async (_name, place, code) => {
    const { folder, env } = script("cat token.txt");
    const { status, stderr } = await runWith(`"${place(folder)}"`, env);
    expect(status).toBe(3);
    expect(stderr).toContain(`was not started: ${code}`);
  });

  it("can be said in a variable, and needs no audience", async () => {
    const { command, env } = script("cat token.txt");
    const result = await run(entry, FLAGS, {
      env: { ...env, GCP2AWS_IDENTITY_TOKEN_COMMAND: command },
      secrets: cloud.secrets,
    });
    expect(result).toMatchObject({ status: 0, stderr: "" });
  });

  it.each([
    ["a status", "echo no luck >&2; exit 7", "ended with status 7", "it said: no luck"],
    ["its token on stderr", "cat token.txt >&2; exit 1", "ended with status 1", "it said: [token]"],
    [
      "its token on stderr, in lines",
      "fold -w 64 token.txt >&2; exit 1",
      "ended with status 1",
      "not shown: it holds a token",
    ],
    ["a signal", "kill -SEGV $$", "was ended by SIGSEGV", "run it by hand"],
    ["too much", "yes", "printed more than 65536 bytes", "nothing else"],
    ["nothing", "true", "printed nothing", "[IDENTITY_NOT_FOUND]"],
    ["something else", "echo hello", "not an identity token", "[IDENTITY_BAD_TOKEN]"],
  ])("that ends with %s is an error", async (_, body, what, more) => {
    const { command, env } = script(body);
    const { status, stdout, stderr } = await runWith(command, env);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toContain(what);
    expect(stderr).toContain(more);
  });

  it.each([
    ["/nowhere/print-token", "was not started: ENOENT"],
    ["/etc/passwd", "was not started: EACCES"],
  ])("%s is an error", async (command, what) => {
    const { env } = script("true");
    const { status, stderr } = await runWith(command, env);
    expect(status).toBe(3);
    expect(stderr).toContain(`${what} [IDENTITY_COMMAND]`);
  });

  it("is killed at the end of its time, with what it has started", async () => {
    const { command, folder, env } = script("sleep 60 & echo $! > pid; echo waiting >&2; wait");
    const { status, stderr } = await runWith(command, env, ["--timeout", "5"]);
    expect(status).toBe(3);
    expect(stderr).toContain("took too long");
    expect(stderr).toContain("it said: waiting");
    await expect.poll(() => isRunning(join(folder, "pid")), { timeout: 10_000 }).toBe(false);
  });

  it("is killed when it has ended itself, but what it has started holds its stdout open", async () => {
    const { command, folder, env } = script("sleep 60 & echo $! > pid; cat token.txt");
    const { status, stderr } = await runWith(command, env, ["--timeout", "1"]);
    expect(status).toBe(3);
    expect(stderr).toContain("close its stdout");
    await expect.poll(() => isRunning(join(folder, "pid")), { timeout: 10_000 }).toBe(false);
  });

  it("is killed when gcp2aws is ended", async () => {
    const { command, folder, env } = script("sleep 60 & echo $! > pid; wait");
    const [program, ...first] = entry.command;
    const child = spawn(program, [...first, ...FLAGS, "--identity-token-command", command], {
      env: { ...env, NODE_OPTIONS: `--import "data:text/javascript,${SLOW_SPAWN}"` },
      stdio: "ignore",
    });
    const ended = new Promise((done) => child.on("exit", (_, signal) => done(signal)));
    await expect.poll(() => isRunning(join(folder, "pid")), { timeout: 10_000 }).toBe(true);
    child.kill("SIGTERM");
    expect(await ended).toBe("SIGTERM");
    await expect.poll(() => isRunning(join(folder, "pid")), { timeout: 10_000 }).toBe(false);
  });

  it.skipIf(isHelper).each([
    ["token --watch", (home: string) => ["token", "--audience", AUDIENCE, "--output", join(home, "t"), "--watch"]],
    ["write-credentials --watch", () => ["write-credentials", "--role-arn", ROLE, "--profile", "x", "--watch"]],
    ["serve", () => ["serve", "--role-arn", ROLE, "--listen", "127.0.0.1:0"]],
  ])("is killed when %s is ended, which ends well", async (_, argv) => {
    const { command, folder, env } = script("sleep 60 & echo $! > pid; wait");
    const [program, ...first] = entry.command;
    const child = spawn(program, [...first, ...argv(folder), "--identity-token-command", command], {
      env,
      stdio: "ignore",
    });
    const ended = new Promise((done) => child.on("exit", (status, signal) => done(signal ?? status)));
    await expect.poll(() => isRunning(join(folder, "pid")), { timeout: 20_000 }).toBe(true);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    await expect.poll(() => isRunning(join(folder, "pid")), { timeout: 10_000 }).toBe(false);
  });

  it("reads no stdin", async () => {
    const { command, env } = script("cat; cat token.txt");
    expect(await runWith(command, env)).toMatchObject({ status: 0 });
  });

  it.skipIf(isHelper)("can be gcp2aws itself", async () => {
    const { env } = script("true");
    const own = entry.command.join(" ");
    const { status, stdout } = await run(entry, ["whoami"], {
      env: {
        ...env,
        GCE_METADATA_HOST: cloud.env["GCE_METADATA_HOST"] ?? "",
        GCP2AWS_ROLE_ARN: ROLE,
        GCP2AWS_AUDIENCE: AUDIENCE,
        GCP2AWS_IDENTITY_TOKEN_COMMAND: `${own} token`,
      },
      secrets: cloud.secrets,
    });
    expect(status).toBe(0);
    expect(stdout).toContain(`token from  command ${entry.command[0]}: --identity-token-command or`);
  });
});

/** Whether the process that a file names is there; one that has ended and that nobody has asked for is not. */
function isRunning(file: string): boolean {
  const pid = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  const state = `/proc/${pid}/stat`;
  return pid !== "" && existsSync(state) && !/\) Z /.test(readFileSync(state, "utf8"));
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, entries, ROLE, run, runProgram } from "./run.ts";

const FLAGS = ["exec", "--role-arn", ROLE, "--audience", AUDIENCE];

/** In a shell script that counts signals in `n`: waits for the first of them, for ten seconds or so. */
const UNTIL_TOLD = "i=0; while [ $n = 0 ] && [ $i -lt 200 ]; do i=$((i+1)); sleep 0.05; done";

describe.each(entries)("gcp2aws exec, $name", (entry) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud();
  });
  afterAll(() => cloud.close());
  const home = () => cleanEnv()["HOME"] ?? "";
  const sh = (script: string, flags: string[] = [], env: Record<string, string> = {}) =>
    run(entry, [...FLAGS, ...flags, "--", "sh", "-c", script], { env: { ...cloud.env, HOME: home(), ...env } });

  it("gives the command a server of its own, and nothing that comes before it", async () => {
    const others = {
      AWS_PROFILE: "x",
      AWS_DEFAULT_PROFILE: "x",
      AWS_ACCESS_KEY_ID: "x",
      AWS_SECRET_ACCESS_KEY: "x",
      AWS_SESSION_TOKEN: "x",
      AWS_SECURITY_TOKEN: "x",
      AWS_ROLE_ARN: "x",
      AWS_WEB_IDENTITY_TOKEN_FILE: "/x",
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/x",
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/x",
      AWS_REGION: "eu-central-1",
      AWS_MAX_ATTEMPTS: "7",
    };
    const { status, stdout, stderr } = await sh("env | grep ^AWS_ | sort", [], others);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(
      stdout
        .replace(/:\d+\//, ":PORT/")
        .replace(/TOKEN=[\w-]{43}$/m, "TOKEN=RANDOM")
        .split("\n"),
    ).toEqual([
      "AWS_CONTAINER_AUTHORIZATION_TOKEN=RANDOM",
      "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:PORT/role/exec",
      "AWS_DEFAULT_REGION=eu-central-1",
      "AWS_EC2_METADATA_DISABLED=true",
      `AWS_ENDPOINT_URL_STS=${cloud.aws.url}`,
      "AWS_MAX_ATTEMPTS=7",
      "AWS_REGION=eu-central-1",
      "",
    ]);
  });

  it("answers that command, and ends with it", async () => {
    const file = join(home(), "answer");
    const client = `fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { Authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } })
      .then((answer) => answer.json())
      .then(({ RoleArn, Expiration }) => require("node:fs").writeFileSync(process.argv[1], JSON.stringify({ RoleArn, Expiration, uri: process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI })))`;
    const env = { ...cloud.env, HOME: home() };
    expect(await run(entry, [...FLAGS, "--", process.execPath, "-e", client, file], { env })).toMatchObject({
      status: 0,
      stderr: "",
    });
    const answer = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
    expect(answer).toMatchObject({ RoleArn: ROLE, Expiration: expect.stringMatching(/Z$/) });
    await expect(fetch(answer["uri"] ?? "")).rejects.toThrow();
  });

  it("hides credentials of the default profile, which every SDK would take first", async () => {
    const folder = home();
    mkdirSync(join(folder, ".aws"));
    writeFileSync(
      join(folder, ".aws", "credentials"),
      "[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = x\n",
    );
    writeFileSync(
      join(folder, ".aws", "config"),
      "[profile a]\nrole_arn = arn:aws:iam::1:role/x\n[default]\nregion = eu-west-1\n",
    );
    const show = 'echo "${AWS_SHARED_CREDENTIALS_FILE-none} ${AWS_CONFIG_FILE-none}"';
    const first = await run(entry, [...FLAGS, "--", "sh", "-c", show], { env: { ...cloud.env, HOME: folder } });
    expect(first).toEqual({ status: 0, stdout: "/dev/null none\n", stderr: "" });
    writeFileSync(join(folder, ".aws", "config"), "[default]\nsso_session = x\n");
    const second = await run(entry, [...FLAGS, "--", "sh", "-c", show], { env: { ...cloud.env, HOME: folder } });
    expect(second).toMatchObject({ status: 0, stdout: "/dev/null /dev/null\n" });
    expect(second.stderr).toContain("its default profile has sso_session, which would be taken first [LOCAL_SHADOWED]");
  });

  it.each<[string, (folder: string) => Record<string, string>]>([
    [
      "everybody may write",
      (folder) => {
        chmodSync(join(folder, ".aws", "credentials"), 0o666);
        return {};
      },
    ],
    [
      "has a second name",
      (folder) => {
        linkSync(join(folder, ".aws", "credentials"), join(folder, "second"));
        return {};
      },
    ],
    [
      "is larger than any",
      (folder) => {
        appendFileSync(join(folder, ".aws", "credentials"), "#".repeat(17 * 1024 * 1024));
        return {};
      },
    ],
    ["is named by a variable", () => ({ AWS_CONFIG_FILE: "$HOME/.aws/config" })],
  ])("hides a credentials file too that %s", async (_name, change) => {
    const folder = home();
    mkdirSync(join(folder, ".aws"));
    const keys = "[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = x\n";
    writeFileSync(join(folder, ".aws", "credentials"), keys);
    const env = { ...cloud.env, HOME: folder, ...change(folder) };
    const { status, stdout } = await run(entry, [...FLAGS, "--", "sh", "-c", "echo $AWS_SHARED_CREDENTIALS_FILE"], {
      env,
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "/dev/null\n" });
  });

  it("hides keys of the first Python library, which botocore takes before a container's endpoint", async () => {
    const folder = home();
    writeFileSync(join(folder, ".boto"), "[Credentials]\naws_access_key_id = AKIAOLD\naws_secret_access_key = x\n");
    const show = (env: Record<string, string>) =>
      run(entry, [...FLAGS, "--", "sh", "-c", "echo ${BOTO_CONFIG-none}"], {
        env: { ...cloud.env, HOME: folder, ...env },
      });
    const { stdout, stderr } = await show({});
    expect(stdout).toBe("/dev/null\n");
    expect(stderr).toContain("/.boto: it has aws_access_key_id");
    // Of gsutil, which has a Google configuration there.
    writeFileSync(join(folder, "gs.boto"), "[GSUtil]\nparallel_thread_count = 1\n");
    expect((await show({ BOTO_CONFIG: join(folder, "gs.boto") })).stdout).toBe(`${join(folder, "gs.boto")}\n`);
  });

  it("keeps the identity token to itself", async () => {
    const token = (await run(entry, ["token", "--audience", AUDIENCE], { env: cloud.env })).stdout;
    const { status, stdout } = await sh("env", ["--source", "variable"], { GCP2AWS_IDENTITY_TOKEN: token });
    expect(status).toBe(0);
    expect(stdout).not.toContain(token);
  });

  it.each(["QUIT", "ABRT", "SEGV"])("writes no core of its own when the command dies of SIG%s", async (signal) => {
    const folder = home();
    const argv = [...entry.command.slice(1), ...FLAGS, "--", "sh", "-c", `ulimit -c 0; kill -${signal} $$`];
    const script = `ulimit -c unlimited; cd ${folder}; "$@"; echo "status $?"`;
    const [program] = entry.command;
    const { stdout } = await runProgram("bash", ["-c", script, "bash", program, ...argv], {
      env: { ...cloud.env, HOME: folder },
    });
    expect(stdout).toContain(`status ${128 + (constants.signals[`SIG${signal}` as NodeJS.Signals] ?? 0)}`);
    expect(stdout).not.toContain("core");
    expect(readdirSync(folder).filter((name) => name.startsWith("core"))).toEqual([]);
  });

  it("says that there is no program without a name", async () => {
    const { status, stderr } = await run(entry, [...FLAGS, "--", ""], { env: cloud.env });
    expect(status).toBe(127);
    expect(stderr).toContain("[LOCAL_COMMAND]");
  });

  it("gives plain variables on --static", async () => {
    const { stdout } = await sh("env | grep ^AWS_ | cut -d= -f1 | sort", ["--static"], { AWS_PROFILE: "x" });
    expect(stdout.trim().split("\n")).toEqual([
      "AWS_ACCESS_KEY_ID",
      "AWS_ACCOUNT_ID",
      "AWS_CREDENTIAL_EXPIRATION",
      "AWS_DEFAULT_REGION",
      "AWS_ENDPOINT_URL_STS",
      "AWS_REGION",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN",
    ]);
  });

  it("shows nothing in the list of processes", async () => {
    const { stdout } = await sh(
      "tr '\\0' '\\n' </proc/$PPID/cmdline; tr '\\0' '\\n' </proc/$PPID/environ; echo \"$AWS_CONTAINER_AUTHORIZATION_TOKEN\"",
    );
    const lines = stdout.trim().split("\n");
    const token = lines.pop() ?? "";
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(lines.join("\n")).not.toContain(token);
    for (const secret of [...cloud.secrets.token, ...cloud.secrets.result])
      expect(lines.join("\n")).not.toContain(secret);
  });

  it.each([0, 1, 2, 42, 127, 255])("exits with the command's status %i", async (status) => {
    expect((await sh(`exit ${status}`)).status).toBe(status);
  });

  it.each(["TERM", "KILL", "INT", "HUP"] as const)("ends as its command does, by SIG%s", async (signal) => {
    const [program, ...first] = entry.command;
    const child = spawn(program, [...first, ...FLAGS, "--", "sh", "-c", `ulimit -c 0; kill -${signal} $$`], {
      env: { ...cloud.env, HOME: home() },
      stdio: "ignore",
    });
    expect(await once(child, "exit")).toEqual([null, `SIG${signal}`]);
  });

  it.each(["HUP", "INT", "QUIT", "TERM", "USR1", "USR2"] as const)("passes SIG%s on, once", async (signal) => {
    const [program, ...first] = entry.command;
    const script = `n=0; trap 'n=$((n+1))' ${signal}; echo ready; ${UNTIL_TOLD}; sleep 0.4 & wait; wait; echo got $n; exit 9`;
    const child = spawn(program, [...first, ...FLAGS, "--", "sh", "-c", script], {
      env: { ...cloud.env, HOME: home() },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (output === "") child.kill(`SIG${signal}`);
      output += chunk.toString();
    });
    expect(await once(child, "close")).toEqual([9, null]);
    expect(output).toBe("ready\ngot 1\n");
  });

  it("leaves the terminal to the command: Ctrl-C reaches it once", async () => {
    const log = join(home(), "log");
    const script = `n=0; trap 'n=$((n+1)); echo "got $n" >>"${log}"' INT; echo ready; ${UNTIL_TOLD}; sleep 0.4; [ -t 0 ] && echo terminal >>"${log}"; exit 9`;
    const typist = join(home(), "typist.py");
    writeFileSync(
      typist,
      `import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvpe(sys.argv[1], sys.argv[1:], os.environ)
seen = b""
while True:
    try:
        part = os.read(terminal, 1024)
    except OSError:
        break
    if not part:
        break
    if b"ready" not in seen and b"ready" in seen + part:
        os.write(terminal, b"\\x03")
    seen += part
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`,
    );
    const [program, ...first] = entry.command;
    const child = spawn("python3", [typist, program, ...first, ...FLAGS, "--", "sh", "-c", script], {
      env: { ...cloud.env, HOME: home() },
      stdio: "ignore",
    });
    expect(await once(child, "exit")).toEqual([9, null]);
    expect(readFileSync(log, "utf8")).toBe("got 1\nterminal\n");
  });

  it("leaves the streams to the command", async () => {
    const [program, ...first] = entry.command;
    const child = spawn(program, [...first, ...FLAGS, "--", "sh", "-c", "cat; echo e >&2; yes | head -n 1"], {
      env: { ...cloud.env, HOME: home() },
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
    child.stdin.end("in\n");
    await once(child, "close");
    expect(output).toEqual({ stdout: "in\ny\n", stderr: "e\n" });
  });

  it("says when there is no such command, as a shell does", async () => {
    const env = { ...cloud.env, HOME: home() };
    expect(await run(entry, [...FLAGS, "--", "no-such-command"], { env })).toEqual({
      status: 127,
      stdout: "",
      stderr: 'gcp2aws: "no-such-command" not run: ENOENT [LOCAL_COMMAND]\nhint: there is no such command on PATH\n',
    });
    const file = join(home(), "file");
    writeFileSync(file, "");
    chmodSync(file, 0o644);
    expect(await run(entry, [...FLAGS, "--", file], { env })).toMatchObject({ status: 126 });
  });

  it("runs nothing without credentials", async () => {
    const file = join(home(), "made");
    const script = `touch ${file}`;
    const denied = await run(entry, ["exec", "--role-arn", ROLE, "--audience", "x", "--", "sh", "-c", script], {
      env: { ...cloud.env, HOME: home() },
    });
    expect(denied.status).toBe(4);
    expect(denied.stderr).toContain("[STS_ACCESS_DENIED]");
    expect(await run(entry, ["exec", "--audience", "x", "--", "sh", "-c", script], { env: cloud.env })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("--role-arn is missing"),
    });
    expect(await run(entry, FLAGS, { env: cloud.env })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("command"),
    });
    expect(existsSync(file)).toBe(false);
  });

  it("takes the command's flags for the command's, with and without --", async () => {
    const env = { ...cloud.env, HOME: home() };
    const words = ["--role-arn", "--help", "-x", "--", "y"];
    for (const dashes of [["--"], []]) {
      const { status, stdout } = await run(entry, [...FLAGS, ...dashes, "printf", "%s ", ...words], { env });
      expect({ status, stdout }).toEqual({ status: 0, stdout: "--role-arn --help -x -- y " });
    }
  });
});

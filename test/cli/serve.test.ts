import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, entries, ROLE, run, runProgram } from "./run.ts";
import { startServer } from "./server-process.ts";

const FLAGS = ["--role-arn", ROLE, "--audience", AUDIENCE];
const LISTEN = ["--listen", "127.0.0.1:0"];

describe.each(entries)("gcp2aws serve, $name", (entry) => {
  let cloud: Cloud;
  let env: Record<string, string>;
  beforeAll(async () => {
    cloud = await startCloud();
  });
  afterAll(() => cloud.close());

  const fresh = () => {
    const { HOME = "" } = cleanEnv();
    env = { ...cloud.env, HOME, GCP2AWS_CACHE_DIR: join(HOME, "cache") };
    return env;
  };

  it("does not end by a SIGHUP that comes early, nor wait for a token that never comes", async () => {
    const server = await startServer(entry, [...FLAGS, ...LISTEN], fresh());
    for (let count = 0; count < 20; count++) server.child.kill("SIGHUP");
    await server.logged("tokens read again");
    expect(await server.stop()).toBe(0);

    const pipe = join(env["HOME"] ?? "", "pipe");
    spawnSync("mkfifo", [pipe]);
    const { status, stderr } = await run(entry, ["serve", ...FLAGS, ...LISTEN, "--token-file", pipe], { env });
    expect(status).toBe(6);
    expect(stderr).toContain("not a token");
    const endless = await run(entry, ["serve", ...FLAGS, ...LISTEN, "--token-file", "/dev/zero"], { env });
    expect(endless.status).toBe(6);
    expect(endless.stderr).toContain("EFBIG");
  });

  it("has so many connections and no more", async () => {
    const server = await startServer(entry, [...FLAGS, ...LISTEN], fresh());
    const port = Number(new URL(server.urls[0] ?? "").port);
    const sockets = Array.from({ length: 2_200 }, () => connect(port, "127.0.0.1").on("error", () => {}));
    try {
      for (const socket of sockets) {
        socket.resume();
        socket.write("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      }
      // One that is cut off for being idle has had its answer.
      const refused = () => sockets.filter((socket) => socket.closed && socket.bytesRead === 0).length;
      const giveUp = performance.now() + 20_000;
      while (refused() < 152 && performance.now() < giveUp) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(refused()).toBeGreaterThanOrEqual(152);
    } finally {
      for (const socket of sockets) socket.destroy();
      expect(await server.stop()).toBe(0);
    }
  });

  it("has one token, however many make the first at once", async () => {
    const homes = Array.from({ length: 8 }, () => ({ ...cloud.env, HOME: cleanEnv()["HOME"] ?? "" }));
    for (const home of homes) {
      const ask = () => run(entry, ["serve", ...FLAGS, "--print-env"], { env: home });
      const answers = await Promise.all(Array.from({ length: 4 }, ask));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([0]));
      expect(new Set(answers.map(({ stdout }) => stdout)).size).toBe(1);
    }
  });

  it("gives what --print-env says, on both loopbacks, to who shows the token", async () => {
    const before = cloud.aws.requests.length;
    const server = await startServer(entry, FLAGS, fresh());
    try {
      await server.logged("exchanged");
      expect(server.urls).toEqual(["http://127.0.0.1:9922", "http://[::1]:9922"]);
      const { status, stdout, stderr } = await run(entry, ["serve", ...FLAGS, "--print-env"], { env });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const script = `export AWS_PROFILE=other AWS_ACCESS_KEY_ID=old\n${stdout}\necho "\${AWS_PROFILE-none} \${AWS_ACCESS_KEY_ID-none} $AWS_CONTAINER_CREDENTIALS_FULL_URI $AWS_EC2_METADATA_DISABLED $AWS_REGION $AWS_DEFAULT_REGION $AWS_CONTAINER_AUTHORIZATION_TOKEN"`;
      const said = (await runProgram("sh", ["-c", script])).stdout.trim().split(" ");
      const token = said.pop() ?? "";
      expect(said).toEqual([
        "none",
        "none",
        "http://127.0.0.1:9922/role/RoleForAccessFromGCPTeamA",
        "true",
        "us-east-1",
        "us-east-1",
      ]);
      for (const url of server.urls) {
        const answer = await fetch(`${url}/role/RoleForAccessFromGCPTeamA`, { headers: { Authorization: token } });
        expect(answer.status).toBe(200);
        expect(await answer.json()).toMatchObject({ AccessKeyId: expect.stringMatching(/^ASIA/), RoleArn: ROLE });
      }
      expect(cloud.aws.requests.length - before).toBe(1);
      expect((await fetch("http://127.0.0.1:9922/readyz")).status).toBe(200);
      const log = JSON.stringify(server.log());
      for (const secret of [...cloud.secrets.token, ...cloud.secrets.result, token]) expect(log).not.toContain(secret);
    } finally {
      expect(await server.stop()).toBe(0);
    }
  });

  it("keeps its token for the next start, in a file of this user alone", async () => {
    const print = async () =>
      (await run(entry, ["serve", ...FLAGS, "--print-env", "--format", "json"], { env })).stdout;
    fresh();
    const first = await print();
    expect(await print()).toBe(first);
    const file = join(env["GCP2AWS_CACHE_DIR"] ?? "", "serve", "RoleForAccessFromGCPTeamA.token");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { set } = JSON.parse(first) as { set: Record<string, string> };
    expect(readFileSync(file, "utf8").trim()).toBe(set["AWS_CONTAINER_AUTHORIZATION_TOKEN"]);
    await run(entry, ["cache", "clear"], { env });
    expect(await print()).toBe(first);
    chmodSync(file, 0o644);
    expect(await run(entry, ["serve", ...FLAGS, "--print-env"], { env })).toMatchObject({
      status: 6,
      stdout: "",
      stderr: expect.stringContaining("its mode is 644, not 600 [LOCAL_CACHE]"),
    });
  });

  it("has a path and a token for each of several roles, and no other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gcp2aws-tokens-"));
    const tokens = { a: "token-of-role-a-0123456789", b: "token-of-role-b-0123456789" };
    writeFileSync(join(folder, "a"), `${tokens.a}\n`);
    writeFileSync(join(folder, "b"), tokens.b);
    const roles = ["--role", `a=${ROLE}`, "--role", `b=${ROLE}`, "--audience", AUDIENCE];
    const files = ["--token-file", `a=${join(folder, "a")}`, "--token-file", `b=${join(folder, "b")}`];
    const server = await startServer(entry, [...roles, ...files, "--listen", "[::1]:0"], fresh());
    try {
      const ask = async (role: string, token: string) =>
        (await fetch(`${server.urls[0]}/role/${role}`, { headers: { Authorization: token } })).status;
      // Nobody is kept waiting for long while the first credentials are on their way: 503, ask again.
      await expect.poll(() => ask("a", tokens.a), { timeout: 20_000 }).toBe(200);
      await expect.poll(() => ask("b", tokens.b), { timeout: 20_000 }).toBe(200);
      expect(await ask("a", tokens.b)).toBe(401);
      expect(await ask("c", tokens.a)).toBe(404);
    } finally {
      expect(await server.stop("SIGINT")).toBe(0);
    }
  });

  it("takes sockets that systemd has opened, or says that it cannot", async () => {
    const [program, ...first] = entry.command;
    // As systemd does: the socket is descriptor 3, and the number of the process is known only once it is there.
    const script = `import os, socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(8)
print(s.getsockname()[1], flush=True)
if s.fileno() != 3: os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.execvpe(sys.argv[1], sys.argv[1:], {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})`;
    const argv = ["-c", script, program, ...first, "serve", ...FLAGS, "--log-format", "json"];
    const child = spawn("python3", argv, { env: fresh(), stdio: ["ignore", "pipe", "pipe"] });
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    const [line] = (await once(child.stderr, "data")) as [Buffer];
    if (entry.name === "standalone executable") {
      expect(line.toString()).toContain("not listening on the socket that systemd opened: not under Bun [LOCAL_PORT]");
      expect(await once(child, "exit")).toEqual([6, null]);
      return;
    }
    const url = `http://127.0.0.1:${port.toString().trim()}`;
    expect(JSON.parse(line.toString().split("\n")[0] ?? "")).toMatchObject({ url });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    child.kill();
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("says that a port is taken", async () => {
    const socket = createServer();
    await new Promise<void>((listening) => socket.listen(0, "127.0.0.1", listening));
    const address = socket.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const result = await run(entry, ["serve", ...FLAGS, "--listen", `127.0.0.1:${port}`], { env: fresh() });
    socket.close();
    expect(result).toMatchObject({ status: 6, stderr: expect.stringContaining("EADDRINUSE [LOCAL_PORT]") });
  });

  it.each<[string, string[], string]>([
    ["a name as address", [...FLAGS, "--listen", "localhost:80"], "must be IP:PORT or [IPv6]:PORT"],
    [
      "everybody, without a token file",
      [...FLAGS, "--listen", "0.0.0.0:0"],
      "beyond loopback each role needs a --token-file",
    ],
    ["everybody's metadata service", [...FLAGS, "--imds", "--listen", "[::]:0"], "--imds is for loopback only"],
    [
      "two roles as metadata service",
      ["--role", `a=${ROLE}`, "--role", `b=${ROLE}`, "--audience", AUDIENCE, "--imds"],
      "there can be one role only",
    ],
    ["version 1 without the service", [...FLAGS, "--unsafe-imds-v1"], "needs --imds"],
    ["one name twice", ["--role", ROLE, "--role", ROLE, "--audience", AUDIENCE], "is there twice"],
    ["no role", ["--audience", AUDIENCE], "--role-arn is missing"],
    ["a role that is none", ["--role", "a=b", "--audience", AUDIENCE], "must be NAME=ARN or ARN"],
    ["a role that is none, with a name", ["--role", "a=arn:b", "--audience", AUDIENCE], "must be NAME=ARN or ARN"],
    [
      "a token of nobody",
      ["--role", `a=${ROLE}`, "--role", `b=${ROLE}`, "--audience", AUDIENCE, "--token-file", "c=/x"],
      "must be NAME=FILE",
    ],
    [
      "which role?",
      ["--role", `a=${ROLE}`, "--role", `b=${ROLE}`, "--audience", AUDIENCE, "--print-env"],
      "name one of a b",
    ],
    ["a format of nothing", [...FLAGS, "--format", "json"], "--format: goes with --print-env"],
    ["masks without a log", [...FLAGS, "--print-env", "--format", "github-actions"], "github-actions"],
    [
      "a role that is none",
      ["--role", "x=arn:aws:iam::1:role/X", "--audience", AUDIENCE],
      '--role "x=arn:aws:iam::1:role/X"',
    ],
    [
      "a role whose path clients would take away",
      ["--role", `..=${ROLE}`, "--audience", AUDIENCE],
      "must be NAME=ARN or ARN",
    ],
    ["an address in octal", [...FLAGS, "--listen", "127.0.0.010:80"], "must be IP:PORT"],
    ["variables of no role", [...FLAGS, "--print-env", "nosuch"], '--print-env "nosuch": no such role'],
    [
      "two tokens for one role",
      [...FLAGS, "--token-file", "/a", "--token-file", "/b"],
      '--token-file: "RoleForAccessFromGCPTeamA" has two',
    ],
    [
      "a role without a token beyond loopback",
      [
        "--role",
        `a=${ROLE}`,
        "--role",
        `b=${ROLE}`,
        "--audience",
        AUDIENCE,
        "--token-file",
        "a=/x",
        "--listen",
        "0.0.0.0:0",
      ],
      "each role needs a --token-file",
    ],
    ["a port that nobody knows", [...FLAGS, ...LISTEN, "--print-env"], "the port must be known"],
    ["a format", [...FLAGS, "--log-format", "xml"], "Allowed choices are text, json"],
  ])("refuses %s", async (_, argv, why) => {
    const { status, stdout, stderr } = await run(entry, ["serve", ...argv], { env: fresh() });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(why);
    expect(stderr).toMatch(/^hint: ./m);
  });

  it.each([
    ["not there", undefined, "ENOENT"],
    ["too short", "short", "not a token"],
    ["two lines", "0123456789abcdef\n0123456789abcdef", "not a token"],
  ])("refuses a token file that is %s", async (_, content, why) => {
    const folder = join(fresh()["HOME"] ?? "", "tokens");
    mkdirSync(folder);
    const file = join(folder, "token");
    if (content !== undefined) writeFileSync(file, content);
    const { status, stderr } = await run(entry, ["serve", ...FLAGS, ...LISTEN, "--token-file", file], { env });
    expect(status).toBe(6);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain("0123456789abcdef");
  });
});

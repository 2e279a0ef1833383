// What the native helper has of its own, beside the npm entry: its reading of HTTP, byte for byte as a server may send
// it, and how it treats the streams and the environment it was started with.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { formatEntry, parseEntry } from "../../src/cache/entry.ts";
import { cacheKey } from "../../src/cache/key.ts";
import { readConfig } from "../../src/config.ts";
import { stsSuccess, unsignedToken } from "../fake-host.ts";
import { AUDIENCE, ROLE, runProgram } from "../cli/run.ts";

const helper = resolve("dist/bin/gcp2aws-credential-process");
const npmEntry = resolve("dist/cli/main.js");
const base = mkdtempSync(join(tmpdir(), "gcp2aws-transport-"));
const flags = ["--role-arn", ROLE, "--audience", AUDIENCE];

const token = unsignedToken({ aud: AUDIENCE, sub: "1", exp: 4_102_444_800 });
const xml = stsSuccess({ Expiration: new Date(Date.now() + 60 * 60_000).toISOString() });
const size = Buffer.byteLength(xml);
const length = `Content-Length: ${size}\r\n`;
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

type Answer = (socket: Socket) => void;
const ended =
  (bytes: string | Buffer): Answer =>
  (socket) =>
    void socket.end(bytes);
const left =
  (bytes: string): Answer =>
  (socket) =>
    void socket.write(bytes);

const success = ended(`HTTP/1.1 200 OK\r\n${length}\r\n${xml}`);
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** What STS answers with. */
const answers: Readonly<Record<string, Answer>> = {
  plain: success,
  "kept open": left(`HTTP/1.1 200 OK\r\n${length}\r\n${xml}`),
  "HTTP/1.0 without a length": ended(`HTTP/1.0 200 OK\r\n\r\n${xml}`),
  "no length": ended(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${xml}`),
  "HTTP/2.0 in the status line": ended(`HTTP/2.0 200 OK\r\n${length}\r\n${xml}`),
  "a status of two digits": ended(`HTTP/1.1 99 X\r\n${length}\r\n${xml}`),
  "a status of four digits": ended(`HTTP/1.1 0200 X\r\n${length}\r\n${xml}`),
  "no reason": ended(`HTTP/1.1 200\r\n${length}\r\n${xml}`),
  "two blanks": ended(`HTTP/1.1  200  OK\r\n${length}\r\n${xml}`),
  "lines before it": ended(`\r\n\r\nHTTP/1.1 200 OK\r\n${length}\r\n${xml}`),
  "a blank before it": ended(` HTTP/1.1 200 OK\r\n${length}\r\n${xml}`),
  "bytes one by one": (socket) => {
    const text = `HTTP/1.1 200 OK\r\n${length}\r\n${xml}`;
    let at = 0;
    const next = () => {
      if (at === 60) {
        socket.end(text.slice(at));
        return;
      }
      socket.write(text.charAt(at++));
      setImmediate(next);
    };
    socket.setNoDelay(true);
    next();
  },
  "length too long": ended(`HTTP/1.1 200 OK\r\nContent-Length: ${size + 10}\r\n\r\n${xml}`),
  "length too short": ended(`HTTP/1.1 200 OK\r\nContent-Length: ${size - 10}\r\n\r\n${xml}`),
  "two lengths": ended(`HTTP/1.1 200 OK\r\n${length}Content-Length: 5\r\n\r\n${xml}`),
  "the same length twice": ended(`HTTP/1.1 200 OK\r\n${length}${length}\r\n${xml}`),
  "a negative length": ended(`HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n${xml}`),
  "a length with a sign": ended(`HTTP/1.1 200 OK\r\nContent-Length: +${size}\r\n\r\n${xml}`),
  "a length with more behind it": ended(`HTTP/1.1 200 OK\r\nContent-Length: ${size}x\r\n\r\n${xml}`),
  "a list of lengths": ended(`HTTP/1.1 200 OK\r\nContent-Length: ${size}, ${size}\r\n\r\n${xml}`),
  "an empty length": ended(`HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n${xml}`),
  "a length past all numbers": ended(`HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n${xml}`),
  "blanks around the length": ended(`HTTP/1.1 200 OK\r\nContent-Length: \t ${size}  \r\n\r\n${xml}`),
  "length and chunks": ended(`HTTP/1.1 200 OK\r\n${length}Transfer-Encoding: chunked\r\n\r\n${chunk(xml)}0\r\n\r\n`),
  chunks: ended(`${chunked}${chunk(xml.slice(0, 50))}${chunk(xml.slice(50))}0\r\n\r\n`),
  "CHUNKED in capitals": ended(`HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n${chunk(xml)}0\r\n\r\n`),
  "chunks after gzip": ended(`HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${chunk(xml)}0\r\n\r\n`),
  "an unknown encoding": ended(`HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\n${xml}`),
  "chunks of HTTP/1.0": ended(`HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(xml)}0\r\n\r\n`),
  "a chunk extension": ended(`${chunked}${size.toString(16)};a=b\r\n${xml}\r\n0\r\n\r\n`),
  "a trailer": ended(`${chunked}${chunk(xml)}0\r\nX: y\r\n\r\n`),
  "no last chunk": ended(`${chunked}${chunk(xml)}`),
  "a chunk cut off": ended(`${chunked}${(size + 5).toString(16)}\r\n${xml}`),
  "a chunk size that is none": ended(`${chunked}zz\r\n${xml}\r\n0\r\n\r\n`),
  "a chunk size past all numbers": ended(`${chunked}fffffffffffffffff\r\n${xml}\r\n0\r\n\r\n`),
  "chunks by line feeds": ended(`${chunked}${size.toString(16)}\n${xml}\n0\n\n`),
  "a chunk without its end": ended(`${chunked}${size.toString(16)}\r\n${xml}0\r\n\r\n`),
  "100 first": ended(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${length}\r\n${xml}`),
  "103 first": ended(`HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\n${length}\r\n${xml}`),
  "another protocol": ended(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${xml}`),
  "204": ended("HTTP/1.1 204 No Content\r\n\r\n"),
  "304 with a length": ended(`HTTP/1.1 304 Not Modified\r\n${length}\r\n`),
  "302": ended(`HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n${length}\r\n${xml}`),
  "line feeds alone": ended(`HTTP/1.1 200 OK\nContent-Length: ${size}\n\n${xml}`),
  "a folded header": ended(`HTTP/1.1 200 OK\r\nX: a\r\n b\r\n${length}\r\n${xml}`),
  "a blank before the colon": ended(`HTTP/1.1 200 OK\r\nX : a\r\n${length}\r\n${xml}`),
  "no colon": ended(`HTTP/1.1 200 OK\r\nnonsense\r\n${length}\r\n${xml}`),
  "NUL in a header": ended(`HTTP/1.1 200 OK\r\nX: a\0b\r\n${length}\r\n${xml}`),
  "CR in a header": ended(`HTTP/1.1 200 OK\r\nX: a\rb\r\n${length}\r\n${xml}`),
  "a header in Latin-1": ended(Buffer.from(`HTTP/1.1 400 B\u00e9d\r\nX: \u00ff\r\n${length}\r\n${xml}`, "latin1")),
  "names of Object": ended(`HTTP/1.1 200 OK\r\n__proto__: a\r\nconstructor: b\r\n${length}\r\n${xml}`),
  "a header twice": ended(
    "HTTP/1.1 400 X\r\nRetry-After: 9\r\nRetry-After: 8\r\nDate: Mon, 23 Nov 2020 12:00:00 GMT\r\nDate: x\r\nContent-Length: 0\r\n\r\n",
  ),
  "a long header": ended(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(15_000)}\r\n${length}\r\n${xml}`),
  "a header too long": ended(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(17_000)}\r\n${length}\r\n${xml}`),
  "no HTTP": ended(xml),
  "bytes of TLS": ended("\u0016\u0003\u0001\u0002\u0000\u0001"),
  nothing: ended(""),
  "a reset": (socket) => void socket.resetAndDestroy(),
  "half a head": ended("HTTP/1.1 200 OK\r\nContent-Le"),
  "half a head, kept open": left("HTTP/1.1 200 OK\r\nContent-Le"),
  "half a body, kept open": left(`HTTP/1.1 200 OK\r\n${length}\r\n${xml.slice(0, 100)}`),
  silence: () => {},
  "a byte now and then": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nX: ");
    const timer = setInterval(() => socket.write("a"), 100);
    socket.on("close", () => clearInterval(timer));
  },
  "the longest body": ended(`HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n${xml.padEnd(262_144)}`),
  "a body too long": ended(`HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n${xml.padEnd(262_145)}`),
  "gzip unasked": ended(
    Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"), gzipSync(xml)]),
  ),
  "gzip only said": ended(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n${length}\r\n${xml}`),
  "a byte order mark": ended(`HTTP/1.1 200 OK\r\n\r\n\ufeff${xml}`),
  "bytes that are not UTF-8": ended(
    Buffer.concat([
      Buffer.from("HTTP/1.1 400 X\r\n\r\n<ErrorResponse><Error><Code>X</Code><Message>"),
      Buffer.from("61f09f9862c0afeda080ffe282f4908080", "hex"),
      Buffer.from("</Message></Error></ErrorResponse>"),
    ]),
  ),
};

/** Those that end with the time that is allowed. */
const endless: ReadonlySet<string> = new Set([
  "half a head, kept open",
  "half a body, kept open",
  "silence",
  "a byte now and then",
]);

interface Clouds {
  port: number;
  /** Each request as it came. */
  requests: string[];
}
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(base, { recursive: true, force: true });
});

/** A metadata server that has a token, and an STS that answers with these bytes. */
async function serve(answer: Answer): Promise<Clouds> {
  const requests: string[] = [];
  const server = createServer((socket) => {
    let got = "";
    let answered = false;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      got += bytes.toString("latin1");
      const head = got.indexOf("\r\n\r\n");
      const body = Number(/content-length: (\d+)/i.exec(got)?.[1] ?? "0");
      if (answered || head === -1 || got.length < head + 4 + body) return;
      answered = true;
      requests.push(got);
      if (!got.startsWith("GET")) answer(socket);
      else socket.end(`HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: ${token.length}\r\n\r\n${token}`);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  servers.push(server);
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, requests };
}

function environment(home: string, { port }: Clouds): Record<string, string> {
  return {
    PATH: "/usr/bin:/bin",
    HOME: home,
    GCE_METADATA_HOST: `127.0.0.1:${port}`,
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
  };
}

async function both(answer: Answer, argv: readonly string[]) {
  const clouds = await serve(answer);
  const run = async (program: string, first: readonly string[]) => {
    clouds.requests.length = 0;
    const result = await runProgram(program, [...first, ...argv], { env: environment("/nonexistent", clouds) });
    // Further ones depend on drawn waits.
    return { ...result, requests: clouds.requests.slice(0, 2) };
  };
  return { native: await run(helper, []), npm: await run(process.execPath, [npmEntry, "credential-process"]) };
}

describe.skipIf(!existsSync(helper))("the native helper", () => {
  it.concurrent.each(Object.entries(answers))(
    "asks STS as the npm entry does and makes the same of its answer: %s",
    async (name, answer) => {
      const look = () => both(answer, [...flags, "--no-cache", "--timeout", endless.has(name) ? "4" : "10"]);
      let { native, npm } = await look();
      // Where so many run at once, the time may be over before STS is asked: what differs twice is a difference.
      if (endless.has(name) && !isDeepStrictEqual(native, npm)) ({ native, npm } = await look());
      expect(native).toEqual(npm);
      expect(native.status === 0).toBe(native.stdout !== "");
    },
  );

  it("uses no proxy, whatever the environment says", async () => {
    const proxy = "http://127.0.0.1:1";
    const env = { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy };
    const { status } = await runProgram(helper, [...flags, "--no-cache"], {
      env: { ...environment("/nonexistent", await serve(success)), ...env },
    });
    expect(status).toBe(0);
  });

  it("hands an STS endpoint whose certificate it could not check to the full gcp2aws beside it, or refuses it", async () => {
    const folder = join(base, "installed");
    mkdirSync(folder);
    const alone = join(folder, "gcp2aws-credential-process");
    copyFileSync(helper, alone);
    const argv = [...flags, "--sts-endpoint", "https://127.0.0.1:1"];
    const env = environment(folder, await serve(success));
    const refused = await runProgram(alone, [...argv, "--no-cache"], { env });
    expect(refused).toMatchObject({ status: 5, stdout: "" });
    expect(refused.stderr).toContain("checks no certificate of an IP address, and there is no gcp2aws beside it");
    expect(refused.stderr).toContain("[STS_TLS]");

    writeFileSync(join(folder, "gcp2aws"), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    const handedOver = await runProgram(alone, argv, { env });
    expect(handedOver).toEqual({ status: 0, stdout: `credential-process\n${argv.join("\n")}\n`, stderr: "" });
    // It had the lock, which is free again: its socket ended with it.
    const again = await runProgram(alone, argv, { env });
    expect(again).toEqual(handedOver);
  });

  const sh = async (script: string, home: string) =>
    runProgram("/bin/sh", ["-c", script, helper, ...flags], { env: environment(home, await serve(success)) });

  it("reports a reader that has gone away", async () => {
    let goAway = (then: () => void) => then();
    const clouds = await serve((socket) => goAway(() => success(socket)));
    const env = environment("/nonexistent", clouds);
    const child = spawn(helper, [...flags, "--no-cache"], { env, stdio: ["ignore", "pipe", "pipe"] });
    // Before it has anything to write, however fast it is.
    goAway = (then) => void child.stdout.once("close", then).destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const status = await new Promise((done) => child.on("close", done));
    expect(stderr).toContain("EPIPE [LOCAL_OUTPUT]");
    expect(status).toBe(6);
  });

  it("writes to no file of its own where it was started without standard streams", async () => {
    const home = mkdtempSync(join(base, "closed-"));
    const { stdout } = await sh('"$0" "$@" <&- >&- 2>&-; echo "status $?"', home);
    expect(stdout).toBe("status 0\n");
    const [name = ""] = readdirSync(join(home, ".cache", "gcp2aws"));
    const kept = readFileSync(join(home, ".cache", "gcp2aws", name), "utf8");
    expect(parseEntry(kept, sha256)?.credentials.accessKeyId).toBe("ASIAIOSFODNN7EXAMPLE");
  });

  it("leaves no pipe of its caller to the refresh in the background", async () => {
    const home = mkdtempSync(join(base, "refresh-"));
    let release = () => {};
    let seen = () => {};
    const asked = new Promise<void>((done) => (seen = done));
    const env = environment(
      home,
      await serve((socket) => {
        release = () => success(socket);
        seen();
      }),
    );
    const config = readConfig({ roleArn: ROLE, audience: AUDIENCE }, env);
    const name = cacheKey(config, readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), sha256);
    const now = Date.now();
    const entry = formatEntry(
      {
        credentials: {
          accessKeyId: "ASIAEXAMPLE",
          secretAccessKey: "s",
          sessionToken: "t",
          expiration: new Date(now + 3_000_000),
          accountId: "111122223333",
        },
        issuedAt: now - 600_000,
        expiresAt: now + 3_000_000,
        refreshAt: now - 1,
        roleArn: ROLE,
        audience: AUDIENCE,
        source: "metadata server, default",
      },
      sha256,
    );
    mkdirSync(join(home, ".cache", "gcp2aws"), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, ".cache", "gcp2aws", name), entry, { mode: 0o600 });

    const child = spawn(helper, flags, { env, stdio: ["ignore", "pipe", "pipe", "pipe"] });
    child.stdout?.resume();
    child.stderr?.resume();
    // "close" comes when all of the pipes have: also the fourth, which only an heir could hold.
    const status = await new Promise((done) => child.on("close", done));
    expect(status).toBe(0);
    await asked;
    release();
  });
});

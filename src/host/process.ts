import type { StdioOptions } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { formatWarning, Gcp2awsError, printable } from "../errors.ts";
import { FileError, type Host } from "../host.ts";
import { bun } from "./bun.ts";
import { nodeFiles } from "./node-files.ts";

/** The machine that this process runs on. */
export const processHost: Host = {
  env: process.env,
  now: Date.now,
  ticks: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
  request: async (request) => {
    const client = bun === undefined ? import("./node-http.ts") : import("./fetch.ts");
    return (await client).request(request);
  },
  preconnect: (url) => {
    const client = bun === undefined ? import("./node-http.ts") : import("./fetch.ts");
    // The request will meet the same obstacle, and say it.
    client.then(({ preconnect }) => preconnect(url)).catch(() => {});
  },
  writeStdout: (text) => write(1, text),
  writeStderr: (text) => {
    try {
      write(2, text);
    } catch {
      // Nobody can be told that stderr is gone; the exit status still says what happened.
    }
  },
  warn: (problem) => processHost.writeStderr(formatWarning(problem)),
  readText: (path) => {
    try {
      return readPatiently(path);
    } catch (error) {
      throw notRead(printable(path), error, "check the path and that this user may read it");
    }
  },
  terminated: () =>
    new Promise((resolve) => {
      const signals = ["SIGINT", "SIGTERM"] as const;
      const end = () => {
        resolve();
        // Whoever else listens must see that this process ends by itself; by a second signal it ends at once.
        setImmediate(() => {
          for (const signal of signals) process.off(signal, end);
        });
      };
      for (const signal of signals) process.on(signal, end);
    }),
  stderrIsTerminal: () => process.stderr.isTTY,
  files: nodeFiles,
  sha256: (text) =>
    bun === undefined
      ? process.getBuiltinModule("node:crypto").hash("sha256", text)
      : new bun.CryptoHasher("sha256").update(text).digest("hex"),
  listen: async (path) => (await sockets()).listen(path),
  waitForEnd: async (path, timeoutMs) => (await sockets()).waitForEnd(path, timeoutMs),
  startDetached: (argv, env) => {
    // The executable made by Bun is its own program; under Node the program is a file.
    const first = bun === undefined ? process.argv.slice(1, 2) : [];
    process
      .getBuiltinModule("node:child_process")
      .spawn(process.execPath, [...process.execArgv, ...first, ...argv], {
        detached: true,
        stdio: streamsOfNobody(),
        env: { ...process.env, ...env },
      })
      .on("error", () => {})
      .unref();
  },
};

/**
 * All of standard input, at most 4 MB, however long whoever writes there takes.
 * @throws Gcp2awsError LOCAL_FILE
 */
export function readStdin(): string {
  try {
    return readWhole(0, Infinity);
  } catch (error) {
    throw notRead("standard input", error, "check what is written to it, and that it is at most 4 MB");
  }
}

function notRead(what: string, error: unknown, hint: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_FILE", `${what} not read: ${codeOf(error)}`, { hint });
}

/**
 * Nothing for the three streams, and nothing in place of whatever else the caller left open for its children: Node hands
 * that on, and a pipe that somebody reads to its end, or a lock on a file, would last as long as the child.
 */
function streamsOfNobody(): StdioOptions {
  const streams: ("ignore" | number)[] = ["ignore", "ignore", "ignore"];
  const inherited = inheritedDescriptors();
  const last = Math.max(...inherited, 2);
  if (last === 2) return streams;
  const nothing = openSync("/dev/null", "r+");
  for (let at = 3; at <= last; at++) streams.push(inherited.includes(at) ? nothing : "ignore");
  return streams;
}

/** Descriptors that a child gets as well: those without the flag O_CLOEXEC, which Node sets on all of its own. */
function inheritedDescriptors(): number[] {
  try {
    return readdirSync("/proc/self/fd")
      .map(Number)
      .filter((descriptor) => descriptor > 2 && descriptor < 4_096 && isInherited(descriptor));
  } catch {
    // Only Linux shows them.
    return [];
  }
}

function isInherited(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))?.[1] ?? "";
    return flags !== "" && (Number.parseInt(flags, 8) & 0o2000000) === 0;
  } catch {
    // The one that listed them is closed by now.
    return false;
  }
}

const TEXT_BYTES = 4 * 1024 * 1024;
const PATIENCE_MS = 10_000;

/** A pipe will do, as of a shell's `<(…)`, but nobody is waited for without end, and nothing is read without end. */
function readPatiently(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readWhole(descriptor, performance.now() + PATIENCE_MS);
  } finally {
    closeSync(descriptor);
  }
}

function readWhole(descriptor: number, giveUp: number): string {
  const chunks: Buffer[] = [];
  for (let length = 0; ;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const read = readNow(descriptor, chunk, giveUp);
    if (read === 0) return Buffer.concat(chunks).toString("utf8");
    chunks.push(chunk.subarray(0, read));
    length += read;
    if (length > TEXT_BYTES) throw new FileError("EFBIG");
  }
}

function readNow(descriptor: number, chunk: Buffer, giveUp: number): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk);
    } catch (error) {
      if (codeOf(error) !== "EAGAIN" || performance.now() > giveUp) throw error;
      pause(5);
    }
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const sockets = () => (bun === undefined ? import("./node-socket.ts") : import("./bun-socket.ts"));

/** Synchronous: touching process.stdout costs Bun 9 ms, and nothing is lost when the process exits right after. */
function write(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  const giveUp = performance.now() + 10_000;
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = codeOf(error);
      if (code !== "EAGAIN" || performance.now() > giveUp) {
        throw new Gcp2awsError("LOCAL_OUTPUT", `output not written: ${code}`, {
          hint: "the program that reads it has gone away, or the disk it goes to is full",
        });
      }
      pause(5);
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

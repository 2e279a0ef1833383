import { readFileSync, writeSync } from "node:fs";
import { formatWarning, Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { bun } from "./bun.ts";
import { nodeFiles } from "./node-files.ts";

/** The machine that this process runs on. */
export const processHost: Host = {
  env: process.env,
  now: Date.now,
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
      return readFileSync(path, "utf8");
    } catch (error) {
      throw new Gcp2awsError("LOCAL_FILE", `${printable(path)} not read: ${codeOf(error)}`, {
        hint: "check the path and that this user may read it",
      });
    }
  },
  terminated: () =>
    new Promise((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
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
        stdio: "ignore",
        cwd: "/",
        env: { ...process.env, ...env },
      })
      .on("error", () => {})
      .unref();
  },
};

const sockets = () => (bun === undefined ? import("./node-socket.ts") : import("./bun-socket.ts"));

/** Synchronous: touching process.stdout costs Bun 9 ms, and nothing is lost when the process exits right after. */
function write(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  const giveUp = Date.now() + 10_000;
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = codeOf(error);
      if (code !== "EAGAIN" || Date.now() > giveUp) {
        throw new Gcp2awsError("LOCAL_OUTPUT", `output not written: ${code}`, {
          hint: "the program that reads it has gone away, or the disk it goes to is full",
        });
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

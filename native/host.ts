import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { formatWarning, Gcp2awsError, printable } from "../src/errors.ts";
import type { Host } from "../src/host.ts";
import {
  becomeFullProgram,
  codeOf,
  listenOn,
  monotonic,
  posixFiles,
  startAgain,
  waitForEndOf,
  writeAll,
} from "./posix.ts";
import { preconnect, request } from "./request.ts";

/** The machine that this process runs on. */
export const nativeHost: Host = {
  env: process.env,
  now: () => Date.now(),
  ticks: () => monotonic(),
  sleep: (ms) => new Promise<void>((resolve) => setTimeout(() => resolve(), ms)),
  random: () => Math.random(),
  request,
  preconnect,
  writeStdout: (text) => {
    const result = writeAll(1, text);
    if (result < 0) {
      throw new Gcp2awsError("LOCAL_OUTPUT", `output not written: ${codeOf(result)}`, {
        hint: "the program that reads it has gone away, or the disk it goes to is full",
      });
    }
  },
  writeStderr: (text) => {
    writeAll(2, text);
  },
  warn: (problem) => {
    writeAll(2, formatWarning(problem));
  },
  readText: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      // It can say why.
      becomeFullProgram();
      throw new Gcp2awsError("LOCAL_FILE", `${printable(path)} not read`, {
        hint: "check the path and that this user may read it",
      });
    }
  },
  terminated: () => new Promise<void>(() => {}),
  stderrIsTerminal: () => process.stderr.isTTY,
  files: posixFiles,
  sha256: (text) => createHash("sha256").update(text).digest("hex"),
  listen: async (path) => listenOn(path),
  waitForEnd: async (path, timeoutMs) => waitForEndOf(path, timeoutMs),
  startDetached: (argv, env) => {
    const variables: string[] = [];
    for (const [name, value] of Object.entries(process.env)) {
      if (env[name] === undefined && value !== undefined) variables.push(`${name}=${value}`);
    }
    for (const [name, value] of Object.entries(env)) variables.push(`${name}=${value}`);
    startAgain(["gcp2aws-credential-process", ...argv], variables);
  },
};

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { ProgramEnd, RunProgram } from "../host.ts";

/** Of what a program says on stderr, in bytes: its end, as warnings come first and the error last. */
const STDERR_LIMIT = 16 * 1024;
const ENDS_US = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const;

/**
 * {@link RunProgram}. The program leads a process group of its own, so that what it has started can be killed with it; it has no
 * stdin and no terminal.
 */
export const runProgram: RunProgram = ({ program, argv, env, timeoutMs, limit }) =>
  new Promise<ProgramEnd>((resolve) => {
    // The terminal's signals do not reach another group, and whoever ends this process means the program too. Before it is there:
    // a signal that comes with its first words must not leave it behind.
    const handlers = ENDS_US.map((signal) => {
      const pass = () => {
        killGroup(child.pid);
        process.off(signal, pass);
        // Unless this process means to live on for a while, as a server does.
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      };
      process.on(signal, pass);
      return { signal, pass };
    });
    const forgetSignals = () => {
      for (const { signal, pass } of handlers) process.off(signal, pass);
    };
    let child: ChildProcessByStdio<null, Readable, Readable>;
    try {
      child = spawn(program, argv, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
    } catch (error) {
      // Some errors are thrown at once: ENOTDIR, ELOOP, ENOEXEC.
      forgetSignals();
      resolve({ kind: "not-started", code: codeOf(error) });
      return;
    }
    const output: Buffer[] = [];
    const said: Buffer[] = [];
    let [bytes, saidBytes] = [0, 0];
    const stderr = () => Buffer.concat(said).subarray(-STDERR_LIMIT).toString("utf8");

    const finish = (end: ProgramEnd) => {
      clearTimeout(timer);
      forgetSignals();
      resolve(end);
    };
    const stop = (end: ProgramEnd) => {
      killGroup(child.pid);
      // Somebody that left the group may hold them open.
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      finish(end);
    };
    const timer = setTimeout(() => stop({ kind: "timeout", stderr: stderr() }), timeoutMs);

    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      output.push(chunk);
      if (bytes > limit) stop({ kind: "too-large" });
    });
    child.stderr.on("data", (chunk: Buffer) => {
      said.push(chunk);
      saidBytes += chunk.byteLength;
      while (saidBytes - (said[0]?.byteLength ?? saidBytes) >= STDERR_LIMIT) saidBytes -= said.shift()?.byteLength ?? 0;
    });
    child.on("error", (error) => {
      if (child.pid === undefined) {
        finish({ kind: "not-started", code: codeOf(error) });
      }
    });
    child.on("close", (status, signal) => {
      if (signal !== null) finish({ kind: "killed", signal, stderr: stderr() });
      else {
        const stdout = Buffer.concat(output).toString("utf8");
        finish({ kind: "exited", status: status ?? 1, stdout, stderr: stderr() });
      }
    });
  });

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

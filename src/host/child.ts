import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { readFileSync } from "node:fs";

/** How a child ended. */
export type End =
  | { kind: "exited"; status: number }
  | { kind: "killed"; signal: NodeJS.Signals }
  | { kind: "not-started"; code: string };

const PASSED_ON = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGWINCH",
] as const;
/** Those that a terminal sends to all processes in its foreground, ours and the child alike. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT", "SIGCONT", "SIGWINCH"]);

/**
 * Runs a command to its end with this process's terminal and streams. Signals that come to this process are passed on,
 * but for those that the terminal has sent to the child itself: two of them mean something else to many programs.
 */
export function runChild(
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<End> {
  // Node would throw for what no file can be called.
  if (program === "" || program.includes("\0")) return Promise.resolve({ kind: "not-started", code: "ENOENT" });
  // Before the child is there: a signal that comes with its first words must not end this process alone.
  const handlers = PASSED_ON.map((signal) => {
    const pass = () => {
      if (!FROM_TERMINAL.has(signal) || !isInForeground()) child.kill(signal);
    };
    process.on(signal, pass);
    return { signal, pass };
  });
  let child: ChildProcess;
  try {
    child = spawn(program, argv, { env: { ...env }, stdio: "inherit" });
  } catch (error) {
    // Some errors are thrown at once: ENOTDIR, ELOOP, ENOEXEC.
    for (const { signal, pass } of handlers) process.off(signal, pass);
    return Promise.resolve({ kind: "not-started", code: codeOf(error) });
  }
  return new Promise<End>((resolve) => {
    child.on("error", (error) => {
      if (child.pid === undefined) resolve({ kind: "not-started", code: codeOf(error) });
    });
    child.on("exit", (status, signal) => {
      resolve(signal === null ? { kind: "exited", status: status ?? 1 } : { kind: "killed", signal });
    });
  }).finally(() => {
    for (const { signal, pass } of handlers) process.off(signal, pass);
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

/** By these, a process leaves its memory on the disk where that is allowed: ours holds credentials. */
const WITH_CORE: ReadonlySet<string> = new Set([
  "SIGQUIT",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGSEGV",
  "SIGSYS",
  "SIGXCPU",
  "SIGXFSZ",
]);

/**
 * Ends this process as the signal would; comes back where it does not, as for the first process of a container, and where it must
 * not: no core of this process is ever written.
 */
export function dieOf(signal: NodeJS.Signals): void {
  if (!WITH_CORE.has(signal)) process.kill(process.pid, signal);
}

/** What a shell says of a command that a signal has ended. */
export function statusOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** Whether the terminal, if there is one, sends its signals to this process's group (proc(5), /proc/PID/stat). */
function isInForeground(): boolean {
  try {
    // The name in parentheses may hold anything.
    const fields = readFileSync("/proc/self/stat", "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const [, , group, , , foreground] = fields;
    return group !== undefined && group === foreground;
  } catch {
    return process.stdin.isTTY;
  }
}

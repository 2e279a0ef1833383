// Runs the real command as people do: argv, environment, stdout, stderr and exit status.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "vitest";

export const ROLE = "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA";
export const AUDIENCE = "https://aws.example.com";
/** What every story of credential-process begins with. */
export const FLAGS = ["credential-process", "--role-arn", ROLE, "--audience", AUDIENCE] as const;

export interface Entry {
  name: string;
  /** Program and first arguments. */
  command: readonly [string, ...string[]];
}

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

const built: readonly Entry[] = [
  { name: "npm entry", command: [process.execPath, resolve("dist/cli/main.js")] },
  { name: "standalone executable", command: [resolve("dist/bin/gcp2aws")] },
];

/** The ways to run gcp2aws: what `npm run build` made, or the one that GCP2AWS_TEST_COMMAND names. */
export const entries: readonly Entry[] = process.env["GCP2AWS_TEST_COMMAND"]
  ? // Not by its first line: stories that change PATH have no node on it.
    [{ name: "installed package", command: [process.execPath, process.env["GCP2AWS_TEST_COMMAND"]] }]
  : built;

/** The command of another build of it where GCP2AWS_TEST_HELPER gives one: of the one that looks for memory errors. */
const [helperProgram = "", ...helperArguments] = (
  process.env["GCP2AWS_TEST_HELPER"] ?? resolve("dist/bin/gcp2aws-credential-process")
).split(" ");
const helper: Entry = { name: "native helper", command: [helperProgram, ...helperArguments] };
const withoutHelper = process.env["GCP2AWS_TEST_COMMAND"] !== undefined || !existsSync(helper.command.at(-1) ?? "");
if (withoutHelper && process.env["CI"] !== undefined && entries === built)
  throw new Error("npm run build:native first");

/** The ways to run `gcp2aws credential-process`; the native helper where it could be built. */
export const credentialProcessEntries: readonly Entry[] = withoutHelper ? entries : [...entries, helper];

for (const { command } of entries) {
  const program = command.at(-1) ?? "";
  if (!existsSync(program))
    throw new Error(`${program} is not there: run npm run build and npm run build:binary first`);
}

/** An empty home, and nothing of this process's environment but PATH. */
export function cleanEnv(extra: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: mkdtempSync(join(tmpdir(), "gcp2aws-home-")), ...extra };
}

/** Texts that no output may hold; `result` ones may stand on stdout of a run that succeeded. */
export interface Secrets {
  token: ReadonlySet<string>;
  result: ReadonlySet<string>;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  secrets?: Secrets;
  /** The user, and group, who runs it: for tests that run as root. */
  uid?: number;
  /** A file that takes the place of the stdout pipe. */
  stdoutFile?: string;
  /** What stands on stdin; nothing unless given. */
  stdin?: string;
}

/** Runs `gcp2aws argv` to its end, at most 30 seconds, and looks for the secrets in what it wrote. */
export async function run(entry: Entry, argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [program, ...first] = entry.command;
  const result = await runProgram(program, [...first, ...argv], options);
  for (const secret of options.secrets?.token ?? []) {
    expect(result.stdout.includes(secret) || result.stderr.includes(secret), "a token leaked").toBe(false);
  }
  for (const secret of options.secrets?.result ?? []) {
    expect(result.stderr.includes(secret), "a secret leaked to stderr").toBe(false);
    if (result.status !== 0) expect(result.stdout.includes(secret), "a secret leaked to stdout").toBe(false);
  }
  return result;
}

/** Any program, with a clean environment unless told otherwise. */
export function runProgram(program: string, argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((done, fail) => {
    const child = spawn(program, argv, {
      env: options.env ?? cleanEnv(),
      cwd: options.cwd,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
      stdio: [
        options.stdin === undefined ? "ignore" : "pipe",
        options.stdoutFile === undefined ? "pipe" : openSync(options.stdoutFile, "w"),
        "pipe",
      ],
      timeout: 50_000,
    });
    const output = { stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.on("error", fail);
    // It may end before it has read everything.
    child.stdin?.on("error", () => {}).end(options.stdin);
    child.on("close", (status) => done({ status, ...output }));
  });
}

import { Gcp2awsError, printable } from "../errors.ts";
import type { Host, RunProgram } from "../host.ts";
import { type Argv, shellLine } from "../trust-policy/formats/shell.ts";
import type { Talk } from "./talk.ts";

/** gcloud alone can take ten seconds to start on a small machine. */
const TIMEOUT_MS = 120_000;
const OUTPUT_BYTES = 1024 * 1024;

/** What came of a command; `why` has only the end of what it said on stderr. */
export type Ran = { isDone: true; stdout: string } | { isDone: false; why: string; stderr: string };

/** Runs commands of other programs, each shown before. */
export interface Commands {
  /**
   * Shows these, and asks once for all of them, unless that was agreed to beforehand.
   * @returns whether they may be run
   */
  agree: (what: string, commands: readonly Argv[]) => Promise<boolean>;
  /**
   * Runs a command; what was not agreed to is asked for by itself.
   * @throws Gcp2awsError LOCAL_COMMAND where it is not run
   */
  try: (argv: Argv) => Promise<Ran>;
  /**
   * The same for one that must succeed.
   * @returns what it printed
   * @throws Gcp2awsError LOCAL_COMMAND
   */
  run: (argv: Argv) => Promise<string>;
  /** Those that were run, in this order. */
  readonly ran: readonly Argv[];
}

export function createCommands(talk: Talk, host: Pick<Host, "env">, runProgram: RunProgram): Commands {
  const agreed = new Set<string>();
  const ran: Argv[] = [];

  const tryIt = async (argv: Argv): Promise<Ran> => {
    const line = shellLine(argv);
    talk.say(`$ ${line}`);
    if (!agreed.has(line) && !(await talk.consent("Run it?"))) throw notRun(argv, "there is no consent");
    ran.push(argv);
    const [program, ...rest] = argv;
    const end = await runProgram({ program, argv: rest, env: host.env, timeoutMs: TIMEOUT_MS, limit: OUTPUT_BYTES });
    switch (end.kind) {
      case "exited":
        if (end.status === 0) return { isDone: true, stdout: end.stdout };
        return {
          isDone: false,
          // Warnings come first, and the error last.
          why: `exit status ${end.status}: ${printable(end.stderr.trim().slice(-500), 500)}`,
          stderr: end.stderr,
        };
      case "not-started":
        throw notRun(argv, end.code === "ENOENT" ? "it is not installed" : end.code);
      case "killed":
        return { isDone: false, why: `killed by ${end.signal}`, stderr: end.stderr };
      case "timeout":
        return { isDone: false, why: `it took more than ${TIMEOUT_MS / 1000} seconds`, stderr: end.stderr };
      default:
        return { isDone: false, why: "it prints without end", stderr: "" };
    }
  };

  return {
    agree: async (what, commands) => {
      const lines = commands.map(shellLine);
      if (talk.hasConsented) {
        // Each is shown before it is run.
        talk.say(what);
        return true;
      }
      talk.say(`${what}\n\n${lines.map((line) => line.replace(/^/gm, "  ")).join("\n")}\n`);
      const isAgreed = await talk.consent("Run them here?");
      if (isAgreed) for (const line of lines) agreed.add(line);
      return isAgreed;
    },
    try: tryIt,
    run: async (argv) => {
      const end = await tryIt(argv);
      if (end.isDone) return end.stdout;
      throw new Gcp2awsError("LOCAL_COMMAND", `${nameOf(argv)} failed: ${end.why}`, {
        hint: `mend what it says, and run gcp2aws setup again: what is done already is not done twice`,
      });
    },
    ran,
  };
}

function notRun(argv: Argv, why: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_COMMAND", `${nameOf(argv)} not run: ${why}`, {
    hint: `run the commands where ${argv[0]} and an administrator's credentials are; gcp2aws setup without --yes prints them`,
  });
}

/** Without what it is about: `aws iam create-role`. */
function nameOf(argv: Argv): string {
  const end = argv.findIndex((word) => word.startsWith("-"));
  return argv.slice(0, Math.min(end === -1 ? argv.length : end, argv[0] === "gcloud" ? 4 : 3)).join(" ");
}

import type { Command } from "commander";
import { Gcp2awsError } from "../errors.ts";
import type { Report, Request } from "../doctor/examine.ts";
import type { Host } from "../host.ts";
import { every } from "../host/timers.ts";
import type { CommandContext } from "./commands.ts";
import { readInput } from "./input-file.ts";
import { parseFlags } from "./parse-flags.ts";
import { addPipeFlags, addTarget, valuesOf } from "./pipe-flags.ts";

interface DoctorOptions {
  profile?: string;
  trustPolicy?: string;
  json?: true;
}

/** `gcp2aws doctor`: why there are no credentials, from the metadata server to the SDK. */
export function defineDoctor(program: Command, context: CommandContext): void {
  const command = program
    .command("doctor")
    .summary("find out why something does not work, and what to do")
    .description(
      "Looks at every step from Google's metadata server to the AWS SDK, in order, and marks the first cause of what does not work, with " +
        "a remedy. It asks for a token and for credentials once, past the cache, and shows no secret. Nothing is changed.",
    )
    .usage("(--profile NAME | --role-arn ARN --audience URI [flags] | TARGET) [--trust-policy FILE] [--json]")
    .option(
      "--profile <NAME>",
      "look at the credential_process of this profile, as each SDK reads it, in place of the flags",
    )
    .option(
      "--trust-policy <FILE>",
      "the role's trust policy, to be held against the token where AWS denies it; - for standard input (default: what iam:GetRole says, by AWS keys in the environment)",
    )
    .option("--json", "print one line of JSON");
  addPipeFlags(addTarget(command), [], {
    roleArn: "the AWS role to assume (required without --profile)",
    audience:
      "the token's audience: what the role's trust policy compares with accounts.google.com:oaud (required without --profile, " +
      "unless the token is given)",
  })
    .addHelpText(
      "after",
      "\nExit status: 0 all is well, or works with warnings; else that of the first cause, as for credential-process.",
    )
    .action(async (_, options: DoctorOptions) => {
      context.exitStatus = await doctor(command, options, context.host);
    });
}

/** For which a check may run before a person is told of it. */
const PATIENCE_MS = 1_000;
/** Of what a client says when it is asked for its version. */
const MAX_BYTES = 64 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;

async function doctor(command: Command, options: DoctorOptions, host: Host): Promise<number> {
  const given = valuesOf(command);
  const { profile, trustPolicy: file, json } = options;
  const extra = Object.keys(given).filter((key) => key !== "timeout" && key !== "config");
  if (profile !== undefined && extra.length > 0) {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", "doctor --profile: the flags are those of the profile", {
      hint: "give either --profile or flags; --timeout goes with both",
    });
  }
  const [{ formatJson, formatText }, report] = await Promise.all([
    import("../doctor/report.ts"),
    diagnose({ given, profile, trustPolicy: file === undefined ? undefined : () => readInput(file, host) }, host),
  ]);
  host.writeStdout(json === true ? formatJson(report) : formatText(report));
  return report.exitStatus;
}

/** What the doctor finds of a profile, or of flags. */
export async function diagnose(
  { given, profile, trustPolicy }: Pick<Request, "given" | "profile" | "trustPolicy">,
  host: Host,
): Promise<Report> {
  const [{ examine }, { runProgram }, { userFiles }, { withTarget }] = await Promise.all([
    import("../doctor/examine.ts"),
    import("../host/run-program.ts"),
    import("../host/user-files.ts"),
    import("./with-target.ts"),
  ]);
  return examine({
    host,
    tools: {
      user: userFiles,
      parseFlags,
      withTarget: (flags) => withTarget(flags, host),
      runProgram: async (program, argv, timeoutMs) => {
        const end = await runProgram({ program, argv, env: host.env, timeoutMs, limit: MAX_BYTES });
        return end.kind === "exited" && end.status === 0 ? end : undefined;
      },
    },
    given,
    profile,
    trustPolicy,
    deadline: host.ticks() + timeoutOf(given["timeout"]),
    begin: (title) => {
      if (!host.stderrIsTerminal()) return () => {};
      const stop = every(PATIENCE_MS, () => {
        host.writeStderr(`gcp2aws: ${title} …\n`);
        stop();
      });
      return stop;
    },
  });
}

/** What is not valid is said by the check of the flags. */
function timeoutOf(text: string | undefined): number {
  const seconds = Number(text);
  return seconds >= 1 && seconds <= 600 ? seconds * 1000 : DEFAULT_TIMEOUT_MS;
}

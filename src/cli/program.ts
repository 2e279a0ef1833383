import { Command, CommanderError } from "commander";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { version } from "../version.ts";
import { type CommandContext, commands } from "./commands.ts";

/**
 * The command line of everything but the fast path: help, and the commands that may take their time to load.
 * @throws Gcp2awsError USAGE_UNKNOWN_COMMAND, USAGE_UNKNOWN_FLAG, USAGE_INVALID_VALUE, and what the command throws
 */
export async function runProgram(argv: readonly string[], host: Host): Promise<void> {
  const program = new Command("gcp2aws")
    .description("AWS credentials from a Google Cloud identity, without a long-lived key.")
    .version(version, "-V, --version")
    .helpCommand(false)
    .showHelpAfterError(false);
  const context: CommandContext = { host };
  for (const define of commands) define(program, context);
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureHelp({ helpWidth: 100, sortOptions: false })
      .configureOutput({ writeOut: host.writeStdout, writeErr: () => {}, outputError: () => {} });
  }
  try {
    if (argv.length === 0) program.help();
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0 || error.code === "commander.help") throw usage(error, argv);
  }
}

function usage(error: CommanderError, argv: readonly string[]): Gcp2awsError {
  const hint = "see gcp2aws --help, or gcp2aws COMMAND --help";
  const why = printable(error.message.replace(/^error: /, ""), 200);
  switch (error.code) {
    case "commander.help":
    case "commander.unknownCommand":
      return new Gcp2awsError(
        "USAGE_UNKNOWN_COMMAND",
        argv.length === 0 ? "no command given" : `"${printable(argv[0] ?? "", 60)}": no such command`,
        { hint },
      );
    case "commander.unknownOption":
    case "commander.excessArguments":
      return new Gcp2awsError("USAGE_UNKNOWN_FLAG", `${argv[0] ?? ""}: ${why}`, { hint });
    default:
      return new Gcp2awsError("USAGE_INVALID_VALUE", `${argv[0] ?? ""}: ${why}`, { hint });
  }
}

import { Command, CommanderError } from "commander";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { version } from "../version.ts";
import { type CommandContext, commands as definitions } from "./commands.ts";

/**
 * The command line of everything but the fast path: help, and the commands that may take their time to load.
 * @returns the exit status
 * @throws Gcp2awsError USAGE_UNKNOWN_COMMAND, USAGE_UNKNOWN_FLAG, USAGE_INVALID_VALUE, and what the command throws
 */
export async function runProgram(argv: readonly string[], host: Host): Promise<number> {
  const context: CommandContext = { host, argv, exitStatus: 0 };
  await runCommandLine(createProgram(context), argv);
  return context.exitStatus;
}

/** Every command, as the command line library knows them. */
export function createProgram(context: CommandContext): Command {
  const { host } = context;
  const program = new Command("gcp2aws")
    .description("AWS credentials from a Google Cloud identity, without a long-lived key.")
    .version(version, "-V, --version")
    .showHelpAfterError(false)
    // The program's own flags come before a command: what follows is the command's, a value "-V" too.
    .enablePositionalOptions();
  for (const define of definitions) define(program, context);
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    command
      .helpCommand(false)
      .exitOverride()
      .configureHelp({ helpWidth: 100, sortOptions: false })
      .configureOutput({ writeOut: host.writeStdout, writeErr: () => {}, outputError: () => {} });
  }
  return program;
}

/**
 * Runs one of the program's commands.
 * @throws Gcp2awsError as {@link runProgram}
 */
export async function runCommandLine(program: Command, argv: readonly string[]): Promise<void> {
  try {
    if (argv.length === 0) throw unknownCommand("no command given");
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usage(error, argv);
  }
}

const HINT = "see gcp2aws --help, or gcp2aws COMMAND --help";

function unknownCommand(what: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_UNKNOWN_COMMAND", what, { hint: HINT });
}

function usage(error: CommanderError, argv: readonly string[]): Gcp2awsError {
  const command = printable(argv[0] ?? "", 60);
  const what = `${command}: ${printable(error.message.replace(/^error: /, ""), 200)}`;
  switch (error.code) {
    case "commander.unknownCommand":
      return unknownCommand(`"${printable(/'(.*)'/.exec(error.message)?.[1] ?? command, 60)}": no such command`);
    case "commander.help":
      return unknownCommand(`${command}: its own command is missing`);
    case "commander.missingMandatoryOptionValue":
      return new Gcp2awsError("USAGE_MISSING_FLAG", what, { hint: HINT });
    case "commander.unknownOption":
    case "commander.excessArguments":
      return new Gcp2awsError("USAGE_UNKNOWN_FLAG", what, { hint: HINT });
    default:
      return new Gcp2awsError("USAGE_INVALID_VALUE", what, { hint: HINT });
  }
}

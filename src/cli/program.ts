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
    if (argv.length === 0) throw unknownCommand("no command given", "");
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usage(error, nameOf(program, argv));
  }
}

/** The command that the arguments begin with, together with the groups that it stands in; empty for the program itself. */
function nameOf(parent: Command, [first, ...rest]: readonly string[]): string {
  const command = parent.commands.find((each) => each.name() === first);
  return command === undefined ? "" : `${command.name()} ${nameOf(command, rest)}`.trim();
}

function unknownCommand(what: string, command: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_UNKNOWN_COMMAND", what, { hint: seeHelp(command) });
}

function seeHelp(command: string): string {
  return command === "" ? "see gcp2aws --help" : `see gcp2aws ${command} --help`;
}

/** @param command see {@link nameOf} */
function usage(error: CommanderError, command: string): Gcp2awsError {
  const message = printable(error.message.replace(/^error: /, ""), 200);
  const what = command === "" ? message : `${command}: ${message}`;
  const hint = seeHelp(command);
  switch (error.code) {
    case "commander.unknownCommand": {
      const name = printable(/'(.*)'/s.exec(error.message)?.[1] ?? "", 60);
      return unknownCommand(`${command} "${name}": no such command`.trim(), command);
    }
    case "commander.help":
      return unknownCommand(`${command}: its own command is missing`, command);
    case "commander.missingMandatoryOptionValue":
      return new Gcp2awsError("USAGE_MISSING_FLAG", what, { hint });
    case "commander.unknownOption":
    case "commander.excessArguments":
      return new Gcp2awsError("USAGE_UNKNOWN_FLAG", what, { hint });
    default:
      return new Gcp2awsError("USAGE_INVALID_VALUE", what, { hint });
  }
}

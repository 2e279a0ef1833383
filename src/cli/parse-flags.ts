import { type FlagValues } from "../config/read.ts";
import { flags } from "../flags.ts";
import { Gcp2awsError, printable } from "../errors.ts";

/**
 * Reads `--flag value`, `--flag=value` and switches as the command line library does with the same flags
 * (pipe-flags.ts). It stands in front of that, so that credential-process loads nothing else.
 * @returns the texts as given, by the flags' keys and `target` for the one argument without a flag, or "help" where help was asked for
 * @throws Gcp2awsError USAGE_UNKNOWN_FLAG, USAGE_INVALID_VALUE
 */
export function parseFlags(argv: readonly string[]): FlagValues | "help" {
  const values: Record<string, string | undefined> = {};
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    if (isHelp(argument)) return "help";
    if (argument === "--") {
      // It ends the flags; what is left can be the target.
      for (const operand of argv.slice(at + 1)) {
        if (values["target"] !== undefined) throw unknown(operand, STRAY);
        values["target"] = operand;
      }
      break;
    }
    const equals = argument.indexOf("=");
    const name = argument.startsWith("--") ? argument.slice(2, equals === -1 ? undefined : equals) : undefined;
    const flag = flags.find((candidate) => candidate.name === name);
    const isSwitch = flag !== undefined && flag.value === undefined;
    if (isOperand(argument) && values["target"] === undefined) {
      values["target"] = argument;
      continue;
    }
    if (flag === undefined || (isSwitch && equals !== -1)) {
      // Whoever makes a mistake and asks for help gets help.
      if (argv.slice(at).some(isHelp)) return "help";
      if (isSwitch) throw unknown(argument, "a switch takes no value");
      throw unknown(argument, argument.startsWith("-") ? "no such flag" : STRAY);
    }

    if (isSwitch) values[flag.key] = flag.given ?? "true";
    else {
      const value = equals === -1 ? argv[++at] : argument.slice(equals + 1);
      values[flag.key] = checkValue(flag.name, value, values[flag.key]);
    }
  }
  return values;
}

/**
 * What each way of reading flags refuses before it looks at what a value must be.
 * @param previous the value that the flag has been given before
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function checkValue(name: string, value: string | undefined, previous: string | undefined): string {
  if (previous !== undefined) throw invalid(name, "given twice");
  // One that looks like a flag is the next flag, where a value was forgotten.
  if (value === undefined || value.startsWith("--")) throw invalid(name, "its value is missing");
  return value;
}

/** As the library sees it: a lone dash and a negative number are no flags. */
function isOperand(argument: string): boolean {
  return !argument.startsWith("-") || argument === "-" || /^-(\d+|\d*\.\d+)(e[+-]?\d+)?$/.test(argument);
}

const STRAY = "a second argument without a flag before it";

function isHelp(argument: string): boolean {
  return argument === "--help" || argument === "-h";
}

function unknown(argument: string, why: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_UNKNOWN_FLAG", `credential-process "${printable(argument, 100)}": ${why}`, {
    hint: `the flags are ${flags.map((flag) => `--${flag.name}`).join(" ")}`,
  });
}

function invalid(name: string, why: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", `--${name}: ${why}`, {
    hint: "see gcp2aws credential-process --help",
  });
}

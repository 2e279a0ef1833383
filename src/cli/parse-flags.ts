import { type Flag, type FlagValues, flags } from "../config.ts";
import { Gcp2awsError, printable } from "../errors.ts";

/**
 * Reads `--flag value`, `--flag=value` and switches. It stands in front of the command line library, so that
 * credential-process loads nothing else.
 * @returns the texts as given, or "help" where help was asked for
 * @throws Gcp2awsError USAGE_UNKNOWN_FLAG, USAGE_INVALID_VALUE
 */
export function parseFlags(argv: readonly string[]): FlagValues | "help" {
  const values: Record<string, string | undefined> = {};
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    if (argument === "--help" || argument === "-h") return "help";
    const equals = argument.indexOf("=");
    const name = argument.startsWith("--") ? argument.slice(2, equals === -1 ? undefined : equals) : undefined;
    const flag = flags.find((candidate) => candidate.name === name);
    if (name === undefined || flag === undefined) throw unknown(argument);
    const { key } = flag;
    if (values[key] !== undefined) throw invalid(name, "given twice");

    if (flag.value === undefined) {
      values[key] = readSwitch(flag, equals === -1 ? "true" : argument.slice(equals + 1));
    } else if (equals !== -1) {
      values[key] = argument.slice(equals + 1);
    } else {
      const value = argv[++at];
      if (value === undefined || value.startsWith("--")) throw invalid(name, "its value is missing");
      values[key] = value;
    }
  }
  return values;
}

/** In the words of its variable. */
function readSwitch(flag: Flag, text: string): string {
  const { on, off } = flag.switch ?? { on: "true", off: "false" };
  if (text === "true") return on;
  if (text === "false") return off;
  throw invalid(flag.name, `"${printable(text, 100)}" must be true or false`);
}

function unknown(argument: string): Gcp2awsError {
  const what = argument.startsWith("-") ? "no such flag" : "an argument without a flag before it";
  return new Gcp2awsError("USAGE_UNKNOWN_FLAG", `credential-process "${printable(argument, 100)}": ${what}`, {
    hint: `the flags are ${flags.map((flag) => `--${flag.name}`).join(" ")}`,
  });
}

function invalid(name: string, why: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", `--${name}: ${why}`, {
    hint: "see gcp2aws credential-process --help",
  });
}

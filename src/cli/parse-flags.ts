import { type Flag, type FlagKey, type FlagValues, flags } from "../config.ts";
import { Gcp2awsError, printable } from "../errors.ts";

const keys = Object.keys(flags).filter((key): key is FlagKey => key in flags);

/**
 * Reads `--flag value`, `--flag=value` and switches. It stands in front of the command line library, so that
 * credential-process loads nothing else.
 * @returns the texts as given, or "help" where help was asked for
 * @throws Gcp2awsError USAGE_UNKNOWN_FLAG, USAGE_INVALID_VALUE
 */
export function parseFlags(argv: readonly string[]): FlagValues | "help" {
  const values: FlagValues = {};
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    if (argument === "--help" || argument === "-h") return "help";
    const equals = argument.indexOf("=");
    const name = argument.startsWith("--") ? argument.slice(2, equals === -1 ? undefined : equals) : undefined;
    const key = keys.find((candidate) => flags[candidate].name === name);
    if (name === undefined || key === undefined) throw unknown(argument);
    if (values[key] !== undefined) throw invalid(name, "given twice");

    const flag: Flag = flags[key];
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
    hint: `the flags are ${keys.map((key) => `--${flags[key].name}`).join(" ")}`,
  });
}

function invalid(name: string, why: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", `--${name}: ${why}`, {
    hint: "see gcp2aws credential-process --help",
  });
}

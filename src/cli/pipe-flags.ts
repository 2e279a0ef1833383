import { type Command, Option } from "commander";
import { type Config, type FlagValues, readConfig, readTokenConfig, type TokenConfig } from "../config.ts";
import { type FlagKey, flags, variableOf } from "../flags.ts";
import type { Host } from "../host.ts";
import { checkValue } from "./parse-flags.ts";

/** Gives a command the flags of the pipe from token to credentials, or all but those it has no use for. */
export function addPipeFlags(command: Command, without: readonly FlagKey[] = []): Command {
  for (const flag of flags) {
    if (without.includes(flag.key)) continue;
    const term = flag.value === undefined ? `--${flag.name}` : `--${flag.name} <${flag.value}>`;
    const option = new Option(term, `${flag.description} [${variableOf(flag)}]`);
    // Of a value alone: a switch has none, and commander then calls it for the switch itself.
    if (flag.value !== undefined) {
      option.argParser<string | undefined>((value, previous) => checkValue(flag.name, value, previous));
    }
    command.addOption(option);
  }
  return command;
}

/**
 * The configuration by a command's flags and the environment.
 * @param given further values, by key, which win
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE
 */
export function configOf(command: Command, host: Host, given: FlagValues = {}): Config {
  return readConfig({ ...valuesOf(command), ...given }, host.env);
}

/**
 * The same for a command that needs the identity token alone.
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE
 */
export function tokenConfigOf(command: Command, host: Host): TokenConfig {
  return readTokenConfig(valuesOf(command), host.env);
}

/** The command's flags once more, as credential-process takes them. */
export function argvOf(command: Command): string[] {
  const values = valuesOf(command);
  return flags.flatMap(({ key, name, value }) => {
    const given = values[key];
    if (given === undefined) return [];
    return value === undefined ? [`--${name}`] : [`--${name}=${given}`];
  });
}

/** The texts behind the flags, as parse-flags.ts has them. */
export function valuesOf(command: Command): FlagValues {
  const options: Readonly<Record<string, unknown>> = command.opts();
  const values: Record<string, string> = {};
  for (const flag of flags) {
    if (command.getOptionValueSource(flag.key) !== "cli") continue;
    const value = options[flag.key];
    // A switch is true, or false where commander reads its `no-`.
    values[flag.key] = typeof value === "string" ? value : (flag.given ?? "true");
  }
  return values;
}

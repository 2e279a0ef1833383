import { type Command, Option } from "commander";
import { type Config, readConfig, readTokenConfig, type TokenConfig } from "../config.ts";
import { type FlagValues } from "../config/read.ts";
import { type FlagKey, flags, variableOf } from "../flags.ts";
import type { Host } from "../host.ts";
import { checkValue } from "./parse-flags.ts";

/** A target by its name: flags that stand in a file. */
const TARGET = "target";

/**
 * Gives a command the flags of the pipe from token to credentials, or all but those it has no use for.
 * @param described those that mean something else to it, or are not required where they usually are
 */
export function addPipeFlags(
  command: Command,
  without: readonly FlagKey[] = [],
  described: Readonly<Partial<Record<FlagKey, string>>> = {},
): Command {
  for (const flag of flags) {
    if (without.includes(flag.key)) continue;
    const term = flag.value === undefined ? `--${flag.name}` : `--${flag.name} <${flag.value}>`;
    const option = new Option(term, `${described[flag.key] ?? flag.description} [${variableOf(flag)}]`);
    // Of a value alone: a switch has none, and commander then calls it for the switch itself.
    if (flag.value !== undefined) {
      option.argParser<string | undefined>((value, previous) => checkValue(flag.name, value, previous));
    }
    command.addOption(option);
  }
  return command;
}

/** Lets a command take the name of a target, whose flags stand in a file. */
export function addTarget(command: Command): Command {
  return command.argument("[target]", "flags under a name, in the file of --config");
}

/**
 * The configuration by a command's flags and the environment.
 * @param given further values, by key, which win
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, LOCAL_FILE
 */
export async function configOf(command: Command, host: Host, given: FlagValues = {}): Promise<Config> {
  return readConfig(await flagsOf(command, host, given), host.env, host.readText);
}

/**
 * A command's flags together with those of the target that it names.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export async function flagsOf(command: Command, host: Host, given: FlagValues = {}): Promise<FlagValues> {
  const values = { ...valuesOf(command), ...given };
  if (values[TARGET] === undefined) return values;
  const { withTarget } = await import("./with-target.ts");
  return withTarget(values, host);
}

/**
 * The same for a command that needs the identity token alone.
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE
 */
export async function tokenConfigOf(command: Command, host: Host): Promise<TokenConfig> {
  return readTokenConfig(await flagsOf(command, host), host.env);
}

/** The command's flags once more, as credential-process takes them. */
export function argvOf(command: Command): string[] {
  const values = valuesOf(command);
  const argv = flags.flatMap(({ key, name, value }) => {
    const given = values[key];
    if (given === undefined) return [];
    return value === undefined ? [`--${name}`] : [`--${name}=${given}`];
  });
  const target = values[TARGET];
  return target === undefined ? argv : [...argv, "--", target];
}

/** The texts behind the flags, as parse-flags.ts has them. */
export function valuesOf(command: Command): FlagValues {
  const options: Readonly<Record<string, unknown>> = command.opts();
  const values: Record<string, string> = {};
  const [target] = command.args;
  if (target !== undefined && command.registeredArguments[0]?.name() === TARGET) values[TARGET] = target;
  for (const flag of flags) {
    if (command.getOptionValueSource(flag.key) !== "cli") continue;
    const value = options[flag.key];
    // A switch is true, or false where commander reads its `no-`.
    values[flag.key] = typeof value === "string" ? value : (flag.given ?? "true");
  }
  return values;
}

import { Gcp2awsError, quoted } from "../errors.ts";
import { type FlagKey, flagOf, variableOf } from "../flags.ts";

/** By key, the texts behind the flags. */
export type FlagValues = Readonly<Record<string, string | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export function firstSet(env: Environment, ...names: string[]): string {
  for (const name of names) {
    const value = env[name] ?? "";
    if (value !== "") return value;
  }
  return "";
}

export function trimSlashes(path: string): string {
  return path.replace(/\/+$/, "");
}

export function read(key: FlagKey, given: FlagValues, env: Environment): string | undefined {
  const value = given[key];
  const flag = flagOf(key);
  return value === undefined ? variable(key, env, variableOf(flag)) : check(key, value, `--${flag.name}`);
}

export function variable(key: FlagKey, env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === "" ? undefined : check(key, value, name);
}

function check(key: FlagKey, value: string, origin: string): string {
  const { valid, rule, example } = flagOf(key);
  if (valid(value)) return value;
  throw new Gcp2awsError("USAGE_INVALID_VALUE", `${origin} ${quoted(value)}: must be ${rule}`, {
    hint: `for example ${origin.startsWith("--") ? `${origin} ` : `${origin}=`}${example}`,
  });
}

/**
 * @param instead what else can be done, for the hint: `name a target`
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE
 */
export function required(key: FlagKey, given: FlagValues, env: Environment, instead = ""): string {
  const value = read(key, given, env);
  if (value !== undefined) return value;
  const { name, example } = flagOf(key);
  const either = instead === "" ? "" : `${instead}, `;
  throw new Gcp2awsError("USAGE_MISSING_FLAG", `--${name} is missing`, {
    hint: `${either}give --${name} or set ${variableOf(flagOf(key))}, for example --${name} ${example}`,
  });
}

export function isOn(env: Environment, name: string): boolean {
  return env[name]?.toLowerCase() === "true";
}

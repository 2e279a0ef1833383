import { readConfig } from "../config.ts";
import type { FlagValues } from "../config/read.ts";
import { Gcp2awsError, LINE_BREAK } from "../errors.ts";
import { type FlagKey, flagOf, flags, variableOf } from "../flags.ts";
import { type Check, failed, ok, type Remedy } from "./check.ts";

/** Flags, variables and the target read as credential-process reads them. */
export const flagsCheck: Check = {
  id: "flags",
  title: "flags and environment",
  needs: ["profile"],
  run: async ({ host, given, tools, learned }) => {
    try {
      const whole = await tools.withTarget(given);
      learned.config = readConfig(whole, host.env, host.readText);
      return ok(
        `role ${learned.config.roleArn}`,
        `audience ${learned.config.audience === "" ? "of a given token" : learned.config.audience}`,
      );
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) throw error;
      return failed(error, remedyFor(error, given));
    }
  },
};

/** The variable or flag that the error begins with is left out where there is a value without it. */
function remedyFor({ message, hint = "" }: Gcp2awsError, given: FlagValues): Remedy | undefined {
  const [, variable] = /^([A-Z][A-Z\d_]+) "/.exec(message) ?? [];
  if (variable !== undefined) {
    if (message.includes(LINE_BREAK))
      return {
        text: "take the line break off",
        commands: [`export ${variable}="$(printf %s "$${variable}" | tr -d '\\r\\n')"`],
      };
    const own = flags.find((candidate) => variableOf(candidate) === variable);
    if (own !== undefined && !isOptional(own.key)) return undefined;
    return { text: `${hint}; or leave it out`, commands: [`unset ${variable}`] };
  }
  const [, name] = /^--([a-z-]+)\b/.exec(message) ?? [];
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag === undefined || !isOptional(flag.key) || given[flag.key] === undefined) return undefined;
  return { text: `${hint}; or leave it out`, flags: { [flagOf(flag.key).name]: null } };
}

function isOptional(key: FlagKey): boolean {
  return key !== "roleArn" && key !== "audience";
}

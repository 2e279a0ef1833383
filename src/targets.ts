import * as v from "valibot";
import { Gcp2awsError, printable } from "./errors.ts";
import { type Flag, type FlagKey, flags } from "./flags.ts";
import { suggest } from "./suggest.ts";

/** By the name of a target, the texts behind its flags. */
export type Targets = ReadonlyMap<string, Readonly<Record<string, string>>>;

const setting = v.union([v.string(), v.number(), v.boolean(), v.array(v.string())]);
const shape = v.strictObject({ targets: v.record(v.string(), v.record(v.string(), setting)) });

/** A name that can stand on a command line, in a URL's path and as a file's name. */
const NAME = /^(?!\.{1,2}$)[\w+,.@][\w+,.@-]{0,63}$/;

/** Not of a target: which file it is in. */
const elsewhere: ReadonlySet<FlagKey> = new Set(["config"] as const);

/** The settings of a target: each flag by its key in snake case, `role_arn`, `cache`. */
export const settings: readonly { name: string; flag: Flag }[] = flags
  .filter(({ key }) => !elsewhere.has(key))
  .map((flag) => ({ name: flag.key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), flag }));

/**
 * Reads the document of a configuration file, every target of it: a mistake in one is found whichever is used.
 * @param document as YAML or JSON has it
 * @param where the file, for errors
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function parseTargets(document: unknown, where: string): Targets {
  const parsed = v.safeParse(shape, document);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const at = v.getDotPath(issue);
    throw invalid(where, `${at === null ? "" : `${at}: `}${issue.message}`, "it is targets: NAME: SETTING: VALUE");
  }
  return new Map(
    Object.entries(parsed.output.targets).map(([name, values]) => {
      if (!NAME.test(name)) {
        throw invalid(where, `target "${printable(name, 80)}": must be 1 to 64 of A-Z a-z 0-9 _ + , . @ -`, HINT);
      }
      return [name, readTarget(values, `${where}: targets.${name}`)];
    }),
  );
}

const HINT = "docs/targets.md has the settings, and an example";

function readTarget(values: Record<string, v.InferOutput<typeof setting>>, where: string): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const known = settings.find((candidate) => candidate.name === name);
    if (known === undefined) {
      const meant = suggest(
        name,
        settings.map((candidate) => candidate.name),
      );
      const hint =
        meant === undefined ? `known are ${settings.map((one) => one.name).join(" ")}` : `did you mean ${meant}?`;
      throw invalid(where, `"${printable(name, 80)}": no such setting`, hint);
    }
    const text = Array.isArray(value) ? value.join(",") : String(value);
    const { key, rule, example, valid } = known.flag;
    if (!valid(text))
      throw invalid(
        `${where}.${name}`,
        `"${printable(text, 100)}": must be ${rule}`,
        `for example ${name}: ${example}`,
      );
    texts[key] = text;
  }
  return texts;
}

function invalid(where: string, what: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", `${where}: ${what}`, { hint });
}

import { Gcp2awsError, printable, quoted } from "./errors.ts";
import { type Flag, type FlagKey, flags } from "./flags.ts";
import { suggest } from "./suggest.ts";

/** By the name of a target, the texts behind its flags. */
export type Targets = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** A name that can stand on a command line, in a URL's path and as a file's name. */
export const TARGET_NAME = /^(?!\.{1,2}$)[A-Za-z0-9_+,.@][A-Za-z0-9_+,.@-]{0,63}$/;

/** Not of a target: which file it is in. */
const elsewhere: ReadonlySet<FlagKey> = new Set(["config"] as const);

/** The settings of a target: each flag by its key in snake case, `role_arn`, `cache`. */
export const settings: readonly { name: string; flag: Flag }[] = flags
  .filter(({ key }) => !elsewhere.has(key))
  .map((flag) => ({ name: flag.key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), flag }));

/**
 * Reads the document of a configuration file, every target of it: a mistake in one is found whichever is used.
 * @param document with maps as Map, and every other value as it is written
 * @param where the file, for errors
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function parseTargets(document: unknown, where: string): Targets {
  const root = mapOf(document, where, "targets: NAME: SETTING: VALUE");
  for (const key of root.keys()) if (key !== "targets") throw unknownKey(where, key, ["targets"]);
  if (!root.has("targets")) throw invalid(where, "has no targets", HINT);
  const targets = mapOf(root.get("targets"), `${where}: targets`, "NAME: SETTING: VALUE");
  return new Map(
    Array.from(targets, ([name, values]) => {
      if (!TARGET_NAME.test(name)) {
        throw invalid(where, `target "${printable(name, 80)}": must be 1 to 64 of A-Z a-z 0-9 _ + , . @ -`, HINT);
      }
      const place = `${where}: targets.${name}`;
      return [name, readTarget(mapOf(values, place, "SETTING: VALUE"), place)];
    }),
  );
}

function mapOf(value: unknown, where: string, shape: string): ReadonlyMap<string, unknown> {
  const isMap = value instanceof Map && [...value.keys()].every((key) => typeof key === "string");
  if (isMap) return value;
  throw invalid(where, `must be ${shape}`, HINT);
}

const HINT = "docs/targets.md has the settings, and an example";

function readTarget(values: ReadonlyMap<string, unknown>, where: string): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of values) {
    const known = settings.find((candidate) => candidate.name === name);
    if (known === undefined) {
      const names = settings.map((candidate) => candidate.name);
      throw unknownKey(where, name, names);
    }
    const { key, rule, example, valid } = known.flag;
    const text = Array.isArray(value) ? textOfList(value) : value;
    if (typeof text !== "string") {
      throw invalid(
        `${where}.${name}`,
        "must be a text or a list of texts",
        `quote what has braces or brackets: ${name}: "${example}"`,
      );
    }
    if (!valid(text)) {
      throw invalid(`${where}.${name}`, `${quoted(text)}: must be ${rule}`, `for example ${name}: ${example}`);
    }
    texts[key] = text;
  }
  return texts;
}

function textOfList(values: readonly unknown[]): string | undefined {
  return values.every((value) => typeof value === "string") ? values.join(",") : undefined;
}

function unknownKey(where: string, key: string, known: readonly string[]): Gcp2awsError {
  const meant = suggest(key, known);
  const hint = meant === undefined ? `known are ${known.join(" ")}` : `did you mean ${meant}?`;
  return invalid(where, `"${printable(key, 80)}": no such setting`, hint);
}

function invalid(where: string, what: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", `${where}: ${what}`, { hint });
}

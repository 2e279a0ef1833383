import { configFileOf } from "../config/surroundings.ts";
import { type FlagValues } from "../config/read.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { FileError, type Host } from "../host.ts";
import { userFiles } from "../host/user-files.ts";
import { parseTargets, type Targets } from "../targets.ts";

/**
 * Flags together with those of the target that they name; the former win.
 * @throws Gcp2awsError USAGE_INVALID_VALUE, LOCAL_FILE
 */
export async function withTarget(given: FlagValues, host: Host): Promise<FlagValues> {
  const name = given["target"];
  return name === undefined ? given : { ...targetOf(name, await readTargets(given, host)), ...given };
}

/** @throws Gcp2awsError USAGE_INVALID_VALUE where there is none of that name */
export function targetOf(name: string, { targets, path }: { targets: Targets; path: string }): FlagValues {
  const target = targets.get(name);
  if (target !== undefined) return target;
  throw new Gcp2awsError("USAGE_INVALID_VALUE", `"${printable(name, 80)}": no such target in ${printable(path)}`, {
    hint: targets.size === 0 ? "name another file with --config" : `it has ${[...targets.keys()].join(" ")}`,
  });
}

/** The targets of the file that `--config` names, else of this user's own. */
export async function readTargets(given: FlagValues, host: Host): Promise<{ targets: Targets; path: string }> {
  const path = configFileOf(given, host.env);
  // It can name programs to run, so nobody else may have written it.
  const text = readTrusted(path, host);
  if (text === "") {
    const name = given["target"];
    const what = name === undefined ? "" : `"${printable(name, 80)}": a target, but `;
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `${what}${printable(path)} is not there, or empty`, {
      hint: "a target is flags under a name in a file, see docs/targets.md; name the file with --config, or give the flags",
    });
  }
  const { parseDocument } = await import("yaml");
  let content: unknown;
  try {
    // Every value as it is written: numbers too long for a number, and leading zeros, stay.
    const document = parseDocument(text, { schema: "failsafe" });
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    content = document.toJS({ maxAliasCount: 100, mapAsMap: true });
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `${printable(path)}: ${printable(why)}`, {
      hint: "it must be YAML; docs/targets.md has an example",
    });
  }
  return { targets: parseTargets(content, printable(path)), path };
}

const MAX_BYTES = 1024 * 1024;

/** A file of this user or root that not everybody may write; empty where there is none. */
function readTrusted(path: string, host: Host): string {
  try {
    return host.files.read(userFiles.realPath(path), MAX_BYTES, ({ kind, uid, mode }) => {
      if (kind !== "file") throw refused(path, "it is not a regular file");
      if (uid !== 0 && uid !== host.files.uid()) throw refused(path, `it belongs to user ${uid}`);
      if ((mode & 0o002) !== 0) throw refused(path, "everybody may write it");
    });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code === "ENOENT") return "";
    throw refused(path, error.code);
  }
}

function refused(path: string, why: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_FILE", `${printable(path)} not used: ${why}`, {
    hint: "it must be a file of this user or root, of at most a megabyte, that not everybody may write; see what is in it before you change that",
  });
}

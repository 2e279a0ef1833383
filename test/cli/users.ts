// Other users of this machine, for the stories in which somebody else really is somebody else. Only root can be them.
import { chmodSync, copyFileSync, cpSync, linkSync, lstatSync, mkdtempSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { credentialProcessEntries, type Entry } from "./run.ts";

export const isRoot = process.getuid?.() === 0;
if (!isRoot && process.env["CI"] !== undefined) throw new Error("CI runs as root, to be other users too");

/** Numbers that no account of a freshly installed machine has, but for nobody (65534). */
export const ALICE = 65_533;
export const BOB = 65_534;

/** The programs where every user may run them: this checkout can lie where only its owner may look. */
export function entriesForEverybody(within: string): readonly Entry[] {
  const folder = openFolder(within);
  const place = (program: string): string => {
    const to = join(folder, basename(program));
    try {
      linkSync(program, to);
    } catch {
      copyFileSync(program, to);
    }
    return to;
  };
  return credentialProcessEntries.map(({ name, command }): Entry => {
    const program = realpathSync(command.at(-1) ?? "");
    if (!program.endsWith(".js")) return { name, command: [place(program)] };
    const dist = dirname(dirname(program));
    const ours = /\/dist\/(bin|native)$/;
    cpSync(dist, join(folder, "dist"), { recursive: true, filter: (path) => !ours.test(path) });
    copyFileSync(join(dist, "..", "package.json"), join(folder, "package.json"));
    return { name, command: [place(process.execPath), join(folder, "dist", "cli", "main.js")] };
  });
}

/** A directory like /tmp: everybody may make things in it, and remove their own. */
export function openFolder(within: string): string {
  const folder = mkdtempSync(join(within, "gcp2aws-users-"));
  chmodSync(folder, 0o1777);
  return folder;
}

/** Everything below a directory, with all of it that a write could change. */
export function listing(directory: string): unknown[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const { mode, uid, size, mtimeMs, ino } = lstatSync(join(directory, name));
      return [name, mode, uid, size, mtimeMs, ino];
    });
}

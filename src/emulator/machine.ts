/* oxlint-disable no-restricted-imports, no-restricted-properties -- the emulators' own access to clock and disk:
   Host belongs to the client, with which they share no code. */
import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Clock } from "./http.ts";

export const systemClock: Clock = Date.now;

/** Waits a number of milliseconds; does not keep a process alive whose listeners are closed. */
export function sleep(milliseconds: number): Promise<void> {
  return setTimeout(milliseconds, undefined, { ref: false });
}

/**
 * A writer of files below a directory, which is made at once, so that one that cannot be is found before the first call;
 * folders below it are made as they are needed.
 *
 * @param mode of new files
 * @throws the file system's error
 */
export async function directoryWriter(
  directory: string,
  mode?: number,
): Promise<(relativePath: string, bytes: Uint8Array) => Promise<void>> {
  await mkdir(directory, { recursive: true });
  return async (relativePath, bytes) => {
    const path = join(directory, relativePath);
    await mkdir(dirname(path), { recursive: true });
    // In place of what is there, a link or a pipe too: nothing is written where it leads, and nobody is waited for.
    const temporary = `${path}.${randomUUID()}.tmp`;
    await writeFile(temporary, bytes, { flag: "wx", ...(mode === undefined ? {} : { mode }) });
    await rename(temporary, path);
  };
}

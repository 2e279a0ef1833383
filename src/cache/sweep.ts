import type { Host } from "../host.ts";
import type { FileStore } from "./file-store.ts";

/** Longer than a session can live (12 h) and than anybody can hold a lock. */
const KEPT_MS = 24 * 60 * 60_000;

/**
 * Removes what nobody will ask for again: expired entries of other roles and boots, and what killed processes left
 * behind. By age alone: nothing is read. What cannot be removed stays.
 */
export function sweep(store: FileStore, host: Host): void {
  const { files } = host;
  let names: string[];
  try {
    names = files.list(store.path);
  } catch {
    return;
  }
  for (const name of names.filter(isOurs)) {
    const path = `${store.path}/${name}`;
    try {
      const status = files.status(path);
      if (host.now() - status.modified < KEPT_MS) continue;
      if (status.kind === "directory") {
        for (const socket of files.list(path)) files.unlink(`${path}/${socket}`);
        files.removeDirectory(path);
      } else {
        files.unlink(path);
      }
    } catch {
      // Another process sweeps too, or it is nothing of ours after all.
    }
  }
}

/** An entry, its failure, its lock, or a temporary form of these: whatever else lies here is left alone. */
export function isOurs(name: string): boolean {
  return /^[0-9a-f]{32}(\.|$)/.test(name);
}

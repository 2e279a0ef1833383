import type { Host } from "../host.ts";
import type { FileStore } from "./file-store.ts";
import { isDead } from "./flight.ts";

/** Longer than a session can live (12 h) and than anybody can hold a lock. */
const KEPT_MS = 24 * 60 * 60_000;

/**
 * Removes what nobody will ask for again: expired entries of other roles and boots, and what killed processes left
 * behind. By age, and a lock only when its holder is dead: a clock that was set ahead makes everything old. Nothing is read,
 * and what cannot be removed stays.
 */
export async function sweep(store: Pick<FileStore, "path">, host: Host): Promise<void> {
  const { files } = host;
  let names: string[];
  try {
    names = files.list(store.path);
  } catch {
    return;
  }
  for (const name of names) {
    const kind = kindOfName(name);
    if (kind === undefined) continue;
    const path = `${store.path}/${name}`;
    try {
      const status = files.status(path);
      if (host.now() - status.modified < KEPT_MS) continue;
      if (kind !== "lock") {
        files.unlink(path);
        continue;
      }
      for (const holder of files.list(path)) {
        const socket = `${path}/${holder}`;
        if (/^[0-9]{16}$/.test(holder) && (await isDead(socket, host))) files.unlink(socket);
      }
      files.removeDirectory(path);
    } catch {
      // Another process sweeps too, or it is nothing of ours after all.
    }
  }
}

/** What a name in the cache directory stands for; undefined for what is not ours, which is left alone. */
export function kindOfName(name: string): "entry" | "failure" | "temporary" | "lock" | undefined {
  if (/^gcp2aws-[0-9a-f]{32}$/.test(name)) return "entry";
  if (/^gcp2aws-[0-9a-f]{32}\.failure$/.test(name)) return "failure";
  if (/^gcp2aws-[0-9a-f]{32}(\.failure)?\.[0-9]{16}\.tmp$/.test(name)) return "temporary";
  return /^gcp2aws-[0-9a-f]{32}\.lock(\.[0-9]{16})?$/.test(name) ? "lock" : undefined;
}

import type { Host } from "../host.ts";
import { type Entry, type Failure, formatEntry, formatFailure, parseEntry, parseFailure } from "./entry.ts";
import type { FileStore } from "./file-store.ts";
import { type Answer, cacheKey } from "./key.ts";

/** What the cache holds for one answer. Each call may throw Gcp2awsError LOCAL_CACHE. */
export interface Records {
  /** Undefined where there is none, or none that can be read: cut off, changed, of another version. */
  entry: () => Entry | undefined;
  failure: () => Failure | undefined;
  keepEntry: (entry: Entry) => void;
  keepFailure: (failure: Failure) => void;
  forgetFailure: () => void;
  /** Path of the lock for refreshing the entry. */
  lock: string;
}

export function recordsFor(answer: Answer, store: FileStore, host: Host): Records {
  const { sha256 } = host;
  const key = cacheKey(answer, bootId(host), sha256);
  const failureName = `${key}.failure`;
  return {
    entry: () => {
      const text = store.read(key);
      return text === undefined ? undefined : parseEntry(text, sha256);
    },
    failure: () => {
      const text = store.read(failureName);
      return text === undefined ? undefined : parseFailure(text, sha256);
    },
    keepEntry: (entry) => store.write(key, formatEntry(entry, sha256)),
    keepFailure: (failure) => store.write(failureName, formatFailure(failure, sha256)),
    forgetFailure: () => store.remove(failureName),
    lock: `${store.path}/${key}.lock`,
  };
}

/** https://docs.kernel.org/admin-guide/sysctl/kernel.html#random */
function bootId({ files }: Host): string {
  try {
    return files.read("/proc/sys/kernel/random/boot_id", 64, () => {}).trim();
  } catch {
    return "";
  }
}

import { FileError, type Host } from "../host.ts";
import { type Entry, type Failure, formatEntry, formatFailure, parseEntry, parseFailure } from "./entry.ts";
import type { FileStore } from "./file-store.ts";
import { isTaken, takeTurn, type Turn } from "./flight.ts";
import { type Answer, cacheKey } from "./key.ts";
import { sweep } from "./sweep.ts";

/** What the cache holds for one answer. Each call may throw Gcp2awsError LOCAL_CACHE. */
export interface Records {
  /** Undefined where there is none, or none that can be read: cut off, changed, of another version. */
  entry: () => Entry | undefined;
  failure: () => Failure | undefined;
  keepEntry: (entry: Entry) => void;
  keepFailure: (failure: Failure) => void;
  forgetFailure: () => void;
  /** The turn to refresh the entry, see {@link takeTurn}. Where there can be no lock, nobody is waited for. */
  takeTurn: (patienceMs: number, isOver: () => boolean) => Promise<Turn>;
  /** Whether somebody has had the turn since `since`, in milliseconds since the epoch: a look, not a promise. */
  isTaken: (since: number) => boolean;
}

/** Of whoever need not, or cannot, wait for others. */
export const ALONE: Turn = { kind: "mine", end: () => {} };

/** The records that all processes of this user share. */
export function recordsFor(answer: Answer, store: FileStore, host: Host): Records {
  const { sha256 } = host;
  const key = cacheKey(answer, bootId(host), sha256);
  const failureName = `${key}.failure`;
  const lock = `${store.path}/${key}.lock`;
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
    takeTurn: async (patienceMs, isOver) => {
      try {
        const turn = await takeTurn(lock, host, patienceMs, isOver);
        if (turn.kind !== "mine") return turn;
        const end = () => {
          turn.end();
          sweep(store, host);
        };
        return { kind: "mine", end };
      } catch (error) {
        if (error instanceof FileError) return ALONE;
        throw error;
      }
    },
    isTaken: (since) => isTaken(lock, host, since),
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

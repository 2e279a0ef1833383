import { Gcp2awsError, printable } from "../errors.ts";
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
  /** As entry; one that is not to be trusted is said and left alone: it must not stand in the way of what lives. */
  failure: () => Failure | undefined;
  keepEntry: (entry: Entry) => void;
  keepFailure: (failure: Failure) => void;
  forgetFailure: () => void;
  /** Whether an entry could be kept now, by trying. Where not, there is no use in waiting for others. */
  canKeep: () => boolean;
  /** The turn to refresh the entry, see {@link takeTurn}. Where there can be no lock, nobody is waited for. */
  takeTurn: (patienceMs: number, isOver: () => boolean) => Promise<Turn>;
  /** Whether somebody has had the turn since `since`, in milliseconds since the epoch: a look, not a promise. */
  isTaken: (since: number) => boolean;
}

/** Of whoever need not, or cannot, wait for others. */
export const ALONE: Turn = { kind: "mine", end: () => Promise.resolve() };

function notALock(lock: string, store: FileStore, { code }: FileError): Gcp2awsError {
  const place = `${store.directory}${lock.slice(store.path.length)}`;
  return new Gcp2awsError("LOCAL_CACHE", `no lock: ${printable(place)}: ${code}`, {
    hint: "something else is in its place; remove it: until then each process asks AWS for itself",
  });
}

/** The records that all processes of this user share. */
export function recordsFor(answer: Answer, store: FileStore, host: Host): Records {
  const { sha256 } = host;
  const key = cacheKey(answer, bootId(host), sha256);
  const failureName = `${key}.failure`;
  const lock = `${store.path}/${key}.lock`;
  /** Whether the record of failures belongs to somebody else, or is open to others. */
  let refused = false;
  return {
    entry: () => {
      const text = store.read(key);
      const entry = text === undefined ? undefined : parseEntry(text, sha256);
      // A file that was copied over this one is not the answer to this question.
      return entry?.roleArn === answer.roleArn && entry.audience === answer.audience ? entry : undefined;
    },
    failure: () => {
      if (refused) return undefined;
      try {
        const text = store.read(failureName);
        return text === undefined ? undefined : parseFailure(text, sha256);
      } catch (error) {
        if (!(error instanceof Gcp2awsError)) throw error;
        refused = true;
        host.warn(error);
        return undefined;
      }
    },
    keepEntry: (entry) => store.write(key, formatEntry(entry, sha256)),
    keepFailure: (failure) => {
      if (!refused) store.write(failureName, formatFailure(failure, sha256));
    },
    forgetFailure: () => {
      if (!refused) store.remove(failureName);
    },
    canKeep: () => store.canWrite(key),
    takeTurn: async (patienceMs, isOver) => {
      try {
        const turn = await takeTurn(lock, host, patienceMs, isOver);
        if (turn.kind !== "mine") return turn;
        const end = async () => {
          await turn.end();
          await sweep(store, host);
        };
        return { kind: "mine", end };
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        if (error.code === "ENOTDIR" || error.code === "EISDIR") host.warn(notALock(lock, store, error));
        return ALONE;
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

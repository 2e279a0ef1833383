import type { Host } from "../host.ts";
import { defect, Gcp2awsError } from "../errors.ts";
import { answer, type Question } from "./ask-once.ts";
import type { Entry, Failure } from "./entry.ts";
import { type FileStore, openStore } from "./file-store.ts";
import { ALONE, type Records, recordsFor } from "./records.ts";
import { freshness, isPausing } from "./refresh.ts";

/** What a process that lives on keeps of one answer. */
interface Memory {
  entry: Entry | undefined;
  failure: Failure | undefined;
}

/** An answer that is kept in memory, see {@link keepAsking}. */
export interface Keeper {
  /** @throws Gcp2awsError as askOnce, once nothing that lives is held */
  ask: () => Promise<Entry>;
  /** What was answered last, living or not; nothing is asked. */
  held: () => Entry | undefined;
}

/**
 * {@link askOnce} for a process that lives on: the answer is kept in memory in front of the files, and whoever asks while
 * it lives is answered at once. From its refresh moment on each call sees to it that new credentials are on their way, one
 * flight at a time; only when none live is anybody kept waiting. `question.refreshInBackground` is not used.
 */
export function keepAsking(question: Omit<Question, "refreshInBackground">): Keeper {
  const { config, host } = question;
  const memory: Memory = { entry: undefined, failure: undefined };
  const said = new Set<string>();
  let flight: Promise<Entry> | undefined;

  const fly = async (): Promise<Entry> => {
    // Nobody is answered with what is merely expiring while this goes on: memory has the same.
    const asked = { config: { ...config, refreshNow: memory.entry !== undefined }, refreshInBackground: () => {} };
    const store = open(config.cacheLocations, host, said);
    const files = store === undefined ? undefined : recordsFor(config, store, host);
    try {
      return await answer({ ...question, ...asked }, inFront(memory, files, host, said));
    } finally {
      store?.close();
    }
  };

  return {
    held: () => memory.entry,
    ask: async () => {
      const now = host.now();
      const { entry, failure } = memory;
      const state = entry === undefined ? "expired" : freshness(entry, now);
      if (entry !== undefined && state === "valid") return entry;
      const living = state === "expired" ? undefined : entry;
      if (living !== undefined && failure !== undefined && isPausing(failure, now)) return living;
      flight ??= fly().finally(() => {
        flight = undefined;
      });
      if (living === undefined) return flight;
      flight.catch((error: unknown) => {
        // What went wrong on purpose is remembered as a failure, and was said.
        if (!(error instanceof Gcp2awsError)) host.warn(defect(error));
      });
      return living;
    },
  };
}

/** Memory first, files where there are any: what cannot be done with them is said once, and done without. */
function inFront(memory: Memory, files: Records | undefined, host: Host, said: Set<string>): Records {
  const inFiles = <T>(use: (files: Records) => T): T | undefined => tolerant(host, said, () => files && use(files));
  return {
    entry: () => {
      const { entry } = memory;
      if (entry !== undefined && freshness(entry, host.now()) === "valid") return entry;
      const filed = inFiles((records) => records.entry());
      if (filed !== undefined && filed.expiresAt > (entry?.expiresAt ?? 0)) memory.entry = filed;
      return memory.entry;
    },
    failure: () => {
      const filed = inFiles((records) => records.failure());
      if (filed !== undefined && filed.failedAt > (memory.failure?.failedAt ?? 0)) memory.failure = filed;
      return memory.failure;
    },
    keepEntry: (entry) => {
      memory.entry = entry;
      inFiles((records) => records.keepEntry(entry));
    },
    keepFailure: (failure) => {
      memory.failure = failure;
      inFiles((records) => records.keepFailure(failure));
    },
    forgetFailure: () => {
      memory.failure = undefined;
      inFiles((records) => records.forgetFailure());
    },
    canKeep: () => files?.canKeep() ?? true,
    takeTurn: (patienceMs, isOver) => files?.takeTurn(patienceMs, isOver) ?? Promise.resolve(ALONE),
    isTaken: () => false,
  };
}

function open(locations: Question["config"]["cacheLocations"], host: Host, said: Set<string>): FileStore | undefined {
  return tolerant(host, said, () => openStore(locations, host, true));
}

function tolerant<T>(host: Host, said: Set<string>, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || error.code !== "LOCAL_CACHE") throw error;
    if (!said.has(error.message)) host.warn(error);
    said.add(error.message);
    return undefined;
  }
}

import { duration } from "../duration.ts";
import { asErrorCode, type ErrorCode, exitStatus, Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Entry, Failure } from "./entry.ts";
import { type CacheLocation, type FileStore, openStore } from "./file-store.ts";
import type { Answer } from "./key.ts";
import { ALONE, type Records, recordsFor } from "./records.ts";
import { failureOf, freshness, isPausing } from "./refresh.ts";

export interface CacheOptions extends Answer {
  /** The first that applies; none where the cache is off. */
  cacheLocations: readonly CacheLocation[];
  /** Refresh credentials that are merely expiring: this is the refresh in the background. */
  refreshNow: boolean;
  timeoutMs: number;
}

/** What askOnce needs to be told. */
export interface Question {
  config: CacheOptions;
  host: Host;
  /** New credentials; `deadline` in milliseconds by `host.ticks`, `held` what there was before, living or not. */
  obtain: (deadline: number, held: () => Entry | undefined) => Promise<Entry>;
  /** Has the same question asked again, with `config.refreshNow`, without anybody waiting for it. */
  refreshInBackground: () => void;
}

/** A refresh in the background that began earlier than this has died. */
const BACKGROUND_MS = 60_000;
/** How long new credentials may take while there are old ones that still live. */
const WITH_OLD_ONES_MS = 5_000;
/** With less than this, or a quarter of what was allowed, new credentials are not begun: they would only fail for want of time. */
const TOO_LATE_MS = 1_000;
/** When so many others have ended and left nothing, it is looked at whether anything can be left here at all. */
const FLIGHTS = 3;

/**
 * Credentials from the cache, and new ones when these near their end: asked for by one process, for all that wait.
 *
 * Whatever is wrong with the cache itself never keeps anybody from credentials: they are then obtained without it, and
 * a warning on stderr says why. While credentials live they are handed over, even if new ones cannot be had.
 * @throws Gcp2awsError what `obtain` throws, or what it threw moments ago in this or another process
 */
export function askOnce(question: Question): () => Promise<Entry> {
  const { config, host, obtain } = question;
  return async () => {
    const began = host.ticks();
    let store: FileStore | undefined;
    try {
      store = openStore(config.cacheLocations, host, true);
      if (store !== undefined) return await answer(question, recordsFor(config, store, host));
    } catch (error) {
      if (!(error instanceof Gcp2awsError) || error.code !== "LOCAL_CACHE") throw error;
      host.warn(error);
    } finally {
      store?.close();
    }
    return obtain(began + config.timeoutMs, () => undefined);
  };
}

/**
 * The answer by these records.
 * @throws Gcp2awsError what `obtain` throws, or the records remember of it; LOCAL_CACHE
 */
export async function answer(question: Question, records: Records): Promise<Entry> {
  const { config, host } = question;
  const started = host.now();
  const entry = records.entry();
  const state = entry === undefined ? "expired" : freshness(entry, started);
  if (entry !== undefined && state === "valid") return entry;

  const failure = records.failure();
  const hurry = state === "due" && entry !== undefined && entry.expiresAt - started > 2 * WITH_OLD_ONES_MS;
  const allowed = hurry ? Math.min(config.timeoutMs, WITH_OLD_ONES_MS) : config.timeoutMs;
  const pausing = failure !== undefined && isPausing(failure, started) && failure.allowedMs >= allowed;
  if (entry !== undefined && state === "expiring" && !config.refreshNow) {
    if (!pausing && !records.isTaken(started - BACKGROUND_MS)) question.refreshInBackground();
    return entry;
  }
  if (pausing) return settle(records, remembered(failure, started, config.cacheLocations.length > 0), host);
  return refresh(question, records, started, allowed);
}

/** Obtains new credentials within `allowedMs`, or waits for the process that does. */
async function refresh(question: Question, records: Records, started: number, allowedMs: number): Promise<Entry> {
  const { host } = question;
  const deadline = host.ticks() + allowedMs;
  /** What another process has found out since this call began. */
  const answered = (): Entry | undefined => {
    const entry = records.entry();
    const state = entry === undefined ? "expired" : freshness(entry, host.now());
    const isNew = entry !== undefined && state !== "expired" && entry.issuedAt >= started;
    return entry !== undefined && (state === "valid" || isNew) ? entry : undefined;
  };
  const failed = (): Failure | undefined => {
    const failure = records.failure();
    return failure !== undefined && failure.failedAt >= started && failure.failedAt <= host.now() ? failure : undefined;
  };
  /** One that gave up sooner than we have to is no answer for us. */
  const failedForUs = (): Failure | undefined => {
    const failure = failed();
    return failure !== undefined && failure.allowedMs >= allowedMs ? failure : undefined;
  };

  let flights = 0;
  /** A machine that is slow by itself is no other process. */
  let hasWaited = false;
  const isOver = () => {
    hasWaited = true;
    return answered() !== undefined || failedForUs() !== undefined;
  };
  for (;;) {
    const left = deadline - host.ticks();
    const turn =
      flights < FLIGHTS || records.canKeep() ? await records.takeTurn(Math.min(allowedMs / 2, left), isOver) : ALONE;
    if (turn.kind !== "mine") hasWaited = true;
    try {
      const entry = answered();
      if (entry !== undefined) return entry;
      const failure = failedForUs();
      if (failure !== undefined) return settle(records, revive(failure), host);
      const isLate = deadline - host.ticks() < Math.min(TOO_LATE_MS, allowedMs / 4);
      if (hasWaited && isLate) return settle(records, tooLate(), host);
      if (turn.kind === "mine") return await obtainAndKeep(question, records, answered, deadline, allowedMs);
      if (turn.kind === "over" && failed() === undefined) flights++;
    } finally {
      if (turn.kind === "mine") await turn.end();
    }
  }
}

async function obtainAndKeep(
  question: Question,
  records: Records,
  answered: () => Entry | undefined,
  deadline: number,
  allowedMs: number,
): Promise<Entry> {
  const { config, host } = question;
  const previous = records.failure();
  let entry: Entry;
  try {
    entry = await question.obtain(deadline, () => records.entry());
  } catch (error) {
    if (!(error instanceof Gcp2awsError)) throw error;
    // Whoever was put aside for being slow may have got them after all.
    const late = answered();
    if (late !== undefined) return late;
    // What the command line makes wrong is so for this way to run alone, and is over with another.
    if (error.exitStatus !== exitStatus.usage) {
      const failure = failureOf(error, previous, host.now(), allowedMs, config.roleArn);
      warnOfCache(host, () => records.keepFailure(failure));
    }
    return settle(records, error, host);
  }
  warnOfCache(host, () => {
    records.keepEntry(entry);
    if (previous !== undefined) records.forgetFailure();
  });
  return entry;
}

/** While old credentials live, they are the answer and the error is a warning. */
function settle(records: Records, error: Gcp2awsError, host: Host): Entry {
  const entry = records.entry();
  const now = host.now();
  if (entry === undefined || freshness(entry, now) === "expired") throw error;
  const left = duration(entry.expiresAt - now);
  const message = `no new credentials, the present ones live for another ${left}: ${error.message}`;
  const { hint, details } = error;
  host.warn(new Gcp2awsError(error.code, message, { hint, details }));
  return entry;
}

/** The cache is a convenience: what goes wrong with it while there are credentials to hand over is only said. */
function warnOfCache(host: Host, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Gcp2awsError)) throw error;
    host.warn(error);
  }
}

function revive(failure: Failure): Gcp2awsError {
  const { code, message, hint, details } = failure;
  const known = asErrorCode(code) ?? "STS_UNAVAILABLE";
  return new Gcp2awsError(known, message, { hint, details, retryable: MAY_PASS.has(known) });
}

/** What may be another answer the next time, whoever asked the first time. */
const MAY_PASS: ReadonlySet<ErrorCode> = new Set([
  "IDENTITY_UNREACHABLE",
  "IDENTITY_TIMEOUT",
  "IDENTITY_UNAVAILABLE",
  "STS_UNREACHABLE",
  "STS_TIMEOUT",
  "STS_THROTTLED",
  "STS_UNAVAILABLE",
  "STS_IDP_UNREACHABLE",
] as const);

/** The error of an attempt before this call, and how to have another one made at once. */
function remembered(failure: Failure, now: number, isFiled: boolean): Gcp2awsError {
  const ago = duration(Math.max(0, now - failure.failedAt));
  const pause = duration(Math.ceil((failure.retryAt - now) / 1000) * 1000);
  const row = failure.count > 1 ? `, ${failure.count} times in a row` : "";
  return revive(failure).withDetails([
    ...failure.details,
    `this failed ${ago} ago${row} and is tried again in ${pause}${isFiled ? ", or at once after: gcp2aws cache clear" : ""}`,
  ]);
}

function tooLate(): Gcp2awsError {
  return new Gcp2awsError(
    "STS_TIMEOUT",
    "another gcp2aws process asks for the same credentials, without an answer in time",
    {
      hint: "look for a slow network, or a gcp2aws process that is stopped; or raise --timeout",
    },
  );
}

import { FileError, type Host } from "../host.ts";
import { attempt, uniqueId } from "../replace-file.ts";

/**
 * `mine`: nobody else has the turn until it is ended. `over`: somebody had it and gave it back: look for the
 * answer. `lost`: somebody else was quicker: ask again.
 */
export type Turn = { kind: "mine"; end: () => Promise<void> } | { kind: "over" } | { kind: "lost" };

/** Between two looks for an answer while the holder has not ended. */
const GLANCE_MS = 1_000;
/** Between two looks at a holder that took nobody in: its queue of waiters is full, or it is short of descriptors. */
const NOT_TAKEN_MS = 5;

/**
 * One process at a time, without a moment at which a dead holder's lock could be mistaken for a living one's.
 *
 * The lock is a directory with at most one thing in it: the socket that its holder listens on, under a name that is never used
 * again. The kernel frees the socket however the holder ends, which wakes everybody who is connected to it; there
 * is no process id to be reused and no time to be compared. It is taken by renaming a directory with one's own socket over it,
 * which rename(2) does only if it is missing or empty, so only one of many succeeds. It is taken from a dead holder by
 * removing that holder's socket by its name first: this can never remove the socket of whoever came after.
 * @param lock path of the directory
 * @param patienceMs how long a holder may keep others waiting: one that is stopped, or cut off, is put aside after that
 * @param isOver whether there is an answer already, though the holder has not ended: from one that was put aside
 * @throws FileError where there can be no lock: a read-only or full disk, a file system without sockets
 */
export async function takeTurn(lock: string, host: Host, patienceMs: number, isOver: () => boolean): Promise<Turn> {
  const holder = holderOf(lock, host);
  if (holder !== undefined) {
    const socket = `${lock}/${holder}`;
    switch (await watch(socket, host, patienceMs, isOver)) {
      case "ended":
        return { kind: "over" };
      case "dead":
      case "stuck":
        removeIfThere(socket, host);
    }
  }
  return claim(lock, host);
}

/** Whether somebody has had the turn since `since`, in milliseconds since the epoch: a look, not a promise. */
export function isTaken(lock: string, host: Host, since: number): boolean {
  try {
    return holderOf(lock, host) !== undefined && host.files.status(lock).modified >= since;
  } catch {
    return false;
  }
}

function holderOf(lock: string, { files }: Host): string | undefined {
  try {
    return files.list(lock)[0];
  } catch (error) {
    if (error instanceof FileError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function removeIfThere(path: string, { files }: Host): void {
  try {
    files.unlink(path);
  } catch (error) {
    if (!(error instanceof FileError) || error.code !== "ENOENT") throw error;
  }
}

async function watch(
  socket: string,
  host: Host,
  patienceMs: number,
  isOver: () => boolean,
): Promise<"ended" | "dead" | "stuck"> {
  const until = host.ticks() + patienceMs;
  for (;;) {
    const left = Math.max(0, until - host.ticks());
    const outcome = await look(socket, host, Math.min(GLANCE_MS, left));
    if (outcome === "ended" || outcome === "dead") return outcome;
    if (isOver()) return "ended";
    if (left === 0) return "stuck";
    if (outcome === "not-taken") await host.sleep(Math.min(NOT_TAKEN_MS, left));
  }
}

/**
 * What became of a holder within some time. A socket that still has its name was not given back: either its holder died,
 * and nobody listens there any more, or it lives and has only dropped this connection.
 */
async function look(
  socket: string,
  host: Host,
  timeoutMs: number,
): Promise<"ended" | "dead" | "not-taken" | "timeout"> {
  try {
    if ((await host.waitForEnd(socket, timeoutMs)) === "timeout") return "timeout";
    host.files.status(socket);
    return "not-taken";
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    switch (error.code) {
      case "ENOENT":
        return "ended";
      case "ECONNREFUSED":
        return "dead";
      case "EAGAIN":
        return "not-taken";
      default:
        throw error;
    }
  }
}

/** Whether nobody listens on a holder's socket any more. */
export async function isDead(socket: string, host: Host): Promise<boolean> {
  const outcome = await look(socket, host, 0);
  return outcome === "dead" || outcome === "ended";
}

async function claim(lock: string, host: Host): Promise<Turn> {
  const { files } = host;
  const id = uniqueId(host);
  const own = `${lock}.${id}`;
  files.makeDirectory(own);
  let stopListening = () => {};
  const withdraw = (directory: string) => {
    // By its name, so this never touches a holder that came after; then wakes those who wait. What stays is taken for
    // dead by the next process, and a lock that somebody is in must stay.
    attempt(() => files.unlink(`${directory}/${id}`));
    attempt(() => files.removeDirectory(directory));
    stopListening();
  };
  try {
    stopListening = await host.listen(`${own}/${id}`);
    files.rename(own, lock);
  } catch (error) {
    withdraw(own);
    if (error instanceof FileError && (error.code === "ENOTEMPTY" || error.code === "EEXIST")) return { kind: "lost" };
    throw error;
  }
  return {
    kind: "mine",
    end: () => {
      withdraw(lock);
      return Promise.resolve();
    },
  };
}

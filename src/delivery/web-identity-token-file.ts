import { duration } from "../duration.ts";
import { defect, Gcp2awsError, printable } from "../errors.ts";
import { FileError, type Files, type FileStatus, type Host } from "../host.ts";
import { replaceFile } from "../replace-file.ts";

/** An identity token, and when it ends by its own word, in milliseconds since the epoch. */
export interface TimedToken {
  token: string;
  expiresAt: number;
}

/**
 * The file that `AWS_WEB_IDENTITY_TOKEN_FILE` names: the token and nothing else, as no SDK trims what it reads.
 * @throws Gcp2awsError LOCAL_FILE
 */
export function writeTokenFile(path: string, token: string, host: Pick<Host, "files" | "random">): void {
  try {
    refuseOthers(path, host.files);
    replaceFile(path, token, host);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new Gcp2awsError("LOCAL_FILE", `${printable(path)} not written: ${error.code}`, {
      hint:
        error.code === "ENOSPC"
          ? "the disk is full; the file is as it was"
          : "its directory must be there, and this user must be allowed to write into it",
    });
  }
}

/** A device, a pipe or a link is somebody else's way to something: a new file would take its place. */
function refuseOthers(path: string, files: Files): void {
  let status: FileStatus;
  try {
    status = files.status(path);
  } catch (error) {
    if (error instanceof FileError && error.code === "ENOENT") return;
    throw error;
  }
  if (status.kind === "file") return;
  throw new Gcp2awsError("LOCAL_FILE", `${printable(path)} not written: it is there, and no regular file`, {
    hint: "name a file that gcp2aws may replace; without --output the token goes to stdout",
  });
}

/** How late a renewal can be, and for how long a jump of the clock can go unnoticed. */
const TICK_MS = 5_000;
/** Some life is always left for who has just read the file, and for a metadata server that is away. */
const SPARE_MS = 10 * 60_000;
/** Google's tokens expire within one hour, whatever a clock that is behind makes of it. */
const LONGEST_LIFE_MS = 60 * 60_000;
/** Of a token that seems to have ended when it comes: this machine's clock is wrong, and AWS may take it all the same. */
const SHORTEST_MS = 30_000;
/** A clock may be set back by this much without anything being done. */
const CLOCK_STEP_MS = 60_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Writes the file, and renews it until the returned function is called. What fails after the first time leaves the file as
 * it is, is said, and tried again after a pause.
 * @param mint a new token each time
 * @param every calls an action again and again, see host/timers.ts
 * @throws Gcp2awsError where the first token cannot be had or written
 */
export async function keepTokenFile(
  path: string,
  mint: () => Promise<TimedToken>,
  host: Pick<Host, "files" | "random" | "now" | "warn">,
  every: (ms: number, action: () => void) => () => void,
): Promise<() => void> {
  const renew = async (): Promise<TimedToken> => {
    const minted = await mint();
    writeTokenFile(path, minted.token, host);
    return minted;
  };

  let present = await renew();
  let decidedAt = host.now();
  let dueAt = renewalMoment(present.expiresAt, decidedAt, host.random());
  let failures = 0;
  let isRenewing = false;

  const tick = async (): Promise<void> => {
    const now = host.now();
    // A clock that was set back would put the renewal off; where it was set forward, or the machine slept, it is due.
    if (isRenewing || (now < dueAt && now >= decidedAt - CLOCK_STEP_MS)) return;
    isRenewing = true;
    try {
      present = await renew();
      failures = 0;
      dueAt = renewalMoment(present.expiresAt, host.now(), host.random());
    } catch (error) {
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures++, 5));
      dueAt = host.now() + pause * (0.5 + 0.5 * host.random());
      const known = error instanceof Gcp2awsError ? error : defect(error);
      host.warn(notRenewed(known, path, present.expiresAt, host.now()));
    } finally {
      decidedAt = host.now();
      isRenewing = false;
    }
  };
  return every(TICK_MS, () => void tick());
}

/**
 * When to renew: before half of the token's remaining life is over, and where it has that much, with 10 minutes of it left.
 * The jitter keeps a fleet that started together from coming back together.
 * @param random from 0 to below 1
 */
export function renewalMoment(expiresAt: number, now: number, random: number): number {
  const life = Math.min(LONGEST_LIFE_MS, expiresAt - now);
  const moment = life * (0.4 + 0.1 * random);
  return now + Math.floor(Math.max(SHORTEST_MS, life > SPARE_MS ? Math.min(moment, life - SPARE_MS) : moment));
}

function notRenewed(error: Gcp2awsError, path: string, expiresAt: number, now: number): Gcp2awsError {
  const left = expiresAt - now;
  const rest = left > 0 ? `lives for another ${duration(left)}` : "has ended";
  const message = `${printable(path)} not renewed, the token in it ${rest}: ${error.message}`;
  return new Gcp2awsError(error.code, message, { hint: error.hint, details: error.details });
}

import { takeTurn } from "../cache/flight.ts";
import { sweep } from "../cache/sweep.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { FileError, type FileStatus, type Host, type UserFiles } from "../host.ts";
import { attempt, uniqueId } from "../replace-file.ts";

export interface FileEdit {
  /** Of the file; links to it are followed, and stay. */
  path: string;
  /** The new text for the present one, "" where there is no file; it may throw to leave it. */
  change: (text: string) => string;
  /** Whether nobody else may read it, whatever was so before. A file that is new is always so. */
  secret: boolean;
}

const MAX_BYTES = 1024 * 1024;
/** For which others may hold the lock; they need milliseconds. */
const PATIENCE_MS = 30_000;
/** An editor that saves the file again and again while it is edited is no editor. */
const ATTEMPTS = 10;

/**
 * Edits a file that people and other programs edit too: whole or not at all, one gcp2aws at a time, in a directory made with mode 0700
 * where it is missing. A file of another user, or that everybody may write, is refused.
 * @returns whether the text is another now
 * @throws Gcp2awsError LOCAL_FILE, and what `change` throws
 */
export async function editFile({ path, change, secret }: FileEdit, host: Host, user: UserFiles): Promise<boolean> {
  try {
    if (isSettled({ path, change, secret }, host, user)) return false;
    const real = resolve(path, host, user);
    const slash = real.lastIndexOf("/");
    const name = real.slice(slash + 1);
    const directory = host.files.openDirectory(real.slice(0, slash) || "/");
    try {
      checkDirectory(path, directory.status, host.files.uid());
      // As in the cache, names that sweep() knows: it clears up after those who were killed.
      const id = `gcp2aws-${host.sha256(name).slice(0, 32)}`;
      return await withTurn(`${directory.path}/${id}.lock`, path, host, () => {
        for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
          const present = readFile(`${directory.path}/${name}`, path, host);
          const text = change(present.text);
          if (text === present.text && (!secret || present.mode === 0o600)) return false;
          const temporary = `${directory.path}/${id}.${uniqueId(host)}.tmp`;
          try {
            host.files.write(temporary, text);
            if (!secret && present.mode !== 0o600) user.setMode(temporary, present.mode);
            // Others know nothing of our lock.
            if (readFile(`${directory.path}/${name}`, path, host).text === present.text) {
              host.files.rename(temporary, `${directory.path}/${name}`);
              return true;
            }
          } finally {
            attempt(() => host.files.unlink(temporary));
          }
        }
        throw failed(path, "another program changes it all the time", "end that program, or try again");
      });
    } finally {
      await sweep(directory, host);
      directory.close();
    }
  } catch (error) {
    throw error instanceof FileError ? notWritten(path, error) : error;
  }
}

/** Whether there is nothing to do, without a lock: whoever keeps a file as it is looks often. */
function isSettled({ path, change, secret }: FileEdit, host: Host, user: UserFiles): boolean {
  try {
    const present = readFile(user.realPath(path), path, host);
    return present.text === change(present.text) && (!secret || present.mode === 0o600);
  } catch (error) {
    if (error instanceof FileError && error.code === "ENOENT") return false;
    throw error;
  }
}

/**
 * A whole file of this user's, "" where there is none.
 * @throws Gcp2awsError LOCAL_FILE
 */
export function readUserFile(path: string, host: Host, user: UserFiles): string {
  try {
    return readFile(user.realPath(path), path, host).text;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code === "ENOENT") return "";
    throw failed(path, error.code, HINT);
  }
}

/**
 * Whether {@link editFile} could write it, as far as can be seen without a trace.
 * @throws Gcp2awsError LOCAL_FILE
 */
export function checkEditable(path: string, host: Host, user: UserFiles): void {
  const { files } = host;
  try {
    const directory = parentOf(realPathOf(path, host, user) ?? path);
    // One that is missing would be made.
    const there = user.realPath(isThere(directory, files) ? directory : parentOf(directory));
    checkDirectory(path, files.status(there), files.uid());
    user.checkWritable(there);
  } catch (error) {
    throw error instanceof FileError ? notWritten(path, error) : error;
  }
}

/** Where the links end; undefined where nothing is there yet. */
function realPathOf(path: string, { files }: Host, { realPath }: UserFiles): string | undefined {
  try {
    return realPath(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  if (!isThere(path, files)) return undefined;
  throw failed(path, "a link that leads nowhere", "make the file that it leads to, or remove it");
}

/** The file itself, in a directory that is there. */
function resolve(path: string, host: Host, user: UserFiles): string {
  const real = realPathOf(path, host, user);
  if (real !== undefined) return real;
  const { files } = host;
  const { realPath } = user;
  const directory = parentOf(path);
  if (!isThere(directory, files)) {
    checkDirectory(path, files.status(realPath(parentOf(directory))), files.uid());
    files.makeDirectory(directory);
  }
  return `${realPath(directory).replace(/\/$/, "")}/${path.slice(path.lastIndexOf("/") + 1)}`;
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "." : path.slice(0, slash) || "/";
}

/** Root, with the HOME of whoever called sudo, would make files there that this user cannot read. */
function checkDirectory(path: string, { uid }: FileStatus, self: number): void {
  if (uid !== self && uid !== 0) {
    throw failed(path, `its directory belongs to user ${uid}, not to ${self}`, "run this as its owner, or set HOME");
  }
}

function isThere(path: string, files: Host["files"]): boolean {
  try {
    files.status(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function readFile(at: string, path: string, { files }: Host): { text: string; mode: number } {
  let mode = 0o600;
  try {
    const text = files.read(at, MAX_BYTES, (status) => {
      check(path, status, files.uid());
      ({ mode } = status);
    });
    return { text, mode };
  } catch (error) {
    if (isMissing(error)) return { text: "", mode };
    throw error;
  }
}

function check(path: string, { kind, uid, mode, links }: FileStatus, self: number): void {
  if (kind !== "file") throw failed(path, "not a file", "choose another file");
  if (uid !== self) throw failed(path, `belongs to user ${uid}, not to ${self}`, "run this as its owner");
  if ((mode & 0o002) !== 0)
    throw failed(path, "everybody may write it", `see what is in it, then chmod o-w ${printable(path)}`);
  // A new file takes the place of one name; the others would keep the old content.
  if (links > 1) throw failed(path, `it has ${links} names (hard links)`, "leave one of them, or use a symbolic link");
}

/** Runs `use` while no other gcp2aws does. A holder that is stopped is never put aside: it could wake up in the middle. */
export async function withTurn<T>(lock: string, path: string, host: Host, use: () => T): Promise<T> {
  const deadline = host.ticks() + PATIENCE_MS;
  const isTooLate = () => host.ticks() >= deadline;
  for (;;) {
    const turn = await takeTurn(lock, host, 2 * PATIENCE_MS, isTooLate);
    if (turn.kind === "mine") {
      try {
        return use();
      } finally {
        await turn.end();
      }
    }
    if (isTooLate())
      throw failed(path, "another gcp2aws process is writing it", "look for one that is stopped, or try again");
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof FileError && error.code === "ENOENT";
}

const HINT = "check the path and its permissions";

function failed(path: string, why: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_FILE", `${printable(path)} not used: ${why}`, { hint });
}

function notWritten(path: string, { code }: FileError): Gcp2awsError {
  return new Gcp2awsError("LOCAL_FILE", `${printable(path)} not written: ${code}`, {
    hint: code === "ENOSPC" ? "the disk is full; the file is as it was" : `${HINT}; the file is as it was`,
  });
}

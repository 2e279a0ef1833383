import { Gcp2awsError, printable } from "../errors.ts";
import { FileError, type FileStatus, type Host } from "../host.ts";
import { attempt, replaceFile, uniqueId } from "../replace-file.ts";

/** A directory that may hold the cache. */
export interface CacheLocation {
  /** Absolute. */
  directory: string;
  /** A directory that must be there and belong to this user, or the location does not apply. */
  within: string | undefined;
}

/** The files of one cache directory, by name. */
export interface FileStore {
  /** The directory for calls of one's own on it, whatever becomes of its name. */
  path: string;
  /** Its name, for people. */
  directory: string;
  /**
   * Undefined where there is no such file.
   * @throws Gcp2awsError LOCAL_CACHE when it is not this user's alone, or cannot be read
   */
  read: (name: string) => string | undefined;
  /**
   * Puts a whole file in place of what was there, or leaves that alone.
   * @throws Gcp2awsError LOCAL_CACHE
   */
  write: (name: string, text: string) => void;
  /** Whether {@link write} would succeed, tried with as much as an entry has. */
  canWrite: (name: string) => boolean;
  /** @throws Gcp2awsError LOCAL_CACHE */
  remove: (name: string) => void;
  /** @throws Gcp2awsError LOCAL_CACHE */
  names: () => string[];
  close: () => void;
}

/** Of an entry: session tokens have 1 to 4 kB, more is not one of ours. */
const MAX_FILE_BYTES = 64 * 1024;
const ENTRY_BYTES = 4 * 1024;

/**
 * Opens the first location that applies; makes its directory where it is missing and `make` is set. The directory is
 * opened once and checked as opened, and everything in it is reached through that: whoever swaps a directory on the way
 * there changes nothing any more.
 * @returns undefined where no location applies, or nothing is there and `make` is not set
 * @throws Gcp2awsError LOCAL_CACHE when the directory is not this user's alone, or cannot be made; it is never mended
 */
export function openStore(locations: readonly CacheLocation[], host: Host, make: boolean): FileStore | undefined {
  const { files } = host;
  const directory = locate(locations, host);
  if (directory === undefined) return undefined;
  try {
    return openDirectory(directory, host);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code !== "ENOENT") throw refused(directory, error);
    if (!make) return undefined;
  }
  try {
    makeDirectories(directory, files);
    return openDirectory(directory, host);
  } catch (error) {
    if (error instanceof FileError) throw refused(directory, error);
    throw error;
  }
}

/** The directory of the first location that applies, whether it is there or not. */
export function locate(locations: readonly CacheLocation[], host: Host): string | undefined {
  return locations.find(({ within }) => within === undefined || isOwnDirectory(within, host))?.directory;
}

function openDirectory(directory: string, host: Host): FileStore {
  const { files } = host;
  const opened = files.openDirectory(directory);
  try {
    check(directory, opened.status, "directory", files.uid());
  } catch (error) {
    opened.close();
    throw error;
  }
  const at = (name: string) => `${opened.path}/${name}`;

  return {
    path: opened.path,
    directory,
    read: (name) => {
      try {
        return files.read(at(name), MAX_FILE_BYTES, (status) => {
          check(`${directory}/${name}`, status, "file", files.uid());
        });
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        // Larger than all of ours: as one that is cut off.
        if (error.code === "ENOENT" || error.code === "EFBIG") return undefined;
        throw refused(`${directory}/${name}`, error);
      }
    },
    write: (name, text) => {
      try {
        if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw new FileError("EFBIG");
        replaceFile(at(name), text, host);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        throw new Gcp2awsError("LOCAL_CACHE", `${printable(`${directory}/${name}`)} not written: ${error.code}`, {
          hint: HINT,
        });
      }
    },
    canWrite: (name) => {
      const temporary = at(`${name}.${uniqueId(host)}.tmp`);
      try {
        files.write(temporary, " ".repeat(ENTRY_BYTES));
        return true;
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        return false;
      } finally {
        attempt(() => files.unlink(temporary));
      }
    },
    remove: (name) => {
      try {
        files.unlink(at(name));
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        if (error.code !== "ENOENT") throw refused(`${directory}/${name}`, error);
      }
    },
    names: () => {
      try {
        return files.list(opened.path);
      } catch (error) {
        if (error instanceof FileError) throw refused(directory, error);
        throw error;
      }
    },
    close: opened.close,
  };
}

/** @throws Gcp2awsError LOCAL_CACHE when a file or directory is not to be trusted */
function check(path: string, status: FileStatus, kind: "file" | "directory", uid: number): void {
  if (status.kind !== kind) throw notOurs(path, `not a ${kind}`);
  if (status.uid !== uid) throw notOurs(path, `belongs to user ${status.uid}, not to ${uid}`);
  const wanted = octal(kind === "directory" ? 0o700 : 0o600);
  const mode = octal(status.mode);
  if (mode !== wanted) {
    throw notOurs(path, `its mode is ${mode}, not ${wanted}`, `chmod ${wanted} ${printable(path)}`);
  }
  // A file that has just been replaced has no name left, which is fine.
  if (kind === "file" && status.links > 1) throw notOurs(path, `it has ${status.links} names (hard links)`);
}

function octal(mode: number): string {
  return `${(mode >> 6) & 7}${(mode >> 3) & 7}${mode & 7}`;
}

/** A runtime directory inherited through sudo or su is another user's, and made for no one else. */
function isOwnDirectory(path: string, { files }: Host): boolean {
  try {
    const status = files.status(path);
    return status.kind === "directory" && status.uid === files.uid();
  } catch {
    return false;
  }
}

/**
 * The directory, and those above it that are missing, in what belongs to this user or root all the way. In a directory
 * of another user, that user could choose where the cache lies; and root, with the HOME of whoever called sudo, would lock
 * that user out of it.
 * @throws Gcp2awsError LOCAL_CACHE
 */
function makeDirectories(path: string, files: Host["files"]): void {
  const parent = path.slice(0, path.lastIndexOf("/"));
  const status = parent === "" ? undefined : statusIfThere(parent, files);
  if (parent !== "" && status === undefined) makeDirectories(parent, files);
  for (let above = status === undefined ? "" : parent; above !== ""; above = above.slice(0, above.lastIndexOf("/"))) {
    const { uid } = files.status(above);
    if (uid !== 0 && uid !== files.uid()) {
      throw notOurs(path, `not made, as ${printable(above)} belongs to user ${uid}, not to ${files.uid()}`);
    }
  }
  try {
    files.makeDirectory(path);
  } catch (error) {
    // Another process was quicker.
    if (!(error instanceof FileError) || error.code !== "EEXIST") throw error;
  }
}

function statusIfThere(path: string, files: Host["files"]): FileStatus | undefined {
  try {
    return files.status(path);
  } catch (error) {
    if (error instanceof FileError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

const HINT = "set GCP2AWS_CACHE_DIR to a directory of this user's own, or switch the cache off with --no-cache";

function notOurs(
  path: string,
  why: string,
  mend = "look at who made it, and remove it if it is nobody's",
): Gcp2awsError {
  return new Gcp2awsError("LOCAL_CACHE", `cache not used: ${printable(path)}: ${why}`, { hint: `${mend}; or ${HINT}` });
}

function refused(path: string, { code }: FileError): Gcp2awsError {
  if (code === "ELOOP" || code === "ENOTDIR") return notOurs(path, "a link, or not a directory, is in its place");
  return new Gcp2awsError("LOCAL_CACHE", `cache not used: ${printable(path)}: ${code}`, { hint: HINT });
}

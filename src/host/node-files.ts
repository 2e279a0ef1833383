import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import { FileError, type Files, type FileStatus } from "../host.ts";

/** {@link Files} by the synchronous calls of node:fs. */
export const nodeFiles: Files = {
  uid: () => process.geteuid?.() ?? -1,
  status: (path) => attempt(() => statusOf(lstatSync(path))),
  openDirectory: (path) =>
    attempt(() => {
      const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      return {
        status: statusOf(fstatSync(descriptor)),
        path: process.platform === "linux" ? `/proc/self/fd/${descriptor}` : path,
        close: () => closeSync(descriptor),
      };
    }),
  makeDirectory: (path) => attempt(() => mkdirSync(path, { mode: 0o700 })),
  removeDirectory: (path) => attempt(() => rmdirSync(path)),
  list: (path) => attempt(() => readdirSync(path)),
  read: (path, limit, accept) =>
    withFile(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK, (descriptor) => {
      accept(statusOf(fstatSync(descriptor)));
      // One more than allowed, to see that there is more; a file of /proc does not know its size.
      const bytes = Buffer.allocUnsafe(limit + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length <= limit; length += read) {
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      }
      if (length > limit) throw new FileError("EFBIG");
      return bytes.toString("utf8", 0, length);
    }),
  write: (path, text) =>
    withFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, (descriptor) => {
      const bytes = Buffer.from(text, "utf8");
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
      fsyncSync(descriptor);
    }),
  rename: (from, to) => attempt(() => renameSync(from, to)),
  unlink: (path) => attempt(() => unlinkSync(path)),
};

function withFile<T>(path: string, flags: number, use: (descriptor: number) => T): T {
  return attempt(() => {
    const descriptor = openSync(path, flags, 0o600);
    try {
      return use(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

function statusOf(stats: Stats): FileStatus {
  return {
    kind: stats.isFile() ? "file" : stats.isDirectory() ? "directory" : "other",
    mode: stats.mode & 0o777,
    uid: stats.uid,
    links: stats.nlink,
    modified: stats.mtimeMs,
  };
}

/** The runtime's error, by its code alone. */
function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toFileError(error);
  }
}

export function toFileError(error: unknown): unknown {
  return error instanceof Error && "code" in error && typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code)
    ? new FileError(error.code)
    : error;
}

// The functions of posix.c, as ffi.json binds them: a result from 0 up, or errno negated.
import { FileError, type Files, type FileStatus } from "../src/host.ts";

declare function ticks(): number;
declare function effectiveUser(): number;
declare function statusOf(path: string, out: Uint8Array): number;
declare function descriptorStatus(descriptor: number, out: Uint8Array): number;
declare function openDirectory(path: string): number;
declare function openFile(path: string): number;
declare function createFile(path: string): number;
declare function closeDescriptor(descriptor: number): number;
declare function syncDescriptor(descriptor: number): number;
declare function readDescriptor(descriptor: number, out: Uint8Array): number;
declare function writeDescriptor(descriptor: number, text: string): number;
declare function makeDirectory(path: string): number;
declare function removeDirectory(path: string): number;
declare function unlinkPath(path: string): number;
declare function renamePath(from: string, to: string): number;
declare function listDirectory(path: string, out: Uint8Array): number;
declare function listenAt(path: string): number;
declare function waitForEnd(path: string, timeoutMs: number): number;
declare function handOver(argv: string): number;
declare function startDetached(argv: string, env: string): number;

/** Of Linux, the same on x86-64 and arm64. */
const codes: ReadonlyMap<number, string> = new Map<number, string>([
  [1, "EPERM"],
  [2, "ENOENT"],
  [4, "EINTR"],
  [5, "EIO"],
  [6, "ENXIO"],
  [9, "EBADF"],
  [11, "EAGAIN"],
  [12, "ENOMEM"],
  [13, "EACCES"],
  [16, "EBUSY"],
  [17, "EEXIST"],
  [18, "EXDEV"],
  [20, "ENOTDIR"],
  [21, "EISDIR"],
  [22, "EINVAL"],
  [23, "ENFILE"],
  [24, "EMFILE"],
  [26, "ETXTBSY"],
  [27, "EFBIG"],
  [28, "ENOSPC"],
  [30, "EROFS"],
  [32, "EPIPE"],
  [34, "ERANGE"],
  [36, "ENAMETOOLONG"],
  [39, "ENOTEMPTY"],
  [40, "ELOOP"],
  [95, "EOPNOTSUPP"],
  [98, "EADDRINUSE"],
  [99, "EADDRNOTAVAIL"],
  [101, "ENETUNREACH"],
  [104, "ECONNRESET"],
  [107, "ENOTCONN"],
  [110, "ETIMEDOUT"],
  [111, "ECONNREFUSED"],
  [113, "EHOSTUNREACH"],
  [116, "ESTALE"],
  [122, "EDQUOT"],
]);

export function codeOf(result: number): string {
  return codes.get(-result) ?? `E${-result}`;
}

/** The result, where it is not an error. */
function checked(result: number): number {
  if (result < 0) throw new FileError(codeOf(result));
  return result;
}

/** {@link Files} by the calls of posix.c. */
export const posixFiles: Files = {
  uid: () => effectiveUser(),
  status: (path) => {
    const out = new Uint8Array(128);
    return readStatus(out, checked(statusOf(path, out)));
  },
  openDirectory: (path) => {
    const descriptor = checked(openDirectory(path));
    return {
      status: statusOfDescriptor(descriptor),
      path: `/proc/self/fd/${descriptor}`,
      close: () => {
        closeDescriptor(descriptor);
      },
    };
  },
  makeDirectory: (path) => {
    checked(makeDirectory(path));
  },
  removeDirectory: (path) => {
    checked(removeDirectory(path));
  },
  list: (path) => {
    let out = new Uint8Array(4096);
    let length = checked(listDirectory(path, out));
    // It may grow between two looks; what is left out then came later than this call.
    if (length > out.length) {
      out = new Uint8Array(length);
      length = Math.min(out.length, checked(listDirectory(path, out)));
    }
    return decode(out, length)
      .split("/")
      .filter((name) => name !== "");
  },
  read: (path, limit, accept) => {
    const descriptor = checked(openFile(path));
    try {
      accept(statusOfDescriptor(descriptor));
      // One more than allowed, to see that there is more.
      const out = new Uint8Array(limit + 1);
      const length = checked(readDescriptor(descriptor, out));
      if (length > limit) throw new FileError("EFBIG");
      return decode(out, length);
    } finally {
      closeDescriptor(descriptor);
    }
  },
  write: (path, text) => {
    const descriptor = checked(createFile(path));
    try {
      checked(writeDescriptor(descriptor, text));
      checked(syncDescriptor(descriptor));
    } finally {
      closeDescriptor(descriptor);
    }
  },
  rename: (from, to) => {
    checked(renamePath(from, to));
  },
  unlink: (path) => {
    checked(unlinkPath(path));
  },
};

function statusOfDescriptor(descriptor: number): FileStatus {
  const out = new Uint8Array(128);
  return readStatus(out, checked(descriptorStatus(descriptor, out)));
}

function readStatus(out: Uint8Array, length: number): FileStatus {
  const fields = decode(out, length).split(" ");
  const kind = fields[0];
  return {
    kind: kind === "f" ? "file" : kind === "d" ? "directory" : "other",
    mode: Number(fields[1]),
    uid: Number(fields[2]),
    links: Number(fields[3]),
    modified: Number(fields[4]),
  };
}

function decode(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.subarray(0, length)).toString("utf8");
}

/** Milliseconds by a clock that nobody sets. */
export function monotonic(): number {
  return ticks();
}

/** @returns 0, or errno negated */
export function writeAll(descriptor: number, text: string): number {
  return writeDescriptor(descriptor, text);
}

/** @throws FileError */
export function listenOn(path: string): () => void {
  const descriptor = checked(listenAt(path));
  return () => {
    closeDescriptor(descriptor);
  };
}

/** @throws FileError */
export function waitForEndOf(path: string, timeoutMs: number): "ended" | "timeout" {
  return checked(waitForEnd(path, Math.max(0, timeoutMs))) === 1 ? "ended" : "timeout";
}

/** Becomes the full gcp2aws that lies beside this program; comes back only where there is none. */
export function becomeFullProgram(): void {
  const given = process.argv.slice(2);
  const argv = ["gcp2aws", "credential-process", ...(given[0] === "credential-process" ? given.slice(1) : given)];
  handOver(argv.map((text) => `${text}\0`).join(""));
}

/** Each text ended by a NUL, which none of them can hold. */
export function startAgain(argv: readonly string[], env: readonly string[]): void {
  startDetached(argv.map((text) => `${text}\0`).join(""), env.map((text) => `${text}\0`).join(""));
}

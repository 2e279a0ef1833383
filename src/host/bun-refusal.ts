import { FileError } from "../host.ts";

/** The part of Bun's foreign function interface that is used here. */
interface Ffi {
  dlopen: (
    library: string,
    symbols: Readonly<Record<string, { args: readonly string[]; returns: string }>>,
  ) => { symbols: Readonly<Record<string, (...values: (number | Uint8Array)[]) => number>>; close: () => void };
  read: { i32: (pointer: number) => number };
}

const AF_UNIX = 1;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const ECONNREFUSED = 111;

/**
 * Why a Unix socket takes no connection: Bun says ECONNREFUSED also where the queue of a listener that lives is full, so
 * the system is asked itself.
 * @returns ECONNREFUSED where nobody listens, EAGAIN where that is not so or cannot be told
 */
export async function refusal(path: string): Promise<FileError> {
  const name = "bun:ffi";
  const { dlopen, read }: Ffi = await import(name);
  const libc = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  });
  try {
    const { socket, connect, close, __errno_location: errno } = libc.symbols;
    if (socket === undefined || connect === undefined || close === undefined || errno === undefined) throw new Error();
    const address = new Uint8Array(110);
    address[0] = AF_UNIX;
    address.set(Buffer.from(path), 2);
    const descriptor = socket(AF_UNIX, SOCK_STREAM_NONBLOCK_CLOEXEC, 0);
    const failed = connect(descriptor, address, address.length) < 0;
    const dead = failed && read.i32(errno()) === ECONNREFUSED;
    close(descriptor);
    return new FileError(dead ? "ECONNREFUSED" : "EAGAIN");
  } finally {
    libc.close();
  }
}

import { connect, createServer, type Socket } from "node:net";
import { FileError } from "../host.ts";
import { toFileError } from "./node-files.ts";

/** {@link Host.listen} */
export function listen(path: string): Promise<() => void> {
  // A longer one would be cut off, and another socket be made than the one that was asked for.
  if (Buffer.byteLength(path) > 107) return Promise.reject(new FileError("ENAMETOOLONG"));
  return new Promise((resolve, reject) => {
    const waiting = new Set<Socket>();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {}).on("close", () => waiting.delete(socket));
    });
    server.on("error", (error) => reject(toFileError(error)));
    server.listen({ path, backlog: 4096 }, () =>
      resolve(() => {
        server.close();
        for (const socket of waiting) socket.destroy();
      }),
    );
  });
}

/** {@link Host.waitForEnd} */
export function waitForEnd(path: string, timeoutMs: number): Promise<"ended" | "timeout"> {
  if (Buffer.byteLength(path) > 107) return Promise.reject(new FileError("ENAMETOOLONG"));
  return new Promise((resolve, reject) => {
    let connected = false;
    const socket = connect(path);
    let timer: NodeJS.Timeout | undefined;
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    // The system answers at once whether somebody listens, so the time begins after that.
    socket.on("connect", () => {
      connected = true;
      timer = setTimeout(() => finish(() => resolve("timeout")), Math.max(0, timeoutMs));
    });
    socket.on("error", (error) => {
      const known = toFileError(error);
      // A listener that is gone before it took the connection resets it, which may be seen before the connection is.
      const ended = connected || (known instanceof FileError && known.code === "ECONNRESET");
      finish(() => (ended ? resolve("ended") : reject(known)));
    });
    socket.on("close", () => finish(() => resolve("ended")));
    socket.resume();
  });
}

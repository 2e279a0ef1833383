import { FileError } from "../host.ts";
import { bun } from "./bun.ts";
import { toFileError } from "./node-files.ts";

/** {@link Host.listen} by Bun itself: loading its node:net takes longer than everything else that a lock does. */
export async function listen(path: string): Promise<() => void> {
  try {
    const listener = required().listen({ unix: checked(path), socket: { data: () => {} } });
    return () => listener.stop(true);
  } catch (error) {
    throw toFileError(error);
  }
}

/** {@link Host.waitForEnd} */
export async function waitForEnd(path: string, timeoutMs: number): Promise<"ended" | "timeout"> {
  const { promise: ended, resolve: end } = Promise.withResolvers<"ended" | "timeout">();
  try {
    const socket = await required().connect({
      unix: checked(path),
      socket: { data: () => {}, close: () => end("ended"), error: () => {}, connectError: () => {} },
    });
    const timer = setTimeout(() => end("timeout"), Math.max(0, timeoutMs));
    const outcome = await ended;
    clearTimeout(timer);
    socket.end();
    return outcome;
  } catch (error) {
    const known = toFileError(error);
    // A listener that is gone before it took the connection resets it.
    if (known instanceof FileError && known.code === "ECONNRESET") return "ended";
    if (!(known instanceof FileError) || known.code !== "ECONNREFUSED") throw known;
    // Rare, and its own file: a holder died, or thousands wait for one.
    const { refusal } = await import("./bun-refusal.ts");
    throw await refusal(path);
  }
}

function checked(path: string): string {
  if (Buffer.byteLength(path) > 107) throw new FileError("ENAMETOOLONG");
  return path;
}

function required(): NonNullable<typeof bun> {
  if (bun === undefined) throw new Error("only under Bun");
  return bun;
}

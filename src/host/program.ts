import { bun } from "./bun.ts";

/** How this program is run again: the absolute paths of the executable or, under Node, of both the runtime and the program. */
export function thisProgram(): string[] {
  return bun === undefined ? [process.execPath, ...process.argv.slice(1, 2)] : [process.execPath];
}

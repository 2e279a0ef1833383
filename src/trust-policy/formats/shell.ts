import { shellWord } from "../../shell-word.ts";

/** Program and arguments. */
export type Argv = readonly [string, ...string[]];

/** The line that a POSIX shell splits into these words again, on more than one line where an argument has line breaks. */
export function shellLine(argv: readonly string[]): string {
  return argv.map(shellWord).join(" ");
}

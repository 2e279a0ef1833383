import { Gcp2awsError, printable } from "../errors.ts";

/**
 * A command line for `credential_process` that every SDK splits into the same words: botocore by the rules of Python's shlex without a
 * shell (on Windows by those of the C runtime), the others by `sh -c` or `cmd.exe /C`. Double quotes are all that these share.
 * @param words program and arguments; the program's path is absolute
 * @throws Gcp2awsError USAGE_INVALID_VALUE where a word cannot be written so
 */
export function formatProcessCommand(words: readonly string[]): string {
  const line = words.map(quote).join(" ");
  // Of a line that begins with a quote, older SDKs for Go (v1, and v2 1.17) keep only what is between the quotes.
  return line.replace(/^"([\w/])/, '$1"');
}

function quote(word: string): string {
  // `%` is a variable to cmd.exe, the others begin something to sh even in double quotes.
  const character = /[^ -~]|["$%`\\]/u.exec(word)?.[0];
  if (character !== undefined) {
    const shown = /[!-~]/.test(character) ? character : "a character that is not printable ASCII";
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `"${printable(word, 200)}" cannot stand in credential_process: it has ${shown}`,
      {
        hint: "the AWS SDKs would read it differently; use another value, or a path without it",
      },
    );
  }
  return /^[\w@+:,./=-]+$/.test(word) ? word : `"${word}"`;
}

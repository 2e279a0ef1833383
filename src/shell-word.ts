/** A text as one word of a shell's command line (POSIX.1-2024, Shell Command Language, 2.2.2). */
export function shellWord(text: string): string {
  return /^[\w@%+:,./=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The words of a command line that no shell sees: split at spaces, double quotes hold together what is between them, and
 * nothing else means anything.
 * @returns undefined where a quote is not closed
 */
export function splitCommand(text: string): string[] | undefined {
  const words: string[] = [];
  let word = "";
  let isWord = false;
  let isQuoted = false;
  for (const character of text) {
    if (character === '"') {
      isQuoted = !isQuoted;
      isWord = true;
    } else if (character === " " && !isQuoted) {
      if (isWord) words.push(word);
      word = "";
      isWord = false;
    } else {
      word += character;
      isWord = true;
    }
  }
  if (isWord) words.push(word);
  return isQuoted ? undefined : words;
}

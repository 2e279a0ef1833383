/** How an SDK takes a `credential_process` line apart: into words, or not at all. */
export type Split = { words: readonly string[] } | { why: string };

/**
 * As botocore does on Unix: `shlex.split` of Python, POSIX mode, no comments, no shell. What is special to a shell stands for itself.
 * https://docs.python.org/3/library/shlex.html#parsing-rules
 */
export function splitAsBotocore(line: string): Split {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "\\") {
      at += 1;
      if (at >= line.length) return { why: "it ends in a backslash" };
      word = (word ?? "") + line.charAt(at);
    } else if (character === "'" || character === '"') {
      const quoted = readQuoted(line, at, /["\\]/);
      if (quoted === undefined) return { why: `a ${character} has no end` };
      word = (word ?? "") + quoted.text;
      at = quoted.end;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined) words.push(word);
  return { words };
}

/** What a shell acts on where it is not quoted, and what it replaces in double quotes too. */
const OPERATORS = /[;&|<>()]/;
const REPLACED = /[$`]/;
const PATTERNS = /[*?[]/;

/**
 * As the SDKs for JavaScript, Go and Java do on Unix: `sh -c`. Words where the line is a plain command; else what the shell would do
 * beyond splitting (POSIX.1-2024, Shell Command Language, 2.2 and 2.6).
 */
export function splitAsShell(line: string): Split {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === " " || character === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (word === undefined && character === "#") {
      return { why: "# begins a comment" };
    } else if (word === undefined && character === "~") {
      return { why: "~ stands for a home directory" };
    } else if (OPERATORS.test(character)) {
      return { why: `${character} is an operator` };
    } else if (REPLACED.test(character)) {
      return { why: `${character} begins something that is replaced` };
    } else if (PATTERNS.test(character)) {
      return { why: `${character} makes a pattern of file names` };
    } else if (character === "\\") {
      at += 1;
      if (at >= line.length) return { why: "it ends in a backslash" };
      word = (word ?? "") + line.charAt(at);
    } else if (character === "'" || character === '"') {
      const quoted = readQuoted(line, at, /["\\$`]/);
      if (quoted === undefined) return { why: `a ${character} has no end` };
      const replaced = quoted.replaced;
      if (replaced !== undefined) return { why: `${replaced} begins something that is replaced` };
      word = (word ?? "") + quoted.text;
      at = quoted.end;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined) words.push(word);
  // Of quoted ones too, which a shell would not take for that: rare, and worth a plainer line.
  if (/^[A-Za-z_]\w*=/.test(words[0] ?? "")) return { why: "it begins by setting a variable" };
  return { words };
}

/** What stands between quotes, where the closing one is, and the first thing in it that a shell replaces. */
function readQuoted(
  line: string,
  start: number,
  escapable: RegExp,
): { text: string; end: number; replaced: string | undefined } | undefined {
  const quote = line.charAt(start);
  let text = "";
  let replaced: string | undefined;
  for (let at = start + 1; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === quote) return { text, end: at, replaced };
    const next = line.charAt(at + 1);
    if (quote === '"' && character === "\\" && next !== "" && escapable.test(next)) {
      text += next;
      at += 1;
      continue;
    }
    if (quote === '"' && REPLACED.test(character)) replaced ??= character;
    text += character;
  }
  return undefined;
}

import { formatPath, type Path, pathIn } from "./path.ts";

/** Counted from 1, in characters. */
export interface Place {
  line: number;
  column: number;
}

export interface JsonText {
  /** A number that would lose digits is text: a numeric ID of Google's has more than a double holds. */
  value: unknown;
  source: string;
  /** At which character of the source each value begins, by its path. */
  places: ReadonlyMap<string, number>;
  /** Names that one object has twice; `value` has the last. */
  repeated: readonly Path[];
  /** Numbers that stand without quotes and lose digits in programs that read them as numbers. */
  longNumbers: readonly Path[];
}

/** Policies have four levels, and three more as the AWS CLI prints them. */
const MAX_DEPTH = 20;

const space = /[\s]*/y;
const text = /"(?:[^"\\]|\\.)*"/y;
const atom = /[^\s,\]}]+/y;

/**
 * Reads JSON and keeps what JSON.parse drops: where things stand, repeated names, and the digits of long numbers.
 * @throws SyntaxError
 */
export function readJsonText(source: string): JsonText {
  // From here on the text is known to be JSON, and reading it needs no checks.
  JSON.parse(source);
  const places = new Map<string, number>();
  const repeated: Path[] = [];
  const longNumbers: Path[] = [];
  let at = 0;

  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0] ?? "";
    at += found.length;
    return found;
  };
  const takeText = (): string => String(JSON.parse(take(text)));
  /** Whether another item follows; steps over the comma, or over the end. */
  const more = (): boolean => {
    take(space);
    return source[at++] === ",";
  };

  const read = (path: Path): unknown => {
    if (path.length > MAX_DEPTH) throw new SyntaxError(`nested more than ${MAX_DEPTH} deep`);
    take(space);
    places.set(formatPath(path), at);
    const first = source[at];
    if (first === '"') return takeText();
    if (first === "{") return readObject(path);
    if (first === "[") return readList(path);
    const word = take(atom);
    const value: unknown = JSON.parse(word);
    if (typeof value !== "number" || !/^-?\d+$/.test(word) || Number.isSafeInteger(value)) return value;
    longNumbers.push(path);
    return word;
  };
  const readObject = (path: Path): unknown => {
    at++;
    const entries = new Map<string, unknown>();
    take(space);
    if (source[at] === "}") return (at++, {});
    do {
      take(space);
      const name = takeText();
      take(space);
      at++;
      if (entries.has(name)) repeated.push([...path, name]);
      entries.set(name, read([...path, name]));
    } while (more());
    return Object.fromEntries(entries);
  };
  const readList = (path: Path): unknown => {
    at++;
    const items: unknown[] = [];
    take(space);
    if (source[at] === "]") return (at++, items);
    do items.push(read([...path, items.length]));
    while (more());
    return items;
  };

  return { value: read([]), source, places, repeated, longNumbers };
}

/** A place for people: the path as the document has it, and where that begins; of what is missing, where its parent does. */
export function locate(json: JsonText | undefined, path: Path): { path: string } & Place {
  const exact = pathIn(json?.value, path);
  const parents = Array.from({ length: exact.length + 1 }, (_, up) => formatPath(exact.slice(0, exact.length - up)));
  const at = parents.map((parent) => json?.places.get(parent)).find((found) => found !== undefined) ?? 0;
  const source = json?.source ?? "";
  let line = 1;
  for (let end = source.indexOf("\n"); end >= 0 && end < at; end = source.indexOf("\n", end + 1)) line++;
  return { path: formatPath(exact), line, column: at - source.lastIndexOf("\n", at - 1) };
}

/** `*`: any run of characters, also none. */
export const many = Symbol("*");
/** `?`: exactly one character. */
const one = Symbol("?");

/** A policy value ready to compare: literal characters and wildcards, variables already replaced. */
export type Pattern = readonly (string | typeof many | typeof one)[];

/** How the value of a policy variable is looked up; `undefined` when the request does not carry it. */
export type Lookup = (key: string) => string | undefined;

const variable = /\$\{([^}]*)\}/y;
/** A tag's key may have spaces in it. */
const withDefault = /^\s*([^\s,'](?:[^,']*[^\s,'])?)\s*(?:,\s*'([^']*)'\s*)?$/;

/**
 * Reads a policy value. With a `lookup`, `${key}` and `${key, 'default'}` are replaced (their text is then literal, also
 * where it holds a `*`) and `${*}`, `${?}`, `${$}` stand for the character itself; without one, `${…}` is plain text, as
 * IAM reads it in version 2008-10-17.
 *
 * @returns `undefined` when a variable has neither a value nor a default: such a value matches nothing.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function readPattern(text: string, lookup?: Lookup): Pattern | undefined {
  const pattern: Pattern[number][] = [];
  for (let at = 0; at < text.length;) {
    variable.lastIndex = at;
    const [whole, name] = (lookup && variable.exec(text)) ?? [];
    if (lookup && whole !== undefined && name !== undefined) {
      const value = resolve(name, lookup);
      if (value === undefined) return undefined;
      pattern.push(...value.split(""));
      at += whole.length;
      continue;
    }
    const character = text.charAt(at++);
    pattern.push(character === "*" ? many : character === "?" ? one : character);
  }
  return pattern;
}

function resolve(name: string, lookup: Lookup): string | undefined {
  if (name === "*" || name === "?" || name === "$") return name;
  const [, key, fallback] = withDefault.exec(name) ?? [];
  return key === undefined ? undefined : (lookup(key) ?? fallback);
}

export function isWild(part: Pattern[number]): boolean {
  return typeof part === "symbol";
}

/** The pattern as plain text, for operators that know no wildcards. */
export function literal(pattern: Pattern): string {
  return pattern.map((part) => (part === many ? "*" : part === one ? "?" : part)).join("");
}

/** Whether the whole value fits the pattern. Case matters; the time is at most their lengths multiplied. */
export function matches(pattern: Pattern, value: string): boolean {
  let at = 0;
  let star = -1;
  let starAt = 0;
  let index = 0;
  while (index < value.length) {
    const part = pattern[at];
    if (part === many) {
      star = at++;
      starAt = index;
    } else if (part === one || part === value[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++starAt;
    } else {
      return false;
    }
  }
  while (pattern[at] === many) at++;
  return at === pattern.length;
}

/** Splits at the first `count - 1` colons; the last piece keeps the rest. */
export function splitPattern(pattern: Pattern, count: number): Pattern[] {
  const colon = count > 1 ? pattern.indexOf(":") : -1;
  return colon < 0 ? [pattern] : [pattern.slice(0, colon), ...splitPattern(pattern.slice(colon + 1), count - 1)];
}

// The values that a claim can have: one of each kind that a statement and the Deny statements tell apart.
import { isClientId, sharedClients } from "../oauth-client.ts";
import { isWild, literal, many, type Pattern, splitPattern } from "../pattern.ts";
import { any, type Budget, exactly, kinds, type Place, type Shape, some } from "./kinds.ts";
import { isLike, type Line } from "./rule.ts";

/** What a claim can be, besides what the policy names. */
export interface Language {
  shapes: readonly Shape[];
  /** Those that are tried first, as they are easily known for what they are. */
  usual: readonly string[];
  /** Whether a value of a policy may be one. */
  has: (text: string) => boolean;
}

/** A value of a claim. */
export interface Name {
  text: string;
  /** Whether the policy says it as it is, letter for letter, or no more than what it begins with. */
  named: "whole" | "in part" | "not";
}

const DIGITS = "0123456789";
const digit: Place = { of: DIGITS };
const first: Place = { of: DIGITS.slice(1) };
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const manyOf = (of: string): Place => ({ of, many: true });

/** IDs of accounts of Google's, of 21 digits. */
export const SUBS: Language = {
  shapes: [[first, ...Array.from({ length: 20 }, () => digit)]],
  usual: ["199999999999999999999"],
  has: (text) => /^\d+$/.test(text),
};

// Capital letters too, as nobody says that there are none.
const SIGNS = LETTERS + DIGITS + LETTERS.toUpperCase();
export const EMAILS: Language = {
  shapes: [
    [
      { of: SIGNS },
      manyOf(`${SIGNS}._+-`),
      ...exactly("@"),
      { of: SIGNS },
      manyOf(`${SIGNS}.-`),
      ...exactly("."),
      { of: LETTERS + LETTERS.toUpperCase() },
      manyOf(`${SIGNS}-`),
      { of: SIGNS },
    ],
  ],
  usual: ["stranger@stranger.iam.gserviceaccount.com", "stranger@gmail.com"],
  has: (text) => /^[^*?]+@[^*?]+$/.test(text),
};

const ofClient = exactly(".apps.googleusercontent.com");
/** OAuth applications. */
export const CLIENTS: Language = {
  shapes: [
    [first, manyOf(DIGITS), ...ofClient],
    [first, manyOf(DIGITS), ...exactly("-"), { of: LETTERS + DIGITS }, manyOf(LETTERS + DIGITS), ...ofClient],
  ],
  usual: [...sharedClients.keys(), "199999999999-stranger.apps.googleusercontent.com"],
  has: isClientId,
};

/** Whatever may be asked for. */
export const AUDIENCES: Language = {
  shapes: [[any, some]],
  usual: ["https://stranger.example", "stranger"],
  has: () => true,
};

/** Numbers of organizations. */
export const NUMBERS: Language = { shapes: [[first, manyOf(DIGITS)]], usual: ["1"], has: (text) => /^\d+$/.test(text) };

const within = `${LETTERS}${DIGITS}-`;
const labels = (inner: string): Shape[] => [
  [{ of: LETTERS + DIGITS }],
  [{ of: LETTERS + DIGITS }, manyOf(inner), { of: LETTERS + DIGITS }],
];
const OF_POD = "system:serviceaccount:";
/** Service accounts of Kubernetes. */
export const PODS: Language = {
  shapes: labels(within).flatMap((namespace) =>
    labels(`${within}.`).map((name) => exactly(OF_POD).concat(namespace, exactly(":"), name)),
  ),
  usual: [`${OF_POD}stranger:stranger`],
  has: (text) => /^system:serviceaccount:[a-z\d-]+:[a-z\d.-]+$/.test(text),
};

/**
 * What all pods of the namespaces begin with that a policy names: whoever trusts one of them trusts those who run it. Of a pod that is
 * named behind a wildcard, all of its name as well.
 */
export function headsOfPods(lines: readonly Line[]): string[] {
  const heads = lines.flatMap(({ patterns }) =>
    patterns.flatMap((pattern) => {
      const parts = splitPattern(pattern, 4);
      // As in *:NAMESPACE:NAME, since none of the parts has a colon in it.
      const at = parts.length === 3 && parts[0]?.some(isWild) ? 1 : 2;
      const isBehind = parts.slice(0, at).some((part) => part.some(isWild));
      const [namespace = [], name = []] = parts.slice(at);
      if (!isFixed(namespace)) return [];
      const head = `${OF_POD}${literal(namespace)}:`;
      return isBehind && isFixed(name) ? [head, head + literal(name)] : [head];
    }),
  );
  return [...new Set(heads)];
}

/**
 * The values that a claim can have, one of each kind that the lines tell apart; those first that the policy names.
 *
 * @param lines by which the claim is compared
 * @param named all lines on the claim that the policy has
 * @param heads what is named as well: those very texts, and in part whatever begins so
 */
export function namesOf(
  language: Language,
  lines: readonly Line[],
  named: readonly Line[],
  budget: Budget,
  heads: readonly string[] = [],
): Name[] {
  const literals = [...new Set(named.flatMap(textsOf))];
  const lower = new Set(literals.map((text) => text.toLowerCase()));
  const namedOf = (text: string): Name["named"] => {
    if (lower.has(text.toLowerCase()) || heads.includes(text)) return "whole";
    return heads.some((head) => text.startsWith(head)) ? "in part" : "not";
  };
  const whole = literals.map(inAnyCase).concat(heads.map(exactly));
  const inPart = heads.map((head) => [...exactly(head), some]);
  const made = kinds(language.shapes, [whole, inPart, ...lines.map(shapesOf)], budget);
  const near = lines.some((line) => !comparesText(line)) ? neighbours(lines.flatMap(({ values }) => values)) : [];
  const cost = lines.reduce((sum, line) => sum + line.patterns.length, 0);
  const all = new Map<string, Name>();
  for (const text of [...literals, ...near].filter(language.has).concat(language.usual, made)) {
    if (budget.steps <= 0 && all.size > 0) break;
    budget.steps -= cost;
    const name = { text, named: namedOf(text) };
    const kind = [
      name.named,
      ...lines.map(({ use, patterns }) => patterns.some((one) => use.operator?.test(one, text))),
    ];
    const key = kind.join();
    if (!all.has(key)) all.set(key, name);
  }
  return [...all.values()];
}

const isFixed = (pattern: Pattern): boolean => pattern.length > 0 && !pattern.some(isWild);
const comparesText = ({ operator }: Line): boolean => /String|Arn/.test(operator);

/** Values that stand for themselves alone. */
function textsOf(line: Line): string[] {
  return line.patterns.filter((pattern) => !isLike(line) || !pattern.some(isWild)).map(literal);
}

function inAnyCase(text: string): Shape {
  return text.split("").map((character) => ({ of: character.toLowerCase() + character.toUpperCase() }));
}

/** What passes a line that compares text; numbers and the like have no shape. */
function shapesOf(line: Line): Shape[] {
  if (!comparesText(line)) return [];
  if (line.operator.includes("IgnoreCase")) return line.patterns.map((pattern) => inAnyCase(literal(pattern)));
  if (!isLike(line)) return line.patterns.map((pattern) => exactly(literal(pattern)));
  if (!line.operator.includes("Arn")) return line.patterns.map((pattern) => pattern.map((part) => placeOf(part, any)));
  // No wildcard of the first five parts reaches over a colon.
  return line.patterns.flatMap((pattern) => {
    const parts = splitPattern(pattern, 6);
    const shapes = parts.map((part, at) => part.map((one) => placeOf(one, at < 5 ? notColon : any)));
    return parts.length < 6 ? [] : [shapes.flatMap((shape, at) => (at === 0 ? shape : exactly(":").concat(shape)))];
  });
}

const notColon: Place = { of: ":", but: true };

function placeOf(part: Pattern[number], wild: Place): Place {
  if (typeof part === "string") return { of: part };
  return part === many ? { ...wild, many: true } : wild;
}

/** Of each number that a line compares, itself and the next ones on both sides that no value is. */
function neighbours(values: readonly string[]): string[] {
  const taken = new Set(values);
  const all = values
    .filter((value) => /^\d{1,40}(\.\d+)?$/.test(value))
    .flatMap((value) => {
      const number = BigInt(value.replace(/\..*/, ""));
      // What differs by less is the same number to a double.
      const step = number < 2n ** 53n ? 1n : number >> 50n;
      return [String(number), nextFree(number, step, taken), nextFree(number, -step, taken)];
    });
  return [...new Set(all)].filter((number) => /^[1-9]/.test(number));
}

function nextFree(number: bigint, step: bigint, taken: ReadonlySet<string>): string {
  let next = number + step;
  while (taken.has(String(next))) next += step;
  return String(next);
}

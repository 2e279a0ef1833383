// Names that nobody has, for each way in which the values of a policy tell names apart: what it names itself is no stranger to it.
import { readPattern } from "../pattern.ts";
import { isClaim, isLike, isPositive, type Line, type LintStatement, type Subject } from "./rule.ts";

type Statements = Pick<Subject, "statements">;

export const usualSub = "199999999999999999999";
export const usualEmail = "stranger@stranger.iam.gserviceaccount.com";

/** Made once for each policy, as each of its statements, and several rules, ask for them. */
function once(make: (subject: Statements) => string[]): (subject: Statements) => readonly string[] {
  const made = new WeakMap<Statements["statements"], readonly string[]>();
  return (subject) => {
    const names = made.get(subject.statements) ?? make(subject);
    made.set(subject.statements, names);
    return names;
  };
}

/** Digits of the ID of an account of Google's. */
const SUB_DIGITS = 21;

/** IDs of accounts of Google's, which `:aud` sees as well. */
export const strangersSubs = once((subject) => {
  const lines = linesOn(subject, "sub", "aud");
  const random = randomOf(lines);
  const whole = (head: string, tail = "") => head + random(DIGITS, SUB_DIGITS - head.length - tail.length) + tail;
  const digits = [...DIGITS];
  // As all but those that fit must begin and end, and as near as can be to those that must not.
  const limits = patterns(lines, isLimit);
  const near = patterns(lines, isExclusion);
  const heads = ends([...limits, ...near].map((value) => /^\d*/.exec(value)?.[0] ?? ""));
  const tails = ends([...limits, ...near].map((value) => reversed(/\d*$/.exec(value)?.[0] ?? ""))).map(reversed);
  const all = [
    usualSub,
    "100000000000000000001",
    ...digits.map((digit) => whole(digit)),
    // Where some digits are kept out altogether.
    ...digits.flatMap((digit) => [`1${digit.repeat(SUB_DIGITS - 1)}`, digit.repeat(SUB_DIGITS)]),
    ...limits.map((value) => {
      const fixed = value.replace(/\*/g, "").length;
      return value
        .replace("*", () => random(DIGITS, SUB_DIGITS - fixed))
        .replace(/[*?]/g, (sign) => (sign === "?" ? "1" : ""));
    }),
    ...heads.flatMap((head) => tails.map((tail) => whole(head, tail))),
  ];
  return oneOfEach(
    lines,
    all.filter((sub) => /^[1-9]\d+$/.test(sub)),
  );
});

/** Of so many, as they are tried with each other. */
const MAX_ENDS = 100;

/** Each of them, and what differs from it in its last digit, or has one digit more. */
function ends(texts: readonly string[]): string[] {
  const stems = texts.flatMap((text) => Array.from({ length: text.length + 1 }, (_, at) => text.slice(0, at)));
  const all = ["", ...texts, ...stems.flatMap((stem) => Array.from(DIGITS, (digit) => stem + digit))];
  return [...new Set(all)].slice(0, MAX_ENDS);
}

const reversed = (text: string): string => Array.from(text).toReversed().join("");

/** Emails of service accounts and of people. */
export const strangersEmails = once((subject) => {
  const lines = linesOn(subject, "email", "aud");
  const random = randomOf(lines);
  const name = () => random(LETTERS, 8);
  const all = [
    usualEmail,
    ...Array.from({ length: 8 }, () => `${name()}@${name()}.iam.gserviceaccount.com`),
    `${random("123456789", 12)}-compute@developer.gserviceaccount.com`,
    `${name()}@gmail.com`,
    `${name()}@${name()}.example`,
    ...patterns(lines, isLimit).map((value) => value.replace(/[*?]/g, (sign) => (sign === "?" ? "x" : name()))),
  ];
  return oneOfEach(
    lines,
    all.filter((email) => email.includes("@")),
  );
});

/** Audiences: anything will do. */
export const strangersAudiences = once((subject) => {
  const lines = linesOn(subject, "oaud", "aud");
  const random = randomOf(lines);
  const names = Array.from({ length: 4 }, () => random(LETTERS, 12));
  return oneOfEach(lines, [
    "https://stranger.example",
    "stranger",
    ...names.flatMap((name) => [name, `https://${name}.example`, name.toUpperCase(), `//${name}`]),
    random("123456789", SUB_DIGITS),
    ...patterns(lines, isLimit).map((value) => value.replace(/[*?]/g, (sign) => (sign === "?" ? "x" : "stranger"))),
  ]);
});

/** Service accounts of Kubernetes, in namespaces that no value names: whoever may make a namespace chooses both names. */
export const strangersPods = once((subject) => {
  const lines = linesOn(subject, "sub");
  const random = randomOf(lines);
  const filled = (text: string) => text.replace(/[*?]/g, (sign) => (sign === "?" ? "x" : "stranger"));
  const values = [...new Set(lines.flatMap((line) => line.values))];
  const parts = values.map((value) => value.split(":"));
  const own = new Set(parts.map(([, , namespace = ""]) => namespace));
  const namespaces = [
    "stranger",
    random(LETTERS, 8),
    random(LETTERS, 8),
    ...parts.map((part) => part.at(-2) ?? "").filter((part) => /[*?]/.test(part)),
  ].map(filled);
  const names = ["stranger", random(LETTERS, 8), ...parts.map((part) => filled(part.at(-1) ?? ""))];
  return oneOfEach(
    lines,
    [...new Set(namespaces)]
      .filter((namespace) => /^[a-z\d-]+$/.test(namespace) && !own.has(namespace))
      .flatMap((namespace) => [...new Set(names)].map((name) => `system:serviceaccount:${namespace}:${name}`)),
  );
});

const DIGITS = "0123456789";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

type Placed = Line & { statement: LintStatement };

function linesOn({ statements }: Statements, ...names: string[]): Placed[] {
  return statements.flatMap((statement) =>
    statement.lines
      .filter((line) => line.use.operator !== undefined && isClaim(line, statement, ...names))
      .map((line) => Object.assign({}, line, { statement })),
  );
}

/** A Deny of all that is not so. */
const isLimit = (line: Placed) => line.statement.effect === "Deny" && !isPositive(line);

/** A Deny of what is so, or an Allow of all that is not. */
const isExclusion = (line: Placed) => (line.statement.effect === "Deny") === isPositive(line);

function patterns(lines: readonly Placed[], test: (line: Placed) => boolean): string[] {
  return [...new Set(lines.filter((line) => isLike(line) && test(line)).flatMap((line) => line.values))].filter(
    (value) => /[*?]/.test(value) && !value.includes("${"),
  );
}

/** The first candidate of each kind that the lines tell apart, but for those that stand there. */
function oneOfEach(lines: readonly Line[], candidates: readonly string[]): string[] {
  const named = new Set(lines.flatMap(({ values }) => values));
  const tests = lines.flatMap(({ use, values }) =>
    values.map((value) => {
      const pattern = readPattern(value, () => undefined);
      return (name: string) => pattern !== undefined && use.operator?.test(pattern, name) === true;
    }),
  );
  const seen = new Set<string>();
  return candidates.filter((name) => {
    const kind = tests.map((test) => Number(test(name))).join("");
    if (named.has(name) || seen.has(kind)) return false;
    seen.add(kind);
    return true;
  });
}

/** Other names for other policies, but always the same for the same one. */
function randomOf(lines: readonly Line[]): (alphabet: string, length: number) => string {
  let state = 0x2545f491;
  for (const character of lines.flatMap(({ values }) => values).join("\n"))
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  const next = () => {
    // Xorshift, which stays at 0.
    if (state === 0) state = 1;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return (alphabet, length) =>
    Array.from({ length: Math.max(0, length) }, () => alphabet[next() % alphabet.length]).join("");
}

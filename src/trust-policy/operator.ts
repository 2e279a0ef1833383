import { inRange } from "./ip-address.ts";
import { literal, matches, type Pattern, splitPattern } from "./pattern.ts";

/** One condition operator: how one wanted value compares with one value of the request. */
export interface Operator {
  test: (wanted: Pattern, actual: string) => boolean;
  /** `…Not…`: holds when `test` holds for none of the wanted values, and so also when the key is missing. */
  negated?: true;
  /** Only string and ARN operators replace policy variables. */
  variables?: true;
}

type Compare = (actual: number, wanted: number) => boolean;

function ordered(read: (text: string) => number, compare: Compare): Operator {
  return { test: (wanted, actual) => compare(read(actual), read(literal(wanted))) };
}

function not(operator: Operator): Operator {
  return { ...operator, negated: true };
}

/** An integer or a decimal. */
const number = (text: string): number => (/^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN);

/** The W3C's ISO 8601 (https://www.w3.org/TR/NOTE-datetime): a time of day says its zone. A year alone is not told from epoch seconds. */
const w3cDate = /^\d{4}-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?)?$/;

/** Epoch seconds or a date, in milliseconds. */
const date = (text: string): number => {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  return w3cDate.test(text) ? Date.parse(text) : Number.NaN;
};

const isBoolean = (text: string): boolean => /^(true|false)$/i.test(text);

/** The bytes of a base64 text as characters; undefined where it is none. */
function bytes(base64: string): string | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(base64) ? Buffer.from(base64, "base64").toString("latin1") : undefined;
}

const equal: Compare = (actual, wanted) => actual === wanted;
const less: Compare = (actual, wanted) => actual < wanted;
const lessOrEqual: Compare = (actual, wanted) => actual <= wanted;
const greater: Compare = (actual, wanted) => actual > wanted;
const greaterOrEqual: Compare = (actual, wanted) => actual >= wanted;

const stringEquals: Operator = { test: (wanted, actual) => literal(wanted) === actual, variables: true };
const stringLike: Operator = { test: matches, variables: true };
const stringEqualsIgnoreCase: Operator = {
  test: (wanted, actual) => literal(wanted).toLowerCase() === actual.toLowerCase(),
  variables: true,
};
const numericEquals = ordered(number, equal);
const dateEquals = ordered(date, equal);
/** ArnEquals and ArnLike are the same: each of the six parts by itself, so that no wildcard reaches over a colon. */
const arnLike: Operator = {
  test: (wanted, actual) => {
    const parts = splitPattern(wanted, 6);
    const pieces = actual.split(":");
    const values = [...pieces.slice(0, 5), pieces.slice(5).join(":")];
    return parts.length === 6 && pieces.length >= 6 && values.every((value, i) => matches(parts[i] ?? [], value));
  },
  variables: true,
};
const ipAddress: Operator = { test: (wanted, actual) => inRange(literal(wanted), actual) };

/**
 * Every operator but `Null`, which asks for the key and not for its value.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ["StringEquals", stringEquals],
  ["StringNotEquals", not(stringEquals)],
  ["StringEqualsIgnoreCase", stringEqualsIgnoreCase],
  ["StringNotEqualsIgnoreCase", not(stringEqualsIgnoreCase)],
  ["StringLike", stringLike],
  ["StringNotLike", not(stringLike)],
  ["NumericEquals", numericEquals],
  ["NumericNotEquals", not(numericEquals)],
  ["NumericLessThan", ordered(number, less)],
  ["NumericLessThanEquals", ordered(number, lessOrEqual)],
  ["NumericGreaterThan", ordered(number, greater)],
  ["NumericGreaterThanEquals", ordered(number, greaterOrEqual)],
  ["DateEquals", dateEquals],
  ["DateNotEquals", not(dateEquals)],
  ["DateLessThan", ordered(date, less)],
  ["DateLessThanEquals", ordered(date, lessOrEqual)],
  ["DateGreaterThan", ordered(date, greater)],
  ["DateGreaterThanEquals", ordered(date, greaterOrEqual)],
  ["Bool", { test: (wanted, actual) => isBoolean(actual) && literal(wanted).toLowerCase() === actual.toLowerCase() }],
  // Both are base64 here, as a request is data in JSON; the bytes are what counts.
  [
    "BinaryEquals",
    { test: (wanted, actual) => bytes(actual) !== undefined && bytes(literal(wanted)) === bytes(actual) },
  ],
  ["IpAddress", ipAddress],
  ["NotIpAddress", not(ipAddress)],
  ["ArnEquals", arnLike],
  ["ArnNotEquals", not(arnLike)],
  ["ArnLike", arnLike],
  ["ArnNotLike", not(arnLike)],
]);

/** An operator as written in a policy: `ForAnyValue:StringLikeIfExists` in its three parts. */
export interface OperatorUse {
  /** `undefined` for `Null`. */
  operator: Operator | undefined;
  set: "any" | "all" | undefined;
  ifExists: boolean;
}

const written = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/;

/** Reads the name of an operator; `undefined` when IAM knows no such operator. `Null` takes no prefix and no suffix. */
export function readOperator(name: string): OperatorUse | undefined {
  if (name === "Null") return { operator: undefined, set: undefined, ifExists: false };
  const [, set, base = "", ifExists] = written.exec(name) ?? [];
  const operator = operators.get(base);
  if (!operator) return undefined;
  const quantifier = set === "ForAnyValue" ? "any" : set === "ForAllValues" ? "all" : undefined;
  return { operator, set: quantifier, ifExists: ifExists !== undefined };
}

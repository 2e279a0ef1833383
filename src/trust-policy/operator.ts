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

const number = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));

/** Epoch seconds or an ISO 8601 time, in milliseconds. */
const date = (text: string): number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text));

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
    const [values, rest] = [actual.split(":").slice(0, 5), actual.split(":").slice(5).join(":")];
    return parts.length === 6 && [...values, rest].every((value, i) => matches(parts[i] ?? [], value));
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
  ["Bool", { test: (wanted, actual) => literal(wanted).toLowerCase() === actual.toLowerCase() }],
  ["BinaryEquals", { test: (wanted, actual) => literal(wanted) === actual }],
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

import { readOperator } from "./operator.ts";
import { type Lookup, readPattern } from "./pattern.ts";
import type { ConditionBlock, PolicyDocument } from "./policy.ts";

/** Condition keys of a request → their values. Keys compare without case; an empty list is a missing key. */
export type Context = Readonly<Record<string, readonly string[]>>;

/** One line of a condition block, and what the request had to say to it. */
export interface ConditionResult {
  operator: string;
  key: string;
  /** As written in the policy. */
  wanted: readonly string[];
  /** `undefined` when the request does not carry the key. */
  actual: readonly string[] | undefined;
  matched: boolean;
}

/** Every line of the block, each by itself; the block holds when all of them do. */
export function evaluateConditions(
  block: ConditionBlock,
  context: Context,
  version: PolicyDocument["version"],
): ConditionResult[] {
  const values = new Map(
    Object.entries(context).flatMap(([key, list]) => (list.length > 0 ? [[key.toLowerCase(), list] as const] : [])),
  );
  const lookup = variables(context, version);
  return Object.entries(block).flatMap(([operator, lines]) =>
    Object.entries(lines).map(([key, wanted]) => {
      const actual = values.get(key.toLowerCase());
      return { operator, key, wanted, actual, matched: holds(operator, wanted, actual, lookup) };
    }),
  );
}

/** How a policy of this version replaces `${…}`; version 2008-10-17 does not. Only single values can be inserted. */
export function variables(context: Context, version: PolicyDocument["version"]): Lookup | undefined {
  if (version === "2008-10-17") return undefined;
  return (name) => {
    const [, values] = Object.entries(context).find(([key]) => key.toLowerCase() === name.toLowerCase()) ?? [];
    return values?.length === 1 ? values[0] : undefined;
  };
}

/**
 * A missing key fails a condition, except under `…IfExists`, a negated operator or `ForAllValues`, which it satisfies. To
 * `Null` and the set operators a key whose values are empty texts is missing too.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
function holds(
  name: string,
  wanted: readonly string[],
  actual: readonly string[] | undefined,
  lookup: Lookup | undefined,
): boolean {
  const use = readOperator(name);
  if (!use) return false;
  const { operator, set, ifExists } = use;
  const missing = actual === undefined || ((!operator || set !== undefined) && actual.every((value) => value === ""));
  if (!operator) return wanted.some((text) => text.toLowerCase() === String(missing));
  if (missing) return ifExists || set === "all" || (operator.negated === true && set === undefined);

  // A value whose variable has none is like no value: it fails a comparison, and satisfies a negated one
  // (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html, "Policy variables with no value").
  const patterns = wanted.flatMap((text) => {
    const pattern = readPattern(text, operator.variables ? lookup : undefined);
    return pattern === undefined ? [] : [pattern];
  });
  const fits = (value: string): boolean => patterns.some((pattern) => operator.test(pattern, value));
  if (!operator.negated) return set === "all" ? actual.every(fits) : actual.some(fits);
  return set === "any" ? !actual.every(fits) : !actual.some(fits);
}

import { requestKeys } from "./condition-keys.ts";
import type { ConditionResult } from "./condition.ts";
import type { TrustEvaluation, TrustStatement } from "./evaluate-trust-policy.ts";

/** What AWS knows of a request, and a token does not say: where it comes from, above all. */
const unsaid: ReadonlySet<string> = new Set(
  requestKeys.filter((key) => key.startsWith("aws:") && key !== "aws:TagKeys").map((key) => key.toLowerCase()),
);

/** The role's own tags. */
const tagOfRole = /^(aws|iam):resourcetag\//i;

/** Whether a condition is on what AWS may know of the request, and it was not given: it can be met or not, whatever it came to. */
export function isUnsaid({ key, actual }: Pick<ConditionResult, "key" | "actual">): boolean {
  return actual === undefined && (unsaid.has(key.toLowerCase()) || tagOfRole.test(key));
}

/** The condition keys that the request was not given, and by whose values the decision could be another, as the policy writes them. */
export function undeterminedKeys({ statements }: TrustEvaluation): string[] {
  const open = statements.flatMap((statement) => {
    const keys = openKeys(statement);
    return keys === undefined ? [] : [{ effect: statement.effect, keys }];
  });
  const isSure = (effect: "Allow" | "Deny") => open.some((each) => each.effect === effect && each.keys.length === 0);
  if (isSure("Deny") || !open.some(({ effect }) => effect === "Allow")) return [];
  const undecided = isSure("Allow") ? open.filter(({ effect }) => effect === "Deny") : open;
  return [...new Set(undecided.flatMap(({ keys }) => keys))];
}

/** Those that decide whether it matches; undefined where it does not in any case. */
function openKeys({ principal, action, conditions }: TrustStatement): string[] | undefined {
  const open = conditions.filter(isUnsaid);
  const decided = conditions.filter((condition) => !open.includes(condition));
  if (![principal, action, ...decided].every(({ matched }) => matched)) return undefined;
  return open.map(({ key }) => key);
}

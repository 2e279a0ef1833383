import type { ConditionResult } from "../trust-policy/condition.ts";
import { unknownKey } from "../trust-policy/hints.ts";
import { googleName } from "../trust-policy/web-identity.ts";

/** Whether a condition is on what AWS sees of the call and its resource, and no token says. */
export function isForeign({ key }: Pick<ConditionResult, "key">): boolean {
  return /^(aws|sts|iam):/i.test(key);
}

/** Tokens can carry a source identity and tags, but those of Google and of its clusters have none. */
const inNoToken = /^(sts:(SourceIdentity|TransitiveTagKeys)|aws:TagKeys|aws:RequestTag\/.*)$/i;

/** Whether a condition is on what AWS may see of the call, and is not known here: it can be met or not, whatever it came to. */
export function isHidden({ key, actual }: Pick<ConditionResult, "key" | "actual">): boolean {
  if (actual !== undefined || !isForeign({ key }) || inNoToken.test(key)) return false;
  return unknownKey(key, googleName) === undefined;
}

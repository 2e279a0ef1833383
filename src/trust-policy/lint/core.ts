// What of a policy a token decides.
import { isAbsent, splitKey } from "../condition-keys.ts";
import type { PolicyDocument, Statement } from "../policy.ts";
import { googleName } from "../web-identity.ts";
import { type Core, issuerOf, lintStatements } from "./rule.ts";

/** A Deny of nothing, that still says which providers there are. */
function nothing({ principal }: Statement): Statement {
  return { effect: "Deny", action: [], ...(principal !== undefined && { principal }) };
}

const variables = /\$\{(?![*?$]\})[^}]*\}/g;

/** Whether a value is what something else in the request makes it. */
export function isVariable(value: string): boolean {
  return value.search(variables) >= 0;
}

/**
 * The policy without what a token does not say: addresses, times, and whatever a variable becomes, as that is mostly the caller's to
 * choose, as audience and session name are. An Allow statement asks for less then; a Deny statement that asks for such a thing is
 * taken not to apply. Only that a request comes over TLS is known of every one. Google may be called by the ARN of a provider for it:
 * what stands under another name does not count then.
 */
export function coresOf(policy: PolicyDocument): Core[] {
  const federated = policy.statements.flatMap(({ principal }) =>
    principal === undefined || principal === "*" ? [] : (principal["Federated"] ?? []),
  );
  const names = new Set([googleName, ...federated.filter((value) => issuerOf(value) === googleName)]);
  const hasVariables = policy.version === "2012-10-17";
  const trimmedStatements = policy.statements.map((statement) => trimmed(statement, hasVariables));
  return [...names].map((name) => {
    const core = { ...policy, statements: trimmedStatements.map((statement) => calling(name, statement)) };
    return { policy: core, statements: lintStatements(core) };
  });
}

function calling(name: string, statement: Statement): Statement {
  const { principal } = statement;
  if (principal === undefined || principal === "*" || principal["Federated"] === undefined) return statement;
  const federated = principal["Federated"].map((value) => {
    if (value === name) return googleName;
    return issuerOf(value) === googleName ? `not ${googleName}` : value;
  });
  return { ...statement, principal: { ...principal, Federated: federated } };
}

function trimmed(statement: Statement, hasVariables: boolean): Statement {
  // What no exchange has is missing, and that decides; but what is said of who asks for the exchange is not documented.
  const isMissing = (key: string) => isAbsent(key) && !key.endsWith("awsservice");
  const isSurrounding = (key: string) =>
    ["aws", "sts", "iam"].includes(splitKey(key).prefix) &&
    !isMissing(key.toLowerCase()) &&
    key.toLowerCase() !== "aws:securetransport";
  const isFree = ({ key, values }: { key: string; values: readonly string[] }) =>
    hasVariables && !isMissing(key.toLowerCase()) && values.some(isVariable);
  const lines = Object.entries(statement.condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values })),
  );
  const kept = lines.filter(({ key }) => !isSurrounding(key));
  if (kept.length === lines.length && !kept.some(isFree)) return statement;
  if (statement.effect === "Deny") return nothing(statement);
  const condition: Record<string, Record<string, readonly string[]>> = {};
  const opened = kept.filter(isFree).flatMap(open);
  for (const { operator, key, values } of kept.filter((line) => !isFree(line)).concat(opened)) {
    // A line that stands there already stays: to ask for less than the policy finds no fewer.
    condition[operator] = { [key]: values, ...condition[operator] };
  }
  return { ...statement, condition };
}

/** The line with `*` for its variables, and so under an operator that knows wildcards; a negated one asks for no more than the key. */
function open({ operator, key, values }: { operator: string; key: string; values: readonly string[] }) {
  if (/Not/.test(operator))
    return operator.startsWith("ForAnyValue:") ? [{ operator: "ForAnyValue:StringLike", key, values: ["*"] }] : [];
  const isPlain = operator.includes("Equals") && !operator.includes("Arn");
  const escaped = (text: string) => (isPlain ? text.replace(/(?<!\$\{)[*?]/g, (sign) => `\${${sign}}`) : text);
  // There is no operator with wildcards that takes capital letters for small ones.
  const patterns = operator.includes("IgnoreCase")
    ? ["*"]
    : values.map((value) => value.split(variables).map(escaped).join("*"));
  const name = operator.replace(/String(Equals(IgnoreCase)?|Like)|Arn(Equals|Like)/, "StringLike");
  return [{ operator: name, key, values: patterns }];
}

/** The policy as if it denied nothing; its statements keep their places. */
export function withoutDenials(policy: PolicyDocument): PolicyDocument {
  return { ...policy, statements: policy.statements.map((one) => (one.effect === "Deny" ? nothing(one) : one)) };
}

import { type ConditionResult, type Context, evaluateConditions, variables } from "./condition.ts";
import { type Lookup, matches, readPattern } from "./pattern.ts";
import { namesEverybody, type PolicyDocument, type PrincipalBlock, type Statement } from "./policy.ts";

export interface PolicyRequest {
  /** `service:Action`; compared without case. */
  action: string;
  /** ARN; what has none is asked for as `*`. */
  resource?: string;
  /** Who asks, where the policies belong to the resource. With AWS, `aws:PrincipalArn` in the context counts as well. */
  principal?: { type: "Federated" | "AWS"; value: string };
  context: Context;
}

/** One statement, part by part: `true` where that part fits the request, or is absent and so asks for nothing. */
export interface StatementResult {
  /** Index of the policy among those evaluated, and of the statement in it. */
  policy: number;
  statement: number;
  sid?: string;
  effect: "Allow" | "Deny";
  matched: boolean;
  principal: boolean;
  action: boolean;
  resource: boolean;
  conditions: ConditionResult[];
}

export interface Evaluation {
  decision: "allowed" | "denied";
  /** A denial is explicit when a Deny statement matched, implicit when nothing allowed. */
  reason: "allow" | "explicit deny" | "implicit deny";
  statements: StatementResult[];
}

/**
 * Decides as IAM does: one matching Deny outweighs every Allow, and what nothing allows is denied.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluate(policies: readonly PolicyDocument[], request: PolicyRequest): Evaluation {
  const statements = policies.flatMap((document, policy) =>
    document.statements.map((entry, statement) => ({ policy, statement, ...check(entry, document.version, request) })),
  );
  const matched = (effect: string): boolean => statements.some((s) => s.matched && s.effect === effect);
  const reason = matched("Deny") ? "explicit deny" : matched("Allow") ? "allow" : "implicit deny";
  return { decision: reason === "allow" ? "allowed" : "denied", reason, statements };
}

function check(
  entry: Statement,
  version: PolicyDocument["version"],
  request: PolicyRequest,
): Omit<StatementResult, "policy" | "statement"> {
  const principal = principalFits(entry, request);
  const action = fits(request.action.toLowerCase(), entry.action?.map(lower), entry.notAction?.map(lower));
  const lookup = variables(request.context, version);
  const resource = fits(request.resource ?? "*", entry.resource, entry.notResource, lookup);
  const conditions = evaluateConditions(entry.condition ?? {}, request.context, version);
  return {
    ...(entry.sid !== undefined && { sid: entry.sid }),
    effect: entry.effect,
    matched: principal && action && resource && conditions.every((condition) => condition.matched),
    principal,
    action,
    resource,
    conditions,
  };
}

const lower = (text: string): string => text.toLowerCase();

function fits(
  value: string,
  wanted: readonly string[] | undefined,
  unwanted: readonly string[] | undefined,
  lookup?: Lookup,
): boolean {
  const patterns = (wanted ?? unwanted)?.map((text) => readPattern(text, lookup));
  if (!patterns) return true;
  const found = patterns.some((pattern) => pattern !== undefined && matches(pattern, value));
  // An unresolved variable makes a NotResource match nothing rather than everything.
  return wanted ? found : !found && !patterns.includes(undefined);
}

/** A policy with a principal asks who; one without is attached to its principal already. The two never mix. */
function principalFits({ principal, notPrincipal }: Statement, request: PolicyRequest): boolean {
  const block = principal ?? notPrincipal;
  if (block === undefined || request.principal === undefined) return block === request.principal;
  const named = names(block, request.principal, request.context);
  return principal ? named : !named;
}

function names(
  block: PrincipalBlock,
  { type, value }: NonNullable<PolicyRequest["principal"]>,
  context: Context,
): boolean {
  if (block === "*" || namesEverybody(block)) return true;
  const values = block[type] ?? [];
  if (type === "Federated") return values.includes(value);
  const account = value.split(":")[4] ?? "";
  const self = new Set([value, account, `arn:aws:iam::${account}:root`, ...(context["aws:PrincipalArn"] ?? [])]);
  return values.some((wanted) => self.has(wanted));
}

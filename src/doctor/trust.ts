import { asciiJson } from "../ascii-json.ts";
import { printable } from "../errors.ts";
import type { ConditionResult } from "../trust-policy/condition.ts";
import {
  evaluateTrustPolicy,
  type TrustEvaluation,
  type TrustRequest,
  type TrustStatement,
} from "../trust-policy/evaluate-trust-policy.ts";
import { trustGoogle, trustProvider } from "../trust-policy/generate.ts";
import { formatPolicy, type PolicyDocument, type Statement } from "../trust-policy/policy.ts";
import { readTrustPolicyText } from "../trust-policy/read-trust-policy.ts";
import { denying, nameOfStatement, nearest, reasonsOf } from "../trust-policy/reasons.ts";
import { audienceKey, googleName, type TokenClaims } from "../trust-policy/web-identity.ts";
import type { Remedy } from "./check.ts";
import { shellWord } from "../shell-word.ts";

/** Who asks for what role. */
export interface RoleRequest extends TrustRequest {
  roleName: string;
  accountId: string;
  /** Whether another audience can be asked for. */
  choosesAudience: boolean;
}

export interface TrustVerdict {
  decision: "allowed" | "denied" | "invalid";
  reasons: readonly string[];
  remedy: Remedy | undefined;
}

/** Holds the text of a role's trust policy against a token, as IAM does, and says what would have to be different. */
export function judgeTrust(text: string, request: RoleRequest): TrustVerdict {
  const reading = readTrustPolicyText(text);
  if ("problems" in reading) {
    const [{ path, message } = { path: [], message: "cannot be read" }] = reading.problems;
    const reason = `the trust policy is none that IAM takes: ${path.join(".") || "it"} ${message}`;
    return { decision: "invalid", reasons: [printable(reason)], remedy: undefined };
  }
  const { policy } = reading;
  const evaluation = evaluateTrustPolicy(policy, request);
  if (evaluation.decision === "allowed")
    return { decision: "allowed", reasons: ["the trust policy allows this token"], remedy: undefined };
  return {
    decision: "denied",
    reasons: reasonsOf(evaluation).map((line) => printable(line, 800)),
    remedy: evaluation.reason === "explicit deny" ? lift(evaluation) : remedyFor(policy, evaluation, request),
  };
}

/** What denies is somebody's intention, and no command takes it away. */
function lift(evaluation: TrustEvaluation): Remedy {
  const unknown = denying(evaluation)
    .flatMap(({ conditions }) => conditions)
    .filter(({ hint }) => hint !== undefined)
    .map(({ key }) => printable(key, 100));
  if (unknown.length === 0)
    return { text: "take that statement out of the trust policy, if this workload is meant to get in" };
  return {
    text: `look whether this workload is what that statement is against: it depends on ${unknown.join(", ")}, which is not known here`,
  };
}

/** Another audience or name where that is all, as it is the caller's to choose; else a policy that takes this token. */
function remedyFor(policy: PolicyDocument, evaluation: TrustEvaluation, request: RoleRequest): Remedy {
  const [closest] = nearest(evaluation);
  if (closest?.principal.matched === true && closest.action.matched) {
    const unmet = closest.conditions.filter(({ matched }) => !matched);
    const audience = request.choosesAudience ? wantedAudience(unmet, request.claims) : undefined;
    if (audience !== undefined)
      return { text: "ask for the audience that the role wants, or have the role want another", flags: { audience } };
    const foreign = foreignWishes(nameOfStatement(closest), unmet);
    if (foreign !== undefined) return foreign;
  }
  const own = ownStatement(evaluation, request.claims);
  const corrected = asciiJson(formatPolicy(correct(policy, evaluation, own, request.claims)));
  const change = own === undefined ? "one statement more" : `${printable(nameOfStatement(own), 100)} mended`;
  return {
    text: `if the token is the right one, give role ${request.roleName} a trust policy that fits it: ${change}, all else as it is`,
    commands: [
      `aws iam update-assume-role-policy --role-name ${request.roleName} --policy-document ${shellWord(corrected)}`,
    ],
  };
}

/** Where a statement fits the token, and wants what is not the token's to say: no other policy is needed then. */
function foreignWishes(statement: string, unmet: readonly ConditionResult[]): Remedy | undefined {
  const [first] = unmet;
  if (first === undefined || !unmet.every(({ key }) => /^(aws|sts):/i.test(key))) return undefined;
  const { operator, key, wanted } = first;
  const [name] = operator === "StringEquals" && key.toLowerCase() === "sts:rolesessionname" ? wanted : [];
  if (name !== undefined && unmet.length === 1)
    return { text: "ask for the session name that the role wants", flags: { "role-session-name": name } };
  const keys = unmet.map((line) => printable(line.key, 100)).join(", ");
  return {
    text: `the token fits, but ${printable(statement, 100)} also wants ${keys}, which no token says: meet that, or have it taken out`,
  };
}

function wantedAudience(unmet: readonly ConditionResult[], claims: TokenClaims): string | undefined {
  const [first, ...others] = unmet;
  if (first === undefined || others.length > 0) return undefined;
  const [audience] = first.wanted;
  if (first.operator !== "StringEquals" || !isAudience(first)) return undefined;
  // What belongs under another key is no audience.
  return audience === audienceKey(claims) ? undefined : audience;
}

function isAudience({ key }: ConditionResult): boolean {
  return key.toLowerCase() === `${googleName}:oaud`;
}

/**
 * The statement that is meant for this token and lets in nobody as it stands: it names the identity somewhere and no other beside it, and
 * wants more than another audience, of which somebody may have tokens.
 */
function ownStatement(evaluation: TrustEvaluation, { sub, email }: TokenClaims): TrustStatement | undefined {
  const isOwn = (value: string) => value === sub || value === email;
  return nearest(evaluation).find(({ conditions, ...parts }) => {
    const names = conditions.some(({ wanted }) => wanted.some(isOwn));
    const namesOthers = conditions.some(({ key, wanted }) => /:sub$/i.test(key) && !wanted.every(isOwn));
    const fits = parts.principal.matched && parts.action.matched;
    return names && !namesOthers && !(fits && conditions.every((line) => line.matched || isAudience(line)));
  });
}

/** The policy with a statement that takes this token and no other. */
function correct(
  policy: PolicyDocument,
  evaluation: TrustEvaluation,
  own: TrustStatement | undefined,
  claims: TokenClaims,
): PolicyDocument {
  const statement: Statement = { effect: "Allow", ...leastPolicy(evaluation.federated, claims).statements[0] };
  if (own === undefined) return { ...policy, statements: [...policy.statements, statement] };
  const statements = policy.statements.map((old, index) => (index === own.statement ? mend(old, own, statement) : old));
  return { ...policy, statements };
}

/** What of the old statement fits the token stays, and so does what is not about the token. */
function mend(old: Statement, { principal, action, conditions }: TrustStatement, least: Statement): Statement {
  const kept: Record<string, Record<string, readonly string[]>> = {};
  for (const { operator, key, wanted, matched } of conditions) {
    const isOther = /^(aws|sts):/i.test(key) || (matched && !/:(sub|aud|oaud)$/i.test(key));
    if (isOther) kept[operator] = { ...kept[operator], [key]: wanted };
  }
  return {
    ...old,
    ...(!principal.matched && least.principal !== undefined && { principal: least.principal }),
    ...(!action.matched && least.action !== undefined && { action: least.action }),
    condition: { ...kept, StringEquals: { ...kept["StringEquals"], ...least.condition?.["StringEquals"] } },
  };
}

function leastPolicy(federated: string, claims: TokenClaims): PolicyDocument {
  const { sub, azp = null, aud } = claims;
  if (federated === googleName) return trustGoogle([{ sub, azp }], [aud].flat());
  return trustProvider(federated, [sub], [audienceKey(claims)]);
}

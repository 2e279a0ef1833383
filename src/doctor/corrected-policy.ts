// A trust policy that takes one token more, and nobody loses by it.
import type { ConditionResult } from "../trust-policy/condition.ts";
import type { TrustEvaluation, TrustStatement } from "../trust-policy/evaluate-trust-policy.ts";
import { trustGoogle, trustProvider } from "../trust-policy/generate.ts";
import { isAudience, unknownKey } from "../trust-policy/hints.ts";
import type { ConditionBlock, PolicyDocument, Statement } from "../trust-policy/policy.ts";
import { nearest } from "../trust-policy/reasons.ts";
import { isUnsaid } from "../trust-policy/undetermined.ts";
import { audienceKey, googleName, keyPrefixOf, type TokenClaims } from "../trust-policy/web-identity.ts";

/** Whether a condition is on what AWS sees of the call and of the role, and no token says. */
export function isForeign({ key }: ConditionResult): boolean {
  return /^(aws|sts|iam):/i.test(key);
}

export type Correction =
  /** The statement that was mended; undefined where one was added. */
  | { policy: PolicyDocument; mended: TrustStatement | undefined }
  /** The statement for this identity that also wants what it does not have, and what that is: to leave it out is its author's to decide. */
  | { unmet: readonly ConditionResult[]; statement: TrustStatement };

/**
 * The policy with a statement that takes this token and none that differs in a claim: the one that is meant for this identity and lets in
 * nobody as it stands, mended; else one more. Conditions on what no token says stay, also for the statement that is added.
 * @param evaluation of that policy and that token, which no statement denies
 */
export function correctedPolicy(policy: PolicyDocument, evaluation: TrustEvaluation, claims: TokenClaims): Correction {
  const about = nearest(evaluation).filter(
    (statement) => isForTokens(statement) && statement.conditions.some((line) => namesOwn(line, claims, "some")),
  );
  const own = about.find((statement) => isForNobodyElse(statement, claims) && !mayWork(statement, claims));
  const model = own ?? about[0];
  const foreign = model?.conditions.filter(isForeign) ?? [];
  const unmet = foreign.filter((line) => !line.matched && !isUnsaid(line));
  if (model !== undefined && unmet.length > 0) return { unmet, statement: model };

  const least = leastStatement(evaluation.federated, claims);
  const { statements } = policy;
  if (own === undefined)
    return { policy: { ...policy, statements: [...statements, withAlso(least, foreign)] }, mended: undefined };
  const mended = statements.map((old, index) => (index === own.statement ? mend(old, own, least) : old));
  return { policy: { ...policy, statements: mended }, mended: own };
}

/** One that is for callers of another kind keeps its principals and actions, whatever it compares: sessions have keys of the token too. */
export function isForTokens({ principal, action }: TrustStatement): boolean {
  const isProvider = (name: string) => name.startsWith("Federated ") && !name.includes(":saml-provider/");
  if (action.wanted.some((name) => name.startsWith("not "))) return false;
  return (
    principal.wanted.every(isProvider) || action.wanted.every((name) => /^sts:AssumeRoleWithWebIdentity$/i.test(name))
  );
}

/** Whether a condition lets through this identity: all of its values are that, or some. */
function namesOwn({ operator, key, wanted }: ConditionResult, claims: TokenClaims, how: "every" | "some"): boolean {
  return (
    isPlain(operator) &&
    key.toLowerCase().startsWith(`${keyPrefixOf(claims).toLowerCase()}:`) &&
    wanted[how](isOwn(claims))
  );
}

/** Whether nothing but the values lets through. */
function isPlain(operator: string): boolean {
  return /^(ForAnyValue:)?String(Equals|EqualsIgnoreCase|Like)$/.test(operator);
}

function isOwn({ sub, email }: TokenClaims): (value: string) => boolean {
  return (value) => value === sub || value === email;
}

function isForNobodyElse({ conditions }: TrustStatement, claims: TokenClaims): boolean {
  const isNobodyElse = (value: string) => isOwn(claims)(value) || value === claims.azp || isAudience(value);
  return (
    conditions.some((line) => namesOwn(line, claims, "every")) &&
    conditions.every(({ key, wanted }) => {
      if (/:aud$/i.test(key)) return wanted.every(isNobodyElse);
      return !/:(sub|email)$/i.test(key) || wanted.every(isOwn(claims));
    })
  );
}

/** Whether a statement for this identity may be in use: by its tokens for another audience, or of another make, or at another place. */
function mayWork({ principal, action, conditions }: TrustStatement, claims: TokenClaims): boolean {
  const mayHold = (line: ConditionResult): boolean => {
    const { operator, key, wanted, matched } = line;
    if (matched || isUnsaid(line)) return true;
    if (isForeign(line) || unknownKey(key, keyPrefixOf(claims)) !== undefined || /:sub$/i.test(key)) return false;
    // With azp, an audience that stands here is met by none; an email is by tokens that are made in another way.
    return !/:aud$/i.test(key) || claims.azp === undefined || !isPlain(operator) || wanted.some(isOwn(claims));
  };
  return principal.matched && action.matched && conditions.every(mayHold);
}

/** What of the old statement fits the token stays, and so does what is not about the token. */
function mend(old: Statement, { principal, action, conditions }: TrustStatement, least: Statement): Statement {
  const kept = conditions.filter((line) => isForeign(line) || (line.matched && !/:(sub|aud|oaud)$/i.test(line.key)));
  return {
    ...old,
    ...(!principal.matched && least.principal !== undefined && { principal: least.principal }),
    ...(!action.matched && least.action !== undefined && { action: least.action }),
    ...withAlso({ effect: old.effect, ...(least.condition && { condition: least.condition }) }, kept),
  };
}

function withAlso(least: Statement, conditions: readonly ConditionResult[]): Statement {
  const also: Record<string, ConditionBlock[string]> = {};
  for (const { operator, key, wanted } of conditions) also[operator] = { ...also[operator], [key]: wanted };
  return {
    ...least,
    condition: { ...also, StringEquals: { ...also["StringEquals"], ...least.condition?.["StringEquals"] } },
  };
}

function leastStatement(federated: string, claims: TokenClaims): Statement {
  const { sub, azp = null, aud } = claims;
  const { statements } =
    federated === googleName
      ? trustGoogle([{ sub, azp }], [aud].flat())
      : trustProvider(federated, [sub], [audienceKey(claims)]);
  return { effect: "Allow", ...statements[0] };
}

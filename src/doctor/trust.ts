import { asciiJson } from "../ascii-json.ts";
import { printable } from "../errors.ts";
import { shellWord } from "../shell-word.ts";
import { type ConditionResult, variables } from "../trust-policy/condition.ts";
import {
  evaluateTrustPolicy,
  type TrustEvaluation,
  type TrustRequest,
  type TrustStatement,
} from "../trust-policy/evaluate-trust-policy.ts";
import { literal, readPattern } from "../trust-policy/pattern.ts";
import { formatPolicy, type PolicyDocument } from "../trust-policy/policy.ts";
import { readTrustPolicyText } from "../trust-policy/read-trust-policy.ts";
import { denying, nameOfStatement, nearest, reasonsOf } from "../trust-policy/reasons.ts";
import { isUnsaid } from "../trust-policy/undetermined.ts";
import { audienceKey, googleName, keyPrefixOf, tokenContext } from "../trust-policy/web-identity.ts";
import type { Remedy } from "./check.ts";
import { correctedPolicy, isForeign, isForTokens } from "./corrected-policy.ts";

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
  if (evaluation.decision === "allowed") return allowed(evaluation);
  if (isDenied(evaluation))
    return { decision: "denied", reasons: shown(reasonsOf(evaluation)), remedy: lift(evaluation) };
  // Whatever may deny it besides, nothing allows it.
  const reasons = [...reasonsOf({ ...evaluation, reason: "implicit deny" }), ...mayDeny(evaluation).map(doubtOf)];
  return { decision: "denied", reasons: shown(reasons), remedy: remedyFor(policy, evaluation, request) };
}

function shown(reasons: readonly string[]): string[] {
  return reasons.map((line) => printable(line, 800));
}

/** AWS has denied it all the same: what AWS knows of the call, and nobody here does, may be why. */
function allowed(evaluation: TrustEvaluation): TrustVerdict {
  const allowing = evaluation.statements.filter(({ effect, matched }) => effect === "Allow" && matched);
  const isSure = allowing.some(({ conditions }) => !conditions.some(isUnsaid));
  const doubts = [...(isSure ? [] : allowing), ...mayDeny(evaluation)];
  const reason = "the trust policy allows this token";
  if (doubts.length === 0) return { decision: "allowed", reasons: [reason], remedy: undefined };
  return {
    decision: "allowed",
    reasons: shown([`${reason}, as far as is known here`, ...doubts.map(doubtOf)]),
    remedy: { text: lookWhether(doubts) },
  };
}

/** Whether a statement denies it that is known to, or that alone is left to look at. */
function isDenied(evaluation: TrustEvaluation): boolean {
  const isAllowed = evaluation.statements.some(({ effect, matched }) => effect === "Allow" && matched);
  return denying(evaluation).some(({ conditions }) => isAllowed || !conditions.some(isUnsaid));
}

/** Whether a statement allows it, if what is not known here is as that wants it. */
function isOpen({ statements }: TrustEvaluation): boolean {
  return statements.some((statement) => statement.effect === "Allow" && fits(statement));
}

function mayDeny({ statements }: TrustEvaluation): TrustStatement[] {
  return statements.filter(
    (statement) => statement.effect === "Deny" && statement.conditions.some(isUnsaid) && fits(statement),
  );
}

/** Whether a statement applies, if what is not known here is as it wants that. */
function fits({ principal, action, conditions }: TrustStatement): boolean {
  return principal.matched && action.matched && conditions.every((line) => line.matched || isUnsaid(line));
}

function doubtOf(statement: TrustStatement): string {
  const wishes = statement.conditions
    .filter(isUnsaid)
    .map(({ operator, key, wanted }) => `${operator} ${key} is ${wanted.join(" or ")}`);
  const does = statement.effect === "Allow" ? "allows" : "denies";
  return printable(
    `${nameOfStatement(statement)} ${does} it where ${wishes.join(" and ")}: that is not known here`,
    800,
  );
}

function lookWhether(doubts: readonly TrustStatement[]): string {
  const names = doubts.map((statement) => printable(nameOfStatement(statement), 100)).join(" and ");
  const [is, it] = doubts.length === 1 ? ["is", "it depends"] : ["are", "they depend"];
  const keys = unsaidKeys(doubts);
  return (
    `look whether ${names} ${is} why: ${it} on ${keys}, which is not known here, and CloudTrail of the role's account has the call; ` +
    "if this workload is meant to get in, change that condition or leave it out"
  );
}

function unsaidKeys(statements: readonly TrustStatement[]): string {
  const keys = statements.flatMap(({ conditions }) =>
    conditions.filter(isUnsaid).map(({ key }) => printable(key, 100)),
  );
  return [...new Set(keys)].join(", ");
}

/** What denies is somebody's intention, and no command takes it away. */
function lift(evaluation: TrustEvaluation): Remedy {
  const unknown = unsaidKeys(denying(evaluation));
  if (unknown === "")
    return { text: "take that statement out of the trust policy, if this workload is meant to get in" };
  return {
    text: `look whether this workload is what that statement is against: it depends on ${unknown}, which is not known here`,
  };
}

/** Another audience or name where that is all, as it is the caller's to choose; else a policy that takes this token. */
function remedyFor(policy: PolicyDocument, evaluation: TrustEvaluation, request: RoleRequest): Remedy {
  for (const [index, statement] of nearest(evaluation).entries()) {
    if (!statement.principal.matched || !statement.action.matched) continue;
    const unmet = statement.conditions.filter(({ matched }) => !matched);
    const remedy = otherFlags(unmet, policy, request) ?? foreignWishes(statement, unmet);
    // What cannot be met further off is no reason to leave the rest as it is.
    if (remedy !== undefined && (index === 0 || remedy.flags !== undefined || fits(statement))) return remedy;
  }
  const correction = correctedPolicy(policy, evaluation, request.claims);
  if ("unmet" in correction) {
    const { unmet, statement } = correction;
    return { text: `${printable(nameOfStatement(statement), 100)} is for this identity, but ${alsoWants(unmet)}` };
  }
  const { mended } = correction;
  const change = mended === undefined ? "one statement more" : `${printable(nameOfStatement(mended), 100)} mended`;
  const document = shellWord(asciiJson(formatPolicy(correction.policy)));
  return {
    text: `if the token is the right one, give role ${request.roleName} a trust policy that fits it: ${change}, all else as it is`,
    commands: [`aws iam update-assume-role-policy --role-name ${request.roleName} --policy-document ${document}`],
  };
}

/** Where a statement fits the token, and wants what is not the token's to say: no other policy is needed then. */
function foreignWishes(statement: TrustStatement, unmet: readonly ConditionResult[]): Remedy | undefined {
  const comparesToken = statement.conditions.some((line) => line.matched && !isForeign(line));
  if (!unmet.every(isForeign) || (!comparesToken && !isForTokens(statement))) return undefined;
  return { text: `the token fits, but ${printable(nameOfStatement(statement), 100)} ${alsoWants(unmet)}` };
}

function alsoWants(unmet: readonly ConditionResult[]): string {
  const keys = unmet.map(({ key }) => printable(key, 100)).join(", ");
  return `also wants ${keys}, which no token says: meet that, or have it taken out`;
}

/** The audience or the session name, where another is all that a statement wants that can be known here, and it is the caller's to choose. */
function otherFlags(
  unmet: readonly ConditionResult[],
  policy: PolicyDocument,
  request: RoleRequest,
): Remedy | undefined {
  const [line, ...others] = unmet.filter((condition) => !isUnsaid(condition));
  if (line === undefined || others.length > 0 || line.operator !== "StringEquals") return undefined;
  const { claims } = request;
  const lookup = variables(tokenContext(claims, keyPrefixOf(claims)), policy.version);
  const values = line.wanted.flatMap((text) => {
    const pattern = readPattern(text, lookup);
    return pattern === undefined ? [] : [literal(pattern)];
  });
  const works = (changed: Partial<RoleRequest>): boolean => {
    const evaluation = evaluateTrustPolicy(policy, { ...request, ...changed });
    return isOpen(evaluation) && denying(evaluation).every(({ conditions }) => conditions.some(isUnsaid));
  };
  if (line.key.toLowerCase() === "sts:rolesessionname") {
    const name = values.find((value) => /^[\w+=,.@-]{2,64}$/.test(value) && works({ sessionName: value }));
    if (name === undefined) return undefined;
    return { text: "ask for the session name that the role wants", flags: { "role-session-name": name } };
  }
  if (line.key.toLowerCase() !== `${googleName}:oaud` || !request.choosesAudience) return undefined;
  // What belongs under another key is no audience.
  const audience = values.find((aud) => aud !== audienceKey(claims) && works({ claims: { ...claims, aud } }));
  if (audience === undefined) return undefined;
  return { text: "ask for the audience that the role wants, or have the role want another", flags: { audience } };
}

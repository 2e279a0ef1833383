import type { ConditionResult, Context } from "./condition.ts";
import { type Evaluation, evaluate, type StatementResult } from "./evaluate.ts";
import { hintForAction, hintForCondition, hintForPrincipal } from "./hints.ts";
import type { PolicyDocument, PrincipalBlock, Statement } from "./policy.ts";
import { googleName, keyPrefixOf, type TokenClaims, tokenContext } from "./web-identity.ts";

/** The exchange of an identity token for a role's credentials, as far as a trust policy can see it. */
export interface TrustRequest {
  claims: TokenClaims;
  /** RoleSessionName; left out, the key `sts:RoleSessionName` is missing, which the real call never lets it be. */
  sessionName?: string;
  /** Of the role; left out, any whose provider for the token's issuer the policy names. Google itself has no provider. */
  accountId?: string;
  /** Milliseconds since the epoch; left out, the keys of the time are missing. */
  now?: number;
  /** Further keys, which win: what STS sees of the connection, say, as `aws:SourceIp`. */
  context?: Context;
}

/** What a statement asks for in one of its parts, and what the request had. */
export interface PartResult {
  wanted: readonly string[];
  actual: string;
  matched: boolean;
  /** Why it does not match, where that can be told. */
  hint?: string;
}

export interface TrustStatement {
  /** Index in the policy. */
  statement: number;
  sid?: string;
  effect: "Allow" | "Deny";
  /** All of its parts match, so that its effect applies. */
  matched: boolean;
  principal: PartResult;
  action: PartResult;
  conditions: (ConditionResult & { hint?: string })[];
}

export interface TrustEvaluation {
  decision: "allowed" | "denied";
  /** A denial is explicit when a Deny statement matched, implicit when nothing allowed. */
  reason: Evaluation["reason"];
  /** What `Principal.Federated` has to be for this token. */
  federated: string;
  statements: TrustStatement[];
}

const action = "sts:AssumeRoleWithWebIdentity";

/**
 * Whether a trust policy lets this token have the role's credentials, and why, statement by statement. It decides as IAM
 * does, by the one evaluator that the emulated STS has too; the signature and the times of the token are not its matter.
 *
 * @param policy of {@link readTrustPolicy}
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluateTrustPolicy(policy: PolicyDocument, request: TrustRequest): TrustEvaluation {
  const { decision, reason, statements, federated } = decide(policy, request);
  return {
    decision,
    reason,
    federated,
    statements: statements.map((result) => explain(result, policy, request.claims, federated)),
  };
}

interface Decision extends Evaluation {
  federated: string;
}

/** The same without explanations. */
export function decide(policy: PolicyDocument, request: TrustRequest): Decision {
  const decisions = federatedNames(policy, request).map((federated) => decideFor(federated, policy, request));
  const [first] = decisions;
  if (first === undefined) throw new Error("an issuer has a name");
  return decisions.find(({ decision }) => decision === "allowed") ?? first;
}

function decideFor(federated: string, policy: PolicyDocument, request: TrustRequest): Decision {
  const principal = { type: "Federated", value: federated } as const;
  return { federated, ...evaluate([policy], { action, principal, context: trustContext(request, federated) }) };
}

/**
 * Google's name, or the ARN of the account's provider for the token's issuer: each that the policy names, as the token does not say
 * the account.
 */
function federatedNames({ statements }: PolicyDocument, { claims, accountId }: TrustRequest): string[] {
  const name = keyPrefixOf(claims);
  if (name === googleName) return [name];
  const named = statements.flatMap(({ principal }) => (principal === "*" ? [] : (principal?.["Federated"] ?? [])));
  const own = named.filter((value) => {
    const [, account, issuer] = /^arn:[\w-]+:iam::(\d{12}):oidc-provider\/(.*)$/s.exec(value) ?? [];
    return issuer === name && (accountId === undefined || account === accountId);
  });
  return own.length > 0 ? own : [`arn:aws:iam::${accountId ?? "ACCOUNT"}:oidc-provider/${name}`];
}

function trustContext({ claims, sessionName, now, context = {} }: TrustRequest, federated: string): Context {
  const given = new Set(Object.keys(context).map((key) => key.toLowerCase()));
  const own: Context = {
    ...tokenContext(claims, keyPrefixOf(claims)),
    "aws:FederatedProvider": [federated],
    "aws:SecureTransport": ["true"],
    "sts:RoleSessionName": sessionName === undefined ? [] : [sessionName],
    "aws:CurrentTime": now === undefined ? [] : [new Date(now).toISOString()],
    "aws:EpochTime": now === undefined ? [] : [String(Math.floor(now / 1000))],
  };
  return { ...Object.fromEntries(Object.entries(own).filter(([key]) => !given.has(key.toLowerCase()))), ...context };
}

function explain(
  result: StatementResult,
  policy: PolicyDocument,
  claims: TokenClaims,
  federated: string,
): TrustStatement {
  const { statement, sid, effect, matched } = result;
  const written: Statement | undefined = policy.statements[statement];
  const part = (wanted: readonly string[], actual: string, fits: boolean, hint: string | undefined): PartResult => ({
    wanted,
    actual,
    matched: fits,
    ...(!fits && hint !== undefined && { hint }),
  });
  const principals = namesOf(written?.principal);
  const actions = written?.action ?? (written?.notAction ?? []).map((name) => `not ${name}`);
  return {
    statement,
    ...(sid !== undefined && { sid }),
    effect,
    matched,
    principal: part(principals, `Federated ${federated}`, result.principal, hintForPrincipal(principals, claims)),
    action: part(actions, action, result.action, hintForAction(actions)),
    conditions: result.conditions.map((condition) => {
      const hint = hintForCondition(condition, claims, policy.version);
      return hint === undefined ? condition : { ...condition, hint };
    }),
  };
}

/** `Federated accounts.google.com`, one for each. */
function namesOf(principal: PrincipalBlock | undefined): string[] {
  if (principal === undefined || principal === "*") return principal === "*" ? ["*"] : [];
  return Object.entries(principal).flatMap(([type, values]) => values.map((value) => `${type} ${value}`));
}

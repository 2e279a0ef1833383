import { asciiJson } from "../ascii-json.ts";
import { printable } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { ConditionResult, Context } from "../trust-policy/condition.ts";
import { evaluate, type StatementResult } from "../trust-policy/evaluate.ts";
import { formatPolicy, parsePolicy, type PolicyDocument, PolicyError, type Statement } from "../trust-policy/policy.ts";
import type { Remedy } from "./check.ts";
import { shellWord } from "./shell-word.ts";

/** Who asks for what. */
export interface TrustRequest {
  claims: JsonObject;
  roleName: string;
  accountId: string;
  sessionName: string;
  /** In seconds. */
  durationSeconds: number;
  /** Whether another audience can be asked for. */
  choosesAudience: boolean;
}

export interface TrustVerdict {
  decision: "allowed" | "denied" | "invalid";
  reasons: readonly string[];
  remedy: Remedy | undefined;
}

const ACTION = "sts:AssumeRoleWithWebIdentity";
const GOOGLE = "accounts.google.com";
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html */
const GOOGLE_KEYS: ReadonlySet<string> = new Set(["aud", "oaud", "sub", "email", "amr", "google/organization_number"]);

/** Holds a role's trust policy against a token, as IAM does, and says what would have to be different. */
export function judgeTrust(document: unknown, request: TrustRequest): TrustVerdict {
  let policy: PolicyDocument;
  try {
    policy = parsePolicy(document);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return {
      decision: "invalid",
      reasons: [`the trust policy is none that IAM takes: ${printable(error.message)}`],
      remedy: undefined,
    };
  }
  const provider = providerOf(request);
  const values = valuesOf(request);
  const keys = Object.fromEntries(Object.entries(values).map(([name, list]) => [`${provider.prefix}:${name}`, list]));
  const context: Context = {
    ...keys,
    "aws:FederatedProvider": [provider.federated],
    "sts:RoleSessionName": [request.sessionName],
    "sts:DurationSeconds": [String(request.durationSeconds)],
  };
  const principal = { type: "Federated", value: provider.federated } as const;
  const { decision, reason, statements } = evaluate([policy], { action: ACTION, principal, context });
  if (decision === "allowed") return { decision, reasons: ["the trust policy allows this token"], remedy: undefined };

  if (reason === "explicit deny") {
    const denies = statements.filter(({ matched, effect }) => matched && effect === "Deny");
    return {
      decision,
      reasons: denies.map((statement) => `${nameOf(statement)} denies this token, whatever the others allow`),
      remedy: { text: "take that statement out of the trust policy, if this workload is meant to get in" },
    };
  }
  const allows = statements
    .filter(({ effect }) => effect === "Allow")
    .map((result) => ({ result, why: whyNot(result, policy.statements[result.statement], provider, values) }));
  const nearest = allows.toSorted((a, b) => a.why.length - b.why.length)[0];
  return {
    decision,
    reasons: allows.flatMap(({ result, why }) => why.map((line) => `${nameOf(result)}: ${line}`)),
    remedy: remedyFor(policy, nearest?.result, provider, values, request),
  };
}

interface Provider {
  federated: string;
  /** Of its condition keys. */
  prefix: string;
}

/** Google is known to IAM by itself; any other issuer by an OIDC provider of the account. */
function providerOf({ claims, accountId }: TrustRequest): Provider {
  const issuer = (typeof claims["iss"] === "string" ? claims["iss"] : "").replace(/^https:\/\//, "");
  if (issuer === GOOGLE) return { federated: GOOGLE, prefix: GOOGLE };
  return { federated: `arn:aws:iam::${accountId}:oidc-provider/${issuer}`, prefix: issuer };
}

/** What AWS has under each key: `:aud` is azp where there is one, and the token's own aud is Google's `:oaud`. */
function valuesOf({ claims }: TrustRequest): Readonly<Record<string, readonly string[]>> {
  const list = (name: string) => [claims[name]].flat().filter((value) => typeof value === "string");
  const aud = list("azp").length > 0 ? list("azp") : list("aud").slice(0, 1);
  const own = { aud, sub: list("sub"), amr: list("amr") };
  const isGoogle = typeof claims["iss"] === "string" && claims["iss"].replace(/^https:\/\//, "") === GOOGLE;
  return isGoogle ? { ...own, oaud: list("aud"), email: list("email") } : own;
}

function nameOf({ statement, sid }: StatementResult): string {
  return sid === undefined ? `statement ${statement + 1}` : `statement ${statement + 1} (${printable(sid, 100)})`;
}

function whyNot(
  result: StatementResult,
  statement: Statement | undefined,
  provider: Provider,
  values: Context,
): string[] {
  const lines: string[] = [];
  if (!result.principal) {
    const named = JSON.stringify(statement?.principal ?? statement?.notPrincipal ?? "none");
    lines.push(`its principal is ${printable(named)}, the token's is {"Federated":"${printable(provider.federated)}"}`);
  }
  if (!result.action) {
    const named = (statement?.action ?? statement?.notAction ?? []).join(" ");
    lines.push(`its action is ${printable(named)}, that of a token is ${ACTION}`);
  }
  for (const condition of result.conditions) {
    if (condition.matched) continue;
    const wanted = condition.wanted.map((value) => `"${printable(value, 200)}"`).join(" or ");
    const has =
      condition.actual === undefined
        ? "no value"
        : condition.actual.map((value) => `"${printable(value, 200)}"`).join(" ");
    const slip = slipOf(condition, provider, values);
    lines.push(
      `${condition.operator} ${printable(condition.key, 200)} wants ${wanted}, the token has ${has}${slip === undefined ? "" : `: ${slip}`}`,
    );
  }
  return lines;
}

/** The mistakes that everybody makes once. */
function slipOf(
  { operator, key, wanted, actual }: ConditionResult,
  { prefix }: Provider,
  values: Context,
): string | undefined {
  const name = key.toLowerCase().startsWith(`${prefix}:`) ? key.slice(prefix.length + 1).toLowerCase() : undefined;
  const wants = (list: readonly string[] | undefined) => list?.some((value) => wanted.includes(value)) === true;
  if (name === undefined) {
    if (/^(aws|sts):/i.test(key)) return actual === undefined ? "not known here, AWS may know it" : undefined;
    return `no such key for this token; its keys begin with ${prefix}:`;
  }
  if (prefix === GOOGLE && !GOOGLE_KEYS.has(name)) return `there is no such key; azp is compared under ${GOOGLE}:aud`;
  if (name === "aud" && values["oaud"] !== undefined && wants(values["oaud"]))
    return `this value belongs under ${GOOGLE}:oaud, as :aud is the token's azp`;
  if (name === "oaud" && wants(values["aud"]))
    return `this value belongs under ${GOOGLE}:aud, as :oaud is the token's aud`;
  if (wants(values["email"])) return "this is the email, and AWS compares the number";
  if (wanted.some((value) => /[*?]/.test(value)) && operator.startsWith("StringEquals"))
    return "StringEquals takes * and ? as they are; StringLike does not";
  const alike = (text: string) => text.trim().replace(/\/$/, "").toLowerCase();
  if (wanted.some((value) => actual?.some((other) => alike(other) === alike(value)) === true))
    return "they differ in case, a space or a slash at the end, and all count";
  return undefined;
}

/**
 * Another audience where that is all, as it is the caller's to choose; else the policy with the nearest statement made to fit this
 * token and no other.
 */
function remedyFor(
  policy: PolicyDocument,
  nearest: StatementResult | undefined,
  provider: Provider,
  values: Context,
  { choosesAudience, roleName }: TrustRequest,
): Remedy {
  const unmet = nearest?.conditions.filter(({ matched }) => !matched) ?? [];
  const [first] = unmet;
  const [audience] = first?.wanted ?? [];
  if (
    choosesAudience &&
    nearest?.principal === true &&
    nearest.action &&
    unmet.length === 1 &&
    audience !== undefined &&
    first?.key.toLowerCase() === `${GOOGLE}:oaud` &&
    first.operator === "StringEquals" &&
    values["aud"]?.includes(audience) === false
  ) {
    return { text: "ask for the audience that the role wants, or have the role want another", flags: { audience } };
  }
  const corrected = asciiJson(formatPolicy(correct(policy, nearest, provider, values)));
  return {
    text: `if the token is the right one, give role ${roleName} a trust policy that fits it`,
    commands: [`aws iam update-assume-role-policy --role-name ${roleName} --policy-document ${shellWord(corrected)}`],
  };
}

function correct(
  policy: PolicyDocument,
  nearest: StatementResult | undefined,
  { federated, prefix }: Provider,
  values: Context,
): PolicyDocument {
  const old = nearest === undefined ? undefined : policy.statements[nearest.statement];
  // Conditions on anything but the token are somebody's intention.
  const others = Object.entries(old?.condition ?? {}).flatMap(([operator, lines]) => {
    const kept = Object.entries(lines).filter(([key]) => /^(aws|sts):/i.test(key));
    return kept.length === 0 ? [] : [[operator, Object.fromEntries(kept)] as const];
  });
  const own = ["aud", "oaud", "sub"].flatMap((name) => {
    const list = values[name] ?? [];
    return list.length === 0 ? [] : [[`${prefix}:${name}`, list] as const];
  });
  const condition = Object.fromEntries(others);
  const statement: Statement = {
    ...(old?.sid === undefined ? {} : { sid: old.sid }),
    effect: "Allow",
    principal: { Federated: [federated] },
    action: [ACTION],
    condition: { ...condition, StringEquals: { ...condition["StringEquals"], ...Object.fromEntries(own) } },
  };
  const statements = [...policy.statements];
  if (nearest === undefined) statements.push(statement);
  else statements[nearest.statement] = statement;
  return { ...policy, statements };
}

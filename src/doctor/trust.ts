import { asciiJson } from "../ascii-json.ts";
import { printable } from "../errors.ts";
import { evaluateTrustPolicy, type TrustEvaluation, type TrustRequest } from "../trust-policy/evaluate-trust-policy.ts";
import { trustGoogle, trustProvider } from "../trust-policy/generate.ts";
import { formatPolicy, type PolicyDocument, type Statement } from "../trust-policy/policy.ts";
import { readTrustPolicyText } from "../trust-policy/read-trust-policy.ts";
import { nearest, reasonsOf } from "../trust-policy/reasons.ts";
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
    remedy:
      evaluation.reason === "explicit deny"
        ? { text: "take that statement out of the trust policy, if this workload is meant to get in" }
        : remedyFor(policy, evaluation, request),
  };
}

/** Another audience where that is all, as it is the caller's to choose; else a policy that takes this token. */
function remedyFor(policy: PolicyDocument, evaluation: TrustEvaluation, request: RoleRequest): Remedy {
  const audience = request.choosesAudience ? wantedAudience(evaluation, request.claims) : undefined;
  if (audience !== undefined)
    return { text: "ask for the audience that the role wants, or have the role want another", flags: { audience } };
  const [closest] = nearest(evaluation);
  const corrected = asciiJson(formatPolicy(correct(policy, evaluation, request.claims)));
  const replaced =
    closest === undefined
      ? ""
      : `; this one replaces Statement[${closest.statement}], so that who was let in by it is not any more`;
  return {
    text: `if the token is the right one, give role ${request.roleName} a trust policy that fits it${replaced}`,
    commands: [
      `aws iam update-assume-role-policy --role-name ${request.roleName} --policy-document ${shellWord(corrected)}`,
    ],
  };
}

function wantedAudience(evaluation: TrustEvaluation, claims: TokenClaims): string | undefined {
  const [closest] = nearest(evaluation);
  if (closest === undefined || !closest.principal.matched || !closest.action.matched) return undefined;
  const [unmet, ...others] = closest.conditions.filter(({ matched }) => !matched);
  if (unmet === undefined || others.length > 0) return undefined;
  const { operator, key, wanted } = unmet;
  const [audience] = wanted;
  if (operator !== "StringEquals" || key.toLowerCase() !== `${googleName}:oaud`) return undefined;
  // What belongs under another key is no audience.
  return audience === audienceKey(claims) ? undefined : audience;
}

/** The policy with the nearest statement made to take this token and no other; conditions that are on anything else stay. */
function correct(policy: PolicyDocument, evaluation: TrustEvaluation, claims: TokenClaims): PolicyDocument {
  const [closest] = nearest(evaluation);
  const old = closest === undefined ? undefined : policy.statements[closest.statement];
  const others = Object.entries(old?.condition ?? {}).flatMap(([operator, lines]) => {
    const kept = Object.entries(lines).filter(([key]) => /^(aws|sts):/i.test(key));
    return kept.length === 0 ? [] : [[operator, Object.fromEntries(kept)] as const];
  });
  const condition = Object.fromEntries(others);
  const [least] = leastPolicy(evaluation.federated, claims).statements;
  const statement: Statement = {
    effect: "Allow",
    ...least,
    ...(old?.sid === undefined ? {} : { sid: old.sid }),
    condition: {
      ...condition,
      ...least?.condition,
      StringEquals: { ...condition["StringEquals"], ...least?.condition?.["StringEquals"] },
    },
  };
  const statements = [...policy.statements];
  statements[closest?.statement ?? statements.length] = statement;
  return { ...policy, statements };
}

function leastPolicy(federated: string, claims: TokenClaims): PolicyDocument {
  const { sub, azp = null, aud } = claims;
  if (federated === googleName) return trustGoogle([{ sub, azp }], [aud].flat());
  return trustProvider(federated, [sub], [audienceKey(claims)]);
}

import { Gcp2awsError, printable } from "../errors.ts";
import type { ConditionResult } from "../trust-policy/condition.ts";
import { evaluate, type PolicyRequest, type StatementResult } from "../trust-policy/evaluate.ts";
import { policyText } from "../trust-policy/generate.ts";
import { isOpening, lintTrustPolicy } from "../trust-policy/lint/lint.ts";
import type { PolicyDocument } from "../trust-policy/policy.ts";
import { nameOfStatement } from "../trust-policy/reasons.ts";
import { policySize, TRUST_POLICY_QUOTA } from "../trust-policy/quota.ts";

/**
 * Whether a role takes the identity already, by the trust policy that it has. What a statement asks of keys that the request does not have,
 * as an address or the time, is open here: the statement may match or not.
 * @throws Gcp2awsError USAGE_INVALID_VALUE where a statement forbids the identity, may do so, or takes it within limits: another statement
 *   beside it would go round what somebody has decided
 */
export function takes(held: PolicyDocument, request: PolicyRequest, roleArn: string): boolean {
  const statements = evaluate([held], request).statements.flatMap((result) => {
    const open = result.conditions.filter((condition) => isOpen(condition, request));
    const applies =
      result.principal &&
      result.action &&
      result.resource &&
      result.conditions.every((condition) => condition.matched || open.includes(condition));
    return applies ? [{ ...result, keys: [...new Set(open.map(({ key }) => printable(key, 100)))] }] : [];
  });
  const ofEffect = (effect: StatementResult["effect"]) => statements.filter((each) => each.effect === effect);
  const isSure = ({ keys }: { keys: readonly string[] }) => keys.length === 0;
  const denial = ofEffect("Deny").find(isSure);
  // Nothing is to be added there, and whether a Deny is in its way the exchange will tell.
  if (denial === undefined && ofEffect("Allow").some(isSure)) return true;
  const decided = denial ?? ofEffect("Allow")[0] ?? ofEffect("Deny")[0];
  if (decided === undefined) return false;
  const { effect, keys } = decided;
  const does =
    effect === "Allow" ? "takes this identity only" : `${isSure(decided) ? "denies" : "may deny"} this identity`;
  const by = keys.length === 0 ? "" : `${effect === "Allow" ? " within limits of" : ", by"} ${keys.join(", ")}`;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `${printable(nameOfStatement(decided), 100)} of the trust policy of ${roleArn} ${does}${by}: setup adds nothing that goes round it`,
    {
      hint: "if that is meant, run it with --skip-aws, which leaves the role as it is; else change that statement first",
    },
  );
}

/**
 * That no stranger gets in by the trust policy that a role has: with what setup adds, and the permissions, it would be theirs as well.
 * @throws Gcp2awsError POLICY_FINDINGS
 */
export function checkClosed(held: PolicyDocument, roleArn: string): void {
  const found = lintTrustPolicy(policyText(held)).find(isOpening);
  if (found === undefined) return;
  const { rule, title, evidence, path } = found;
  const does = rule === "too-complex" ? "may let strangers in" : "lets strangers in";
  throw new Gcp2awsError(
    "POLICY_FINDINGS",
    `the trust policy of ${roleArn} ${does}: ${title} (${path}, ${rule}: ${printable(evidence, 300)})`,
    {
      hint: "mend it first, gcp2aws trust-policy lint says how; or run it with --skip-aws, which leaves the role as it is",
    },
  );
}

/** Whether it compares with something that is not known: its key, or a variable among its values. */
function isOpen({ actual, wanted }: ConditionResult, { context }: PolicyRequest): boolean {
  const keys = Object.entries(context).flatMap(([key, values]) => (values.length > 0 ? [key.toLowerCase()] : []));
  const known = new Set(["*", "?", "$", ...keys]);
  const variables = wanted.flatMap((text) => [...text.matchAll(/\$\{([^},]*)/g)].map(([, name = ""]) => name.trim()));
  return actual === undefined || variables.some((name) => !known.has(name.toLowerCase()));
}

/**
 * The policy with these statements added: what is there may be of use to somebody, so it stays.
 * @throws Gcp2awsError USAGE_INVALID_VALUE, USAGE_POLICY_SIZE
 */
export function joined(held: PolicyDocument, trust: PolicyDocument, roleArn: string): PolicyDocument {
  if (held.version !== trust.version && JSON.stringify(trust.statements).includes("${")) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `the trust policy of ${roleArn} is of version ${held.version}, which has no way to compare a value with \${ in it`,
      { hint: `set its Version to ${trust.version} first, or choose an audience without \${` },
    );
  }
  const policy = { ...held, statements: [...held.statements, ...trust.statements] };
  const size = policySize(policyText(policy));
  if (size <= TRUST_POLICY_QUOTA.most) return policy;
  throw new Gcp2awsError(
    "USAGE_POLICY_SIZE",
    `trust policy of ${size} characters with the statements that are there: AWS takes at most ${TRUST_POLICY_QUOTA.most}`,
    { hint: "give another role, or remove statements that are not needed any more" },
  );
}

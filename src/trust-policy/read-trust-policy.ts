import { suggest } from "../suggest.ts";
import { type JsonText, readJsonText } from "./json-text.ts";
import type { Path } from "./path.ts";
import { codePoint } from "./code-point.ts";
import { matches, readPattern } from "./pattern.ts";
import { type PolicyDocument, type PolicyProblem, type PolicyReading, readPolicy, type Statement } from "./policy.ts";
import { policySize, TRUST_POLICY_QUOTA } from "./quota.ts";

/**
 * Reads the trust policy of a role: a policy whose statements say whom, and neither by exclusion nor of which resource,
 * and which are about assuming roles alone.
 *
 * @param document after JSON parsing
 * @returns the policy, or everything that IAM would refuse it for
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function readTrustPolicy(document: unknown): PolicyReading {
  const reading = readPolicy(document);
  if ("problems" in reading) return reading;
  const problems = [...reading.policy.statements.flatMap(problemsOf), ...repeatedSids(reading.policy)];
  return problems.length === 0 ? reading : { problems };
}

/** What a file says, and where. */
export type TrustPolicyText =
  | { policy: PolicyDocument; json: JsonText }
  | { problems: readonly PolicyProblem[]; json: JsonText | undefined };

/** The same of a file's text. IAM takes no JSON in which a name stands twice, and no policy beyond every quota. */
export function readTrustPolicyText(text: string): TrustPolicyText {
  const size = policySize(text);
  const { usual, most } = TRUST_POLICY_QUOTA;
  if (size > most) {
    const message = `has ${size} characters without white space; a trust policy has ${most} at most, ${usual} unless the quota was raised`;
    return { problems: [{ path: [], message }], json: undefined };
  }
  const odd = /[^\t\n\r -\u00ff]/u.exec(text)?.[0];
  if (odd !== undefined) {
    const message = `has the character ${codePoint(odd)}: IAM takes none beyond U+00FF, but where JSON writes it as \\u and digits`;
    return { problems: [{ path: [], message }], json: undefined };
  }
  if (text.trim() === "") return { problems: [{ path: [], message: "is empty" }], json: undefined };
  let json: JsonText;
  try {
    json = readJsonText(text);
  } catch (error) {
    // Parsers quote what stands there, and what was taken for a policy by mistake may be a secret.
    const why = error instanceof Error ? error.message.replace(/(\.\.\.)?"[^]*"(\.\.\.)?/, "…") : "cannot be read";
    return { problems: [{ path: [], message: `is not JSON: ${why}` }], json: undefined };
  }
  if (isRole(json.value)) {
    const message =
      "is what aws iam get-role prints of a whole role: for the policy alone, add --query Role.AssumeRolePolicyDocument to it";
    return { problems: [{ path: ["Role"], message }], json };
  }
  const reading = readTrustPolicy(json.value);
  const repeated = json.repeated.map((path) => ({ path, message: "stands twice in the same object" }));
  if (repeated.length === 0) return { ...reading, json };
  return { problems: [...repeated, ...("problems" in reading ? reading.problems : [])], json };
}

function isRole(value: unknown): boolean {
  return typeof value === "object" && value !== null && "Role" in value && !("Statement" in value);
}

function problemsOf(statement: Statement, index: number): PolicyProblem[] {
  const at = (...path: Path): Path => ["Statement", index, ...path];
  const problems: PolicyProblem[] = [];
  if (statement.notPrincipal) {
    problems.push({ path: at("NotPrincipal"), message: "has no place in a trust policy, which names those it trusts" });
  } else if (!statement.principal) {
    problems.push({ path: at(), message: "needs a Principal: whom the role trusts" });
  }
  if (statement.resource) problems.push({ path: at("Resource"), message: resourceRule });
  if (statement.notResource) problems.push({ path: at("NotResource"), message: resourceRule });
  for (const name of ["Action", "NotAction"] as const) {
    const actions = (name === "Action" ? statement.action : statement.notAction) ?? [];
    for (const [item, action] of actions.entries()) {
      if (assuming.some((known) => matches(readPattern(action.toLowerCase()) ?? [], known.toLowerCase()))) continue;
      const close = suggest(action, assuming);
      const meant = close === undefined ? "" : `; ${close} is meant?`;
      problems.push({ path: at(name, item), message: `must be an action by which roles are assumed${meant}` });
    }
  }
  return problems;
}

/**
 * The actions of a trust policy; IAM refuses others.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
 */
const assuming = [
  "sts:AssumeRole",
  "sts:AssumeRoleWithSAML",
  "sts:AssumeRoleWithWebIdentity",
  "sts:SetContext",
  "sts:SetSourceIdentity",
  "sts:TagSession",
];

const resourceRule = "has no place in a trust policy: its resource is the role";

function repeatedSids({ statements }: PolicyDocument): PolicyProblem[] {
  const sids = statements.map(({ sid }) => sid ?? "");
  return sids.flatMap((sid, index) =>
    sid !== "" && sids.indexOf(sid) < index
      ? [{ path: ["Statement", index, "Sid"], message: "must be another than those of the statements before" }]
      : [],
  );
}

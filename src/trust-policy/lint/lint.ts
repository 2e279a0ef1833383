import { locate } from "../json-text.ts";
import { NO_OPERATOR, type PolicyProblem } from "../policy.ts";
import { readTrustPolicyText } from "../read-trust-policy.ts";
import { conditions } from "./conditions.ts";
import { coresOf } from "./core.ts";
import { limits, openingsOf } from "./limits.ts";
import { newEffort } from "./probe.ts";
import { lintStatements, type Rule, type RuleText, type Severity, type Subject } from "./rule.ts";
import { statements } from "./statements.ts";
import { values } from "./values.ts";

/** One thing that is wrong with a policy. */
export interface Finding {
  /** The rule's id. */
  rule: string;
  severity: Severity;
  title: string;
  /** How it shows in this policy. */
  evidence: string;
  fix: string;
  /** JSONPath. */
  path: string;
  /** Counted from 1. */
  line: number;
  column: number;
}

/** Said of a policy that cannot be read; the other rules are left out then. */
const unknownOperator: RuleText = {
  id: "unknown-operator",
  severity: "error",
  title: "IAM has no such condition operator",
  fix: "StringEquals is the one for tokens",
};
const invalidPolicy: RuleText = {
  id: "invalid-policy",
  severity: "error",
  title: "IAM would not take this for a trust policy",
  fix: "mend it; nothing else was checked",
};
const checked: readonly Rule[] = [...limits, ...values, ...conditions, ...statements];

/** Every rule, in the order of the documentation. */
export const rules: readonly RuleText[] = [...checked, unknownOperator, invalidPolicy];

/** Rules by which strangers get in, as far as can be told. */
const opening: ReadonlySet<string> = new Set([
  "no-condition",
  "audience-only",
  "shared-client",
  "no-subject",
  "wildcard-identity",
  "public-principal",
  "others-let-in",
  "too-complex",
]);

/** Whether anybody gets in by it whom the policy does not name. */
export function isOpening({ rule }: Finding): boolean {
  return opening.has(rule);
}

/**
 * What is wrong with the text of a trust policy. A statement that has nothing to do with Google's tokens is left alone, but for what
 * holds of every trust policy.
 */
export function lintTrustPolicy(text: string): Finding[] {
  const reading = readTrustPolicyText(text);
  if ("problems" in reading) {
    return reading.problems.map((problem) => {
      const rule = problem.message.startsWith(NO_OPERATOR) ? unknownOperator : invalidPolicy;
      return finding(rule, evidenceOf(problem), locate(reading.json, problem.path));
    });
  }
  const { policy, json } = reading;
  const parts = { policy, cores: coresOf(policy), text, json, statements: lintStatements(policy), effort: newEffort() };
  const subject: Subject = { ...parts, openings: openingsOf(parts) };
  return checked.flatMap((rule) =>
    [...rule.check(subject)].map(({ path, evidence }) => finding(rule, evidence, locate(json, path))),
  );
}

function evidenceOf({ path, message }: PolicyProblem): string {
  const name = path.findLast((part) => typeof part === "string") ?? "the text";
  return `${name} ${message}`;
}

function finding(
  { id, severity, title, fix }: RuleText,
  evidence: string,
  place: Pick<Finding, "path" | "line" | "column">,
): Finding {
  return { rule: id, severity, title, evidence, fix, ...place };
}

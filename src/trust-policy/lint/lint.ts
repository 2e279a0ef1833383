import { locate } from "../json-text.ts";
import type { PolicyProblem } from "../policy.ts";
import { readTrustPolicyText } from "../read-trust-policy.ts";
import { conditions } from "./conditions.ts";
import { limits } from "./limits.ts";
import { withoutSurroundings } from "./probe.ts";
import { lintStatement, type Rule, type Severity, type Subject } from "./rule.ts";
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

/** What is said of a policy that cannot be read; the other rules are left out then. */
const unreadable: readonly Rule[] = [
  {
    id: "unknown-operator",
    severity: "error",
    title: "IAM has no such condition operator",
    fix: "StringEquals is the one for tokens",
    check: () => [],
  },
  {
    id: "invalid-policy",
    severity: "error",
    title: "IAM would not take this for a trust policy",
    fix: "mend it; nothing else was checked",
    check: () => [],
  },
];

/** Every rule, in the order of the documentation. */
export const rules: readonly Rule[] = [...limits, ...values, ...conditions, ...statements, ...unreadable];

/**
 * What is wrong with the text of a trust policy. A statement that has nothing to do with Google's tokens is left alone, but for what
 * holds of every trust policy.
 */
export function lintTrustPolicy(text: string): Finding[] {
  const reading = readTrustPolicyText(text);
  if ("problems" in reading) {
    return reading.problems.map((problem) =>
      finding(ruleOf(problem), evidenceOf(problem), locate(reading.json, problem.path)),
    );
  }
  const { policy, json } = reading;
  const core = withoutSurroundings(policy);
  const subject: Subject = { policy, core, text, json, statements: policy.statements.map(lintStatement) };
  return rules.flatMap((rule) =>
    [...rule.check(subject)].map(({ path, evidence }) => finding(rule, evidence, locate(json, path))),
  );
}

function ruleOf({ message }: PolicyProblem): Rule {
  const id = message.startsWith("is not a condition operator") ? "unknown-operator" : "invalid-policy";
  const rule = unreadable.find((candidate) => candidate.id === id);
  if (rule === undefined) throw new Error("every problem has its rule");
  return rule;
}

function evidenceOf({ path, message }: PolicyProblem): string {
  const name = path.findLast((part) => typeof part === "string") ?? "the text";
  return `${name} ${message}`;
}

function finding(
  { id, severity, title, fix }: Rule,
  evidence: string,
  place: Pick<Finding, "path" | "line" | "column">,
): Finding {
  return { rule: id, severity, title, evidence, fix, ...place };
}

import { describe, expect, test } from "vitest";
import { lintTrustPolicy, rules } from "../../src/trust-policy/lint/lint.ts";
import corpus from "../cases/lint-corpus.json" with { type: "json" };

/** Variants of policies that are to be found in public, and what an expert would say of each; `near` names rules that must keep quiet. */
interface Case {
  name: string;
  policy?: object;
  text?: string;
  findings: string[];
  near?: string[];
}

const cases: Case[] = corpus;
const found = ({ policy, text }: Case) => [
  ...new Set(lintTrustPolicy(text ?? JSON.stringify(policy)).map(({ rule }) => rule)),
];

describe("the corpus", () => {
  test.each(cases)("$name", (one) => {
    expect(found(one).toSorted()).toEqual(one.findings.toSorted());
  });

  test("has for each rule a policy that breaks it and one that comes near", () => {
    const broken = new Set(cases.flatMap(({ findings }) => findings));
    const near = new Set(cases.flatMap((one) => one.near ?? []));
    const ids = rules.map(({ id }) => id).toSorted();
    expect([...broken].toSorted()).toEqual(ids);
    expect(ids.filter((id) => !near.has(id))).toEqual([]);
    for (const { near: quiet = [], findings } of cases) expect(findings.filter((id) => quiet.includes(id))).toEqual([]);
  });

  test("precision and recall", () => {
    let [right, wrong, missed] = [0, 0, 0];
    for (const one of cases) {
      const actual = found(one);
      right += actual.filter((id) => one.findings.includes(id)).length;
      wrong += actual.filter((id) => !one.findings.includes(id)).length;
      missed += one.findings.filter((id) => !actual.includes(id)).length;
    }
    console.log(
      `lint: ${cases.length} policies, ${right} findings; precision ${right}/${right + wrong}, recall ${right}/${right + missed}`,
    );
    expect(wrong + missed).toBe(0);
  });
});

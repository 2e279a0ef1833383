import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateTrustPolicy } from "../../src/trust-policy/evaluate-trust-policy.ts";
import { lintTrustPolicy } from "../../src/trust-policy/lint/lint.ts";
import { parsePolicy } from "../../src/trust-policy/policy.ts";

describe("whoever gets in shows", () => {
  const part = fc.stringMatching(/^\d{0,3}$/);
  const pattern = fc.tuple(part, part).map(([head, tail]) => `${head}*${tail}`);
  const subs = fc.array(fc.stringMatching(/^[1-9]\d{20}$/), { minLength: 20, maxLength: 20 });
  const line = fc.record({
    effect: fc.constantFrom("Allow", "Deny"),
    operator: fc.constantFrom("StringLike", "StringNotLike"),
    values: fc.uniqueArray(pattern, { minLength: 1, maxLength: 6 }),
  });
  const claims = { iss: "https://accounts.google.com", aud: "https://aws.example.com" };

  test("behind any wildcards on :sub", () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 3 }), subs, (lines, numbers) => {
        const statement = { Principal: { Federated: "accounts.google.com" }, Action: "sts:AssumeRoleWithWebIdentity" };
        const ofSub = ({ operator, values }: (typeof lines)[number]) => ({
          [operator]: { "accounts.google.com:sub": values },
        });
        const asked = lines.find(({ effect }) => effect === "Allow");
        const audience = { StringEquals: { "accounts.google.com:oaud": claims.aud } };
        const text = JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", ...statement, Condition: { ...audience, ...(asked && ofSub(asked)) } },
            ...lines
              .filter(({ effect }) => effect === "Deny")
              .map((one) => Object.assign({ Effect: "Deny" }, statement, { Condition: ofSub(one) })),
          ],
        });
        const policy = parsePolicy(JSON.parse(text));
        const isOpen = numbers.some(
          (sub) => evaluateTrustPolicy(policy, { claims: { ...claims, sub, azp: sub } }).decision === "allowed",
        );
        const errors = lintTrustPolicy(text).filter(({ severity }) => severity === "error");
        if (isOpen) expect(errors.map(({ rule }) => rule)).not.toContain("unreachable");
        if (isOpen) expect(errors).not.toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

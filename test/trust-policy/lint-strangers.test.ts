import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateTrustPolicy } from "../../src/trust-policy/evaluate-trust-policy.ts";
import { isOpening, lintTrustPolicy } from "../../src/trust-policy/lint/lint.ts";
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

  const ids = ["100000000000000000001", "123456789012345678901", "217345678901234567890"];
  const emails = ["ci@p.iam.gserviceaccount.com", "a@b.example", "stranger@stranger.iam.gserviceaccount.com"];
  const clients = ["32555940559.apps.googleusercontent.com", "1-a.apps.googleusercontent.com"];
  const audiences = ["https://a", "https://ab", "a", "B"];
  const values: Record<string, string[]> = {
    sub: [...ids.slice(0, 2), "1*", "*1", "?2*", "*7*", "*"],
    aud: [...ids.slice(0, 2), ...emails.slice(0, 1), ...clients, "1*", "*@*", "*.com", "*"],
    oaud: [...audiences.slice(0, 2), "https://*", "*b", "?", "*"],
    email: [...emails.slice(0, 1), "*.iam.gserviceaccount.com", "a*", "*@?.*", "*"],
  };
  const condition = fc.constantFrom(...Object.keys(values)).chain((name) =>
    fc.record({
      name: fc.constant(name),
      operator: fc.constantFrom(
        "StringEquals",
        "StringLike",
        "StringLike",
        "StringNotLike",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringLikeIfExists",
        "ForAnyValue:StringNotLike",
        "ForAllValues:StringLike",
        "Null",
      ),
      wanted: fc.uniqueArray(fc.constantFrom(...(values[name] ?? [])), { minLength: 1, maxLength: 3 }),
    }),
  );
  const block = fc.array(condition, { maxLength: 3 }).map((all) => {
    const merged: Record<string, Record<string, string[]>> = {};
    for (const { name, operator, wanted } of all) {
      const of = operator === "Null" ? [String(wanted.length === 1)] : wanted;
      merged[operator] = { ...merged[operator], [`accounts.google.com:${name}`]: of };
    }
    return merged;
  });
  const statements = fc.array(fc.tuple(fc.constantFrom("Allow", "Deny"), block), { minLength: 1, maxLength: 4 });
  const everybody = [...ids, "123000000000000000007", "200000000000000000007", "311111111111111111111"].flatMap((sub) =>
    [sub, ...emails, ...clients].flatMap((azp) =>
      [undefined, ...emails]
        .filter((email) => email === undefined || !azp.includes("@") || email === azp)
        .flatMap((email) => audiences.map((aud) => ({ iss: claims.iss, sub, azp, aud, email }))),
    ),
  );

  const tokenOf = ({ email, ...rest }: (typeof everybody)[number]) => (email === undefined ? rest : { ...rest, email });

  test("and who does not, makes no statement one that lets nobody in", () => {
    fc.assert(
      fc.property(statements, (all) => {
        const text = JSON.stringify({
          Version: "2012-10-17",
          Statement: all.map(([Effect, Condition]) => ({
            Effect,
            Principal: { Federated: "accounts.google.com" },
            Action: "sts:AssumeRoleWithWebIdentity",
            ...(Object.keys(Condition).length > 0 && { Condition }),
          })),
        });
        const named = new Set(
          all.flatMap(([, each]) => Object.values(each).flatMap((keys) => Object.values(keys).flat())),
        );
        const policy = parsePolicy(JSON.parse(text));
        const findings = lintTrustPolicy(text);
        const letIn = everybody.flatMap((one) => {
          const { decision, statements: results } = evaluateTrustPolicy(policy, { claims: tokenOf(one) });
          const by = results.filter(({ effect, matched }) => effect === "Allow" && matched);
          return decision === "allowed" ? by.map(({ statement }) => Object.assign({ by: statement }, one)) : [];
        });
        const isStranger = ({ sub, azp, email = "" }: (typeof letIn)[number]) =>
          ![sub, email, ...(azp.endsWith(".com") && !azp.includes("@") ? [] : [azp])].some((name) => named.has(name));
        const unreachable = findings.filter(({ rule }) => rule === "unreachable").map(({ path }) => path);
        for (const by of new Set(letIn.map((one) => one.by))) expect(unreachable).not.toContain(`$.Statement[${by}]`);
        const isOpen = findings.some(isOpening);
        if (letIn.some(isStranger)) expect([text, isOpen]).toEqual([text, true]);
        expect(findings.map(({ rule }) => rule)).not.toContain("too-complex");
      }),
      { numRuns: 150 },
    );
  });
});

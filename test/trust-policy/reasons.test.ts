import { expect, test } from "vitest";
import { evaluateTrustPolicy } from "../../src/trust-policy/evaluate-trust-policy.ts";
import { firstHint, reasonsOf, summaryOf } from "../../src/trust-policy/reasons.ts";
import { readTrustPolicyText } from "../../src/trust-policy/read-trust-policy.ts";
import { CLAIMS } from "../fake-host.ts";

const G = "accounts.google.com";
const { sub, aud } = CLAIMS;

function evaluated(...statements: object[]) {
  const common = { Effect: "Allow", Principal: { Federated: G }, Action: "sts:AssumeRoleWithWebIdentity" };
  const Statement = statements.map((statement) => Object.assign({}, common, statement));
  const reading = readTrustPolicyText(JSON.stringify({ Version: "2012-10-17", Statement }));
  if ("problems" in reading) throw new Error(JSON.stringify(reading.problems));
  return evaluateTrustPolicy(reading.policy, { claims: CLAIMS, sessionName: "s" });
}

const equals = (lines: object) => ({ Condition: { StringEquals: lines } });
const right = equals({ [`${G}:sub`]: sub });
const wrong = equals({ [`${G}:sub`]: "1" });
/** With two that do not fit, and a hint for each. */
const far = equals({ [`${G}:aud`]: aud, [`${G}:sub`]: "x@example.com" });
const near = equals({ [`${G}:oaud`]: sub, [`${G}:sub`]: sub });
const deny = { Effect: "Deny", Sid: "No", ...equals({ "aws:SourceIp": "1.2.3.4" }) };
const denyMatched = { Effect: "Deny", Sid: "Guard", Condition: { StringNotEquals: { "aws:SourceVpc": "vpc-1" } } };

test.each([
  ["what is let in", [right, deny], "", undefined],
  ["what nothing allows", [wrong], "no statement allows it", undefined],
  ["the nearest", [far, near], "no statement allows it", `${G}:oaud is compared with the token's aud`],
  [
    "another principal, however near",
    [{ Principal: { AWS: "111122223333" } }, far],
    "no statement allows it",
    `${G}:aud is compared with azp`,
  ],
  ["a denial", [right, denyMatched], 'Statement[1] "Guard" denies it', undefined],
])("%s", (_name, statements, summary, hint) => {
  const evaluation = evaluated(...statements);
  expect(summaryOf(evaluation)).toBe(summary);
  if (hint === undefined) expect(firstHint(evaluation)).toBeUndefined();
  else expect(firstHint(evaluation)).toContain(hint);
});

test("of a denial the hint of what matched, and not of what others lack", () => {
  const byAddress = { Effect: "Deny", Condition: { NotIpAddress: { "aws:SourceIp": "1.2.3.4" } } };
  const evaluation = evaluated(far, byAddress);
  expect(firstHint(evaluation)).toContain("every request has aws:SourceIp");
  expect(reasonsOf(evaluation)).toEqual([
    "Statement[1] denies this token, whatever the others allow",
    expect.stringMatching(
      /^Statement\[1\]: NotIpAddress aws:SourceIp is 1\.2\.3\.4, the request does not have the key: every/,
    ),
  ]);
});

test("a value that is not there is said to be nothing", () => {
  const [reason] = reasonsOf(evaluated(equals({ [`${G}:sub`]: [] })));
  expect(reason).toBe(`Statement[0]: StringEquals ${G}:sub is nothing, the request has ${sub}`);
});

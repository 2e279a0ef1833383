import { expect, test } from "vitest";
import { evaluateTrustPolicy } from "../../src/trust-policy/evaluate-trust-policy.ts";
import { parsePolicy } from "../../src/trust-policy/policy.ts";
import { undeterminedKeys } from "../../src/trust-policy/undetermined.ts";
import { CLAIMS } from "../fake-host.ts";

const common = { Principal: { Federated: "accounts.google.com" }, Action: "sts:AssumeRoleWithWebIdentity" };
const sub = (value: string) => ({ StringEquals: { "accounts.google.com:sub": value } });
const [own, another] = [sub(CLAIMS.sub), sub("1")];
const address = { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } };
const elsewhere = { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } };
const endpoint = { StringEquals: { "aws:sourceVpce": "vpce-1" } };
const allow = (...conditions: object[]) => ({
  Effect: "Allow",
  ...common,
  Condition: Object.assign({}, ...conditions),
});
const deny = (...conditions: object[]) => ({ ...allow(...conditions), Effect: "Deny" });

test.each<[string, object[], string, string[]]>([
  ["nothing", [allow(own)], "allowed", []],
  ["nothing that matters to another", [allow(own), allow(another, address), deny(another, address)], "allowed", []],
  ["a Deny there", [allow(own), deny(address)], "allowed", ["aws:SourceIp"]],
  ["a Deny elsewhere", [allow(own), deny(elsewhere)], "denied", ["aws:SourceIp"]],
  ["an Allow there", [allow(own, address)], "denied", ["aws:SourceIp"]],
  ["an Allow elsewhere", [allow(own, elsewhere)], "allowed", ["aws:SourceIp"]],
  ["an Allow beside one that is sure", [allow(own), allow(own, address)], "allowed", []],
  ["both, once each", [allow(own, address), deny(address, endpoint)], "denied", ["aws:SourceIp", "aws:sourceVpce"]],
  ["nothing that outweighs a Deny", [allow(own, address), deny()], "denied", []],
  ["nothing where no statement is about it", [allow(another), deny(address)], "denied", []],
  ["a key that no exchange has", [allow(own), deny({ Bool: { "aws:MultiFactorAuthPresent": "true" } })], "allowed", []],
  [
    "the role's own tags",
    [
      allow(own),
      deny({ StringEquals: { "aws:ResourceTag/team": "b" } }),
      deny({ Null: { "iam:ResourceTag/x": "false" } }),
    ],
    "allowed",
    ["aws:ResourceTag/team", "iam:ResourceTag/x"],
  ],
  ["a tag of the role's session", [allow(own), deny({ StringEquals: { "aws:TagKeys": "a" } })], "allowed", []],
])("the decision hangs on %s", (_name, Statement, decision, keys) => {
  const policy = parsePolicy({ Version: "2012-10-17", Statement });
  const evaluation = evaluateTrustPolicy(policy, { claims: CLAIMS });
  expect([evaluation.decision, undeterminedKeys(evaluation)]).toEqual([decision, keys]);
  const context = {
    "aws:SourceIp": ["203.0.113.9"],
    "aws:SourceVpce": ["vpce-1"],
    "aws:ResourceTag/team": ["a"],
    "iam:ResourceTag/x": ["a"],
  };
  expect(undeterminedKeys(evaluateTrustPolicy(policy, { claims: CLAIMS, context }))).toEqual([]);
});

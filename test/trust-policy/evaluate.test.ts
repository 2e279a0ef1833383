import { describe, expect, test } from "vitest";
import documented from "../cases/documented-policies.json" with { type: "json" };
import { evaluate, type PolicyRequest } from "../../src/trust-policy/evaluate.ts";
import { parsePolicy } from "../../src/trust-policy/policy.ts";

const account = "111122223333";
const session = `arn:aws:sts::${account}:assumed-role/R/s`;
const role = `arn:aws:iam::${account}:role/path/R`;

function decide(statements: object | object[], request: Partial<PolicyRequest>) {
  const policy = parsePolicy({ Version: "2012-10-17", Statement: statements });
  return evaluate([policy], { action: "s3:ListAllMyBuckets", context: {}, ...request });
}

const allow = { Effect: "Allow", Action: "*", Resource: "*" };

describe("identity policies", () => {
  test.each([
    ["an Allow", allow, {}, "allow"],
    ["nothing that fits", { ...allow, Action: "s3:GetObject" }, {}, "implicit deny"],
    ["Deny after Allow", [allow, { ...allow, Effect: "Deny" }], {}, "explicit deny"],
    ["Deny before Allow", [{ ...allow, Effect: "Deny" }, allow], {}, "explicit deny"],
    ["action without case", { ...allow, Action: "S3:listall*" }, {}, "allow"],
    ["NotAction that names it", { Effect: "Allow", NotAction: "s3:*", Resource: "*" }, {}, "implicit deny"],
    ["NotAction that names another", { Effect: "Allow", NotAction: "iam:*", Resource: "*" }, {}, "allow"],
    ["resource by wildcard", { ...allow, Resource: "arn:aws:s3:::a*" }, { resource: "arn:aws:s3:::ab" }, "allow"],
    ["resource with case", { ...allow, Resource: "arn:aws:s3:::a*" }, { resource: "arn:aws:s3:::Ab" }, "implicit deny"],
    ["an ARN where the action has none", { ...allow, Resource: "arn:aws:s3:::a" }, {}, "implicit deny"],
    ["NotResource", { Effect: "Allow", Action: "*", NotResource: "b" }, { resource: "b" }, "implicit deny"],
    [
      "variable in the resource",
      { ...allow, Resource: "${aws:u}" },
      { resource: "x", context: { "AWS:U": ["x"] } },
      "allow",
    ],
    ["unresolved variable", { ...allow, Resource: "${aws:u}*" }, { resource: "x" }, "implicit deny"],
    ["unresolved in NotResource", { Effect: "Allow", Action: "*", NotResource: "${aws:u}" }, {}, "implicit deny"],
    ["a principal where none belongs", { ...allow, Principal: "*" }, {}, "implicit deny"],
  ])("%s", (_name, statements, request, reason) => {
    expect(decide(statements, request).reason).toBe(reason);
  });
});

describe("what IAM's pages show, in other words", () => {
  const rows = documented.flatMap(({ name, statements, requests }) =>
    requests.map(({ decision, ...request }) => ({ name, statements, decision, request })),
  );
  test.each(rows)("$name: $decision to $request.context", ({ statements, decision, request }) => {
    const { resource, context, action } = { resource: "*", ...request };
    const values = Object.fromEntries(
      Object.entries(context).flatMap(([key, list]) => (list === undefined ? [] : [[key, list]])),
    );
    expect(decide(statements, { action, resource, context: values }).reason).toBe(decision);
  });
});

describe("principals", () => {
  const google = { type: "Federated", value: "accounts.google.com" } as const;
  const caller = { type: "AWS", value: session } as const;
  const context = { "aws:PrincipalArn": [role] };
  test.each([
    ["the provider", { Principal: { Federated: "accounts.google.com" } }, google, true],
    ["another provider", { Principal: { Federated: "www.amazon.com" } }, google, false],
    ["no wildcard for providers", { Principal: { Federated: "*" } }, google, false],
    ["an account is no provider", { Principal: { AWS: "111122223333" } }, google, false],
    ["everybody, written as AWS", { Principal: { AWS: ["111122223333", "*"] } }, google, true],
    ["everyone", { Principal: "*" }, google, true],
    ["no principal at all", {}, google, false],
    ["the session", { Principal: { AWS: session } }, caller, true],
    ["the session's role", { Principal: { AWS: [role] } }, caller, true],
    ["the account by number", { Principal: { AWS: account } }, caller, true],
    ["the account by ARN", { Principal: { AWS: `arn:aws:iam::${account}:root` } }, caller, true],
    ["another account", { Principal: { AWS: "444455556666" } }, caller, false],
    ["any AWS principal", { Principal: { AWS: "*" } }, caller, true],
    ["one of several", { Principal: { AWS: ["444455556666", account, "*"] } }, caller, true],
    ["services alone", { Principal: { Service: "ec2.amazonaws.com" } }, caller, false],
    ["NotPrincipal that names it", { NotPrincipal: { AWS: role } }, caller, false],
    ["NotPrincipal that names another", { NotPrincipal: { AWS: "444455556666" } }, caller, true],
  ])("%s", (_name, part, principal, allowed) => {
    const { decision } = decide({ Effect: "Allow", Action: "*", ...part }, { principal, context });
    expect(decision).toBe(allowed ? "allowed" : "denied");
  });
});

test("a denial tells part by part what did not fit", () => {
  const Condition = { StringEquals: { "accounts.google.com:sub": "1", "accounts.google.com:oaud": "a" } };
  const statement = {
    Sid: "Team",
    Effect: "Allow",
    Action: "sts:AssumeRole",
    Principal: { Federated: "x" },
    Condition,
  };
  const request = {
    action: "sts:AssumeRoleWithWebIdentity",
    principal: { type: "Federated", value: "x" },
    context: { "accounts.google.com:sub": ["1"], "accounts.google.com:oaud": ["b"] },
  } as const;
  const line = { operator: "StringEquals" };
  expect(decide(statement, request)).toEqual({
    decision: "denied",
    reason: "implicit deny",
    statements: [
      {
        policy: 0,
        statement: 0,
        sid: "Team",
        effect: "Allow",
        matched: false,
        principal: true,
        action: false,
        resource: true,
        conditions: [
          { ...line, key: "accounts.google.com:sub", wanted: ["1"], actual: ["1"], matched: true },
          { ...line, key: "accounts.google.com:oaud", wanted: ["a"], actual: ["b"], matched: false },
        ],
      },
    ],
  });
});

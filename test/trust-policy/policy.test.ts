import { describe, expect, test } from "vitest";
import { formatPolicy, parsePolicy, PolicyError } from "../../src/trust-policy/policy.ts";

const statement = { Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" };

test("one value becomes a list, numbers and booleans become text, Version has IAM's old default", () => {
  const Condition = { NumericLessThan: { "sts:DurationSeconds": 3600 }, Bool: { "aws:SecureTransport": [true] } };
  expect(parsePolicy({ Statement: { ...statement, Sid: "One", Condition } })).toEqual({
    version: "2008-10-17",
    statements: [
      {
        sid: "One",
        effect: "Allow",
        action: ["s3:ListAllMyBuckets"],
        resource: ["*"],
        condition: { NumericLessThan: { "sts:DurationSeconds": ["3600"] }, Bool: { "aws:SecureTransport": ["true"] } },
      },
    ],
  });
});

test.each([
  { Statement: [statement], Id: "x", Version: "2012-10-17" },
  { Statement: [{ Effect: "Deny", NotAction: ["a:b", "*"], NotPrincipal: { AWS: ["1", "2"] } }] },
  {
    Statement: [{ Effect: "Allow", Action: "*", Principal: "*", NotResource: "a", Condition: { Null: { k: "true" } } }],
  },
])("formatPolicy gives back what parsePolicy reads", (document) => {
  const policy = parsePolicy(document);
  expect(parsePolicy(JSON.parse(JSON.stringify(formatPolicy(policy))))).toEqual(policy);
});

describe("what IAM would not take", () => {
  test.each([
    ["text", "policy"],
    [{}, "Statement"],
    [{ Statement: [] }, "Statement"],
    [{ Statement: [statement], Extra: 1 }, "Extra"],
    [{ Statement: [statement], Version: "2012-10-18" }, "Version"],
    [{ Statement: [statement, { ...statement, Effect: "allow" }] }, "Statement.1.Effect"],
    [{ Statement: { ...statement, action: "x" } }, "Statement.0.action"],
    [{ Statement: { Effect: "Allow", Resource: "*" } }, "Statement.0"],
    [{ Statement: { ...statement, NotAction: "s3:*" } }, "Statement.0"],
    [{ Statement: { ...statement, NotResource: "*" } }, "Statement.0"],
    [{ Statement: { ...statement, Action: "ListBuckets" } }, "Statement.0.Action"],
    [{ Statement: { ...statement, Action: [] } }, "Statement.0.Action"],
    [{ Statement: { ...statement, Principal: { Google: "x" } } }, "Statement.0.Principal"],
    [{ Statement: { ...statement, Principal: "AWS" } }, "Statement.0.Principal"],
    [{ Statement: { ...statement, Condition: { StringEqual: { k: "v" } } } }, "Statement.0.Condition.StringEqual"],
    [{ Statement: { ...statement, Condition: { Bool: { k: {} } } } }, "Statement.0.Condition.Bool.k"],
  ])("%j names %s", (document, path) => {
    expect(() => parsePolicy(document)).toThrow(PolicyError);
    expect(() => parsePolicy(document)).toThrow(new RegExp(`^${path.replaceAll(".", "\\.")}(\\.0)?: `));
  });
});

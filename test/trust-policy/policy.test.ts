import { describe, expect, test } from "vitest";
import { formatPolicy, parsePolicy, PolicyError, readPolicy } from "../../src/trust-policy/policy.ts";

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

test("Id and Sid are kept, and nothing is made up", () => {
  const policy = parsePolicy({ Id: "x", Statement: [{ ...statement, Sid: "" }, statement] });
  expect(policy).toEqual({
    version: "2008-10-17",
    id: "x",
    statements: [
      { sid: "", effect: "Allow", action: ["s3:ListAllMyBuckets"], resource: ["*"] },
      { effect: "Allow", action: ["s3:ListAllMyBuckets"], resource: ["*"] },
    ],
  });
  expect("sid" in (policy.statements[1] ?? {})).toBe(false);
  expect("id" in parsePolicy({ Statement: statement })).toBe(false);
  expect(JSON.parse(JSON.stringify(formatPolicy(policy)))).toEqual({
    Version: "2008-10-17",
    Id: "x",
    Statement: [{ ...statement, Sid: "" }, statement],
  });
});

test("lists of one are written as one", () => {
  const many = {
    Effect: "Deny",
    Principal: { AWS: ["1", "2"], Service: "x" },
    Action: ["a:b", "a:c"],
    Condition: { Bool: { k: ["true"] } },
  };
  expect(JSON.parse(JSON.stringify(formatPolicy(parsePolicy({ Statement: [many] })).Statement))).toEqual([
    { ...many, Condition: { Bool: { k: "true" } } },
  ]);
});

test.each([
  [{ Statement: [] }, "Statement: must not be empty"],
  [null, "policy: must be an object"],
  [{ Statement: { ...statement, Action: [1] } }, "Statement.0.Action.0: must be text"],
  [{ Statement: { ...statement, Action: [] } }, "Statement.0.Action: must not be empty"],
  [{ Statement: { ...statement, Action: "x*" } }, 'Statement.0.Action: must be "*" or service:action'],
  [{ Statement: { ...statement, Action: "!s3:Get" } }, 'Statement.0.Action: must be "*" or service:action'],
  [{ Statement: { ...statement, Action: "s3:Get!" } }, 'Statement.0.Action: must be "*" or service:action'],
  [
    { Statement: { ...statement, Principal: "*", NotPrincipal: "*" } },
    "Statement.0: has both Principal and NotPrincipal",
  ],
  [{ Statement: { ...statement, NotResource: "*" } }, "Statement.0: has both Resource and NotResource"],
  [{ Statement: { ...statement, Condition: null } }, "Statement.0.Condition: must be an object"],
  [{ Statement: { ...statement, Condition: "x" } }, "Statement.0.Condition: must be an object"],
  [
    { Statement: { ...statement, Condition: { Nul: { k: "true" } } } },
    "Statement.0.Condition.Nul: is not a condition operator; Null is meant?",
  ],
  [
    { Statement: { ...statement, Condition: { "ForAnyValues:Bool": { k: "true" } } } },
    "Statement.0.Condition.ForAnyValues:Bool: is not a condition operator; ForAnyValue:Bool is meant?",
  ],
  [
    { Statement: { ...statement, Condition: { BoolIfExist: { k: "true" } } } },
    "Statement.0.Condition.BoolIfExist: is not a condition operator; BoolIfExists is meant?",
  ],
])("%j: %s", (document, message) => {
  expect(() => parsePolicy(document)).toThrow(new PolicyError(message));
});

test.each([
  "Version",
  "Id",
  "Statement",
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
])("%s is known where it is misspelt", (name) => {
  const misspelt = { [`${name}s`]: 1 };
  const reading = readPolicy({ Statement: [{ ...statement, ...misspelt }], ...misspelt });
  const messages = "problems" in reading ? reading.problems.map(({ message }) => message) : [];
  expect(messages).toContain(`is no element of a policy; ${name} is meant?`);
});

test("principals are of four kinds", () => {
  const Principal = { AWS: "1", Federated: "x", Service: "y", CanonicalUser: "z" };
  expect(parsePolicy({ Statement: { ...statement, Principal } }).statements[0]?.principal).toEqual({
    AWS: ["1"],
    Federated: ["x"],
    Service: ["y"],
    CanonicalUser: ["z"],
  });
  expect(new PolicyError("x").name).toBe("PolicyError");
});

test.each(["__proto__", "constructor", "prototype", "toString"])(
  "%s is no name, and nothing under it is lost",
  (name) => {
    const odd = (inner: string) => JSON.parse(`{"${name}":${inner}}`) as object;
    const problem = (...path: (string | number)[]) => ({
      path: [...path, name],
      message: "is no name that a policy has",
    });
    const read = (parts: object) => readPolicy({ Statement: [{ ...statement, ...parts }] });
    expect(readPolicy({ Statement: statement, ...odd("1") })).toEqual({ problems: [problem()] });
    expect(read(odd("1"))).toEqual({ problems: [problem("Statement", 0)] });
    expect(read({ Principal: odd('"x"') })).toEqual({ problems: [problem("Statement", 0, "Principal")] });
    expect(read({ Condition: odd('{"a:b":"c"}') })).toEqual({ problems: [problem("Statement", 0, "Condition")] });
    const problems = [problem("Statement", 0, "Condition", "Bool")];
    expect(read({ Condition: { Bool: odd('"true"') } })).toEqual({ problems });
  },
);

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

import { describe, expect, test } from "vitest";
import { formatPath } from "../../src/trust-policy/path.ts";
import { readTrustPolicy, readTrustPolicyText } from "../../src/trust-policy/read-trust-policy.ts";
import { audienceKey, keyPrefixOf, readClaims } from "../../src/trust-policy/web-identity.ts";

const good = {
  Effect: "Allow",
  Principal: { Federated: "accounts.google.com" },
  Action: "sts:AssumeRoleWithWebIdentity",
};

function problemsOf(document: unknown): string[] {
  const reading = readTrustPolicy(document);
  return "policy" in reading ? [] : reading.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
}

function problemsOfText(text: string): string[] {
  const reading = readTrustPolicyText(text);
  return "policy" in reading ? [] : reading.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
}

describe("what IAM takes", () => {
  test.each([
    ["one statement", { Statement: good }],
    [
      "actions in any case",
      {
        Statement: {
          ...good,
          Action: ["STS:TagSession", "sts:SetContext", "sts:*", "*", "sts:Set*", "sts:assumeRole"],
        },
      },
    ],
    ["NotAction", { Statement: { Effect: "Deny", Principal: { AWS: "*" }, NotAction: "sts:TagSession" } }],
    [
      "empty Sids, twice",
      {
        Statement: [
          { ...good, Sid: "" },
          { ...good, Sid: "" },
        ],
      },
    ],
    [
      "two Sids",
      {
        Statement: [
          { ...good, Sid: "A" },
          { ...good, Sid: "a" },
        ],
      },
    ],
    ["everybody", { Statement: { ...good, Principal: "*" } }],
  ])("%s", (_name, document) => {
    expect(problemsOf(document)).toEqual([]);
  });
});

test.each([
  ["a byte order mark", `\ufeff${JSON.stringify({ Statement: good })}`, "U+FEFF"],
  ["a character beyond Latin-1", JSON.stringify({ Id: "\u65e5", Statement: good }), "U+65E5"],
  ["half of one", JSON.stringify({ Id: "x", Statement: good }).replace("x", "\ud83d"), "U+D83D"],
  ["one of two halves", JSON.stringify({ Id: "\u{1f600}", Statement: good }), "U+1F600"],
  ["a control character between", `\u0000${JSON.stringify({ Statement: good })}`, "U+0000"],
])("%s is refused by its name", (_name, text, name) => {
  const message = `has the character ${name}: IAM takes none beyond U+00FF, but where JSON writes it as \\u and digits`;
  expect(readTrustPolicyText(text)).toEqual({ problems: [{ path: [], message }], json: undefined });
});

test("what aws iam get-role prints of a role is said to be that", () => {
  const role = { RoleName: "a", AssumeRolePolicyDocument: { Statement: good } };
  const [problem, another] = problemsOfText(JSON.stringify({ Role: role }));
  expect(problem).toMatch(
    /^\$\.Role is what aws iam get-role prints of a whole role: for the policy alone, add --query Role\.AssumeRolePolicyDocument/,
  );
  expect(another).toBeUndefined();
  expect(problemsOfText(JSON.stringify({ Role: role, Statement: good }))).toEqual(["$.Role is no element of a policy"]);
  for (const text of ["null", "1", "[]"]) expect(problemsOfText(text)).not.toContain(problem);
});

test("the same characters as JSON can write them, and those of Latin-1, are taken", () => {
  const text = JSON.stringify({ Id: "\u00ff\u007f", Statement: good }).replace("\u007f", "\\u65e5");
  expect(readTrustPolicyText(text)).toMatchObject({ policy: { id: "\u00ff\u65e5" } });
});

describe("what it does not take is told, all of it", () => {
  test.each<[string, unknown, string[]]>([
    [
      "NotPrincipal",
      { ...good, Principal: undefined, NotPrincipal: { AWS: "1" } },
      ["$.Statement[0].NotPrincipal has no place in a trust policy, which names those it trusts"],
    ],
    [
      "no principal",
      { Effect: "Allow", Action: "sts:AssumeRole" },
      ["$.Statement[0] needs a Principal: whom the role trusts"],
    ],
    [
      "Resource",
      { ...good, Resource: "*" },
      ["$.Statement[0].Resource has no place in a trust policy: its resource is the role"],
    ],
    [
      "NotResource",
      { ...good, NotResource: "*" },
      ["$.Statement[0].NotResource has no place in a trust policy: its resource is the role"],
    ],
    [
      "other actions",
      { ...good, Action: ["sts:AssumeRole", "s3:Get*", "sts:GetSessionToken", "sts:AssumeRoleWithWebIdentify"] },
      [
        "$.Statement[0].Action[1] must be an action by which roles are assumed",
        "$.Statement[0].Action[2] must be an action by which roles are assumed",
        "$.Statement[0].Action[3] must be an action by which roles are assumed; sts:AssumeRoleWithWebIdentity is meant?",
      ],
    ],
    [
      "other actions left out",
      { Effect: "Deny", Principal: "*", NotAction: "s3:*" },
      ["$.Statement[0].NotAction[0] must be an action by which roles are assumed"],
    ],
    [
      "a Sid with other characters",
      { ...good, Sid: "Team A!" },
      ["$.Statement[0].Sid must be of letters and digits alone"],
    ],
    [
      "nobody",
      { ...good, Principal: {} },
      ['$.Statement[0].Principal must be "*" or an object of AWS, Federated, Service or CanonicalUser'],
    ],
    [
      "several at once",
      {
        Effect: "allow",
        action: "x",
        Principal: { Google: "y" },
        Condition: { StringEqual: { k: "v" }, Bool: { k: [{}] }, Null: "x" },
      },
      [
        "$.Statement[0].Effect must be Allow or Deny",
        '$.Statement[0].Principal must be "*" or an object of AWS, Federated, Service or CanonicalUser',
        "$.Statement[0].Condition.StringEqual is not a condition operator; StringEquals is meant?",
        "$.Statement[0].Condition.Bool.k[0] must be text, a number or a boolean",
        "$.Statement[0].Condition.Null must be an object of condition keys",
        "$.Statement[0].action is no element of a policy; Action is meant?",
      ],
    ],
    ["a list for a condition", { ...good, Condition: [] }, ["$.Statement[0].Condition must be an object"]],
    [
      "an operator with a wrong set",
      { ...good, Condition: { "ForAllValue:StringLike": { k: "v" } } },
      [
        '$.Statement[0].Condition["ForAllValue:StringLike"] is not a condition operator; ForAllValues:StringLike is meant?',
      ],
    ],
    [
      "an operator like no other",
      { ...good, Condition: { matches: { k: "v" } } },
      ["$.Statement[0].Condition.matches is not a condition operator"],
    ],
    ["an element like no other", { ...good, foo: 1 }, ["$.Statement[0].foo is no element of a policy"]],
    [
      "both Action and NotAction",
      { ...good, NotAction: "sts:TagSession" },
      ["$.Statement[0] needs either Action or NotAction"],
    ],
    ["no statement", "x", ["$.Statement[0] must be an object"]],
  ])("%s", (_name, statement, problems) => {
    expect(problemsOf({ Statement: [statement] })).toEqual(problems);
  });

  test("of the whole", () => {
    expect(problemsOf([])).toEqual(["$.Statement is missing"]);
    expect(problemsOf(null)).toEqual(["$ must be an object"]);
    expect(problemsOf({ Version: "2012-10-18", statement: [good] })).toEqual([
      "$.Version must be 2012-10-17 or 2008-10-17",
      "$.Statement is missing",
      "$.statement is no element of a policy; Statement is meant?",
    ]);
    expect(
      problemsOf({ Statement: [{ ...good, Sid: "A" }, good, { ...good, Sid: "A" }, { ...good, Sid: "A" }] }),
    ).toEqual([
      "$.Statement[2].Sid must be another than those of the statements before",
      "$.Statement[3].Sid must be another than those of the statements before",
    ]);
  });
});

test("text that is no JSON, and JSON in which a name stands twice", () => {
  expect(readTrustPolicyText("{")).toEqual({
    json: undefined,
    problems: [{ path: [], message: expect.stringContaining("is not JSON: ") }],
  });
  for (const text of ["hunter2", '{"a": hunter2}', '{"a": 1, "b": "hunter2" "c"}', '["hunter2'])
    expect(problemsOfText(text).join()).toMatch(/^\$ is not JSON: (?!.*hunter)/);
  for (const text of ["", " \n"]) expect(problemsOfText(text)).toEqual(["$ is empty"]);
  const twice = JSON.stringify({ Statement: { ...good, Effect: "Deny" } }).replace("{", '{"Statement":[],');
  expect(readTrustPolicyText(twice)).toMatchObject({
    problems: [{ path: ["Statement"], message: "stands twice in the same object" }],
  });
  const wrong = JSON.stringify({ Statement: { ...good, Effect: "deny" } }).replace("{", '{"Statement":[],');
  expect(readTrustPolicyText(wrong)).toMatchObject({
    problems: [{ path: ["Statement"] }, { path: ["Statement", 0, "Effect"] }],
  });
  expect(readTrustPolicyText(JSON.stringify({ Statement: good }))).toMatchObject({ policy: { version: "2008-10-17" } });
});

describe("claims", () => {
  const claims = { iss: "https://accounts.google.com", sub: "1", aud: "a" };
  test("what else a token says is left out", () => {
    expect(readClaims({ ...claims, azp: "1", google: { compute_engine: {} }, x: 1, exp: 3, amr: ["pwd"] })).toEqual({
      claims: { ...claims, azp: "1", google: {}, exp: 3, amr: ["pwd"] },
    });
    for (const number of [1, "1"])
      expect(readClaims({ ...claims, google: { organization_number: number } })).toMatchObject({
        claims: { google: { organization_number: number } },
      });
    expect(readClaims({ ...claims, google: { organization_number: true } })).toMatchObject({
      claim: "google.organization_number",
    });
    expect(keyPrefixOf({ iss: "xhttps://a" })).toBe("xhttps://a");
    expect(audienceKey({ aud: [] })).toBe("");
    expect(readClaims({ ...claims, aud: ["a", "b"] })).toEqual({ claims: { ...claims, aud: ["a", "b"] } });
  });

  test.each<[string, unknown, string, string]>([
    ["no object", "x", "claims", "must be an object"],
    ["no sub", { ...claims, sub: undefined }, "sub", "is missing"],
    ["a number for sub", { ...claims, sub: 1 }, "sub", "must be text"],
    ["an empty sub", { ...claims, sub: "" }, "sub", "must not be empty"],
    ["no audience", { iss: "x", sub: "1" }, "aud", "is missing"],
    ["a number for aud", { ...claims, aud: 1 }, "aud", "must be text or a list of text"],
    ["an end that is text", { ...claims, exp: "1" }, "exp", "must be a number"],
    ["amr as text", { ...claims, amr: "pwd" }, "amr", "must be a list of text"],
  ])("%s", (_name, value, claim, message) => {
    expect(readClaims(value)).toEqual({ claim, message });
  });
});

test("a policy may have 4,096 characters, white space left out, and no more", () => {
  const sized = (size: number) => {
    const text = JSON.stringify({ Statement: { ...good, Sid: "" } }, undefined, 9);
    const missing = size - text.replace(/\s/g, "").length;
    return text.replace('"Sid": ""', `"Sid": "${"a".repeat(missing)}"`);
  };
  expect(readTrustPolicyText(sized(4096))).toHaveProperty("policy");
  expect(readTrustPolicyText(sized(4097))).toMatchObject({
    problems: [{ path: [], message: expect.stringContaining("has 4097 characters") }],
    json: undefined,
  });
});

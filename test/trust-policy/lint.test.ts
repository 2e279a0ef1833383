import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { trustGoogle, trustProvider } from "../../src/trust-policy/generate.ts";
import { absentKeys } from "../../src/trust-policy/condition-keys.ts";
import { type Finding, lintTrustPolicy, rules } from "../../src/trust-policy/lint/lint.ts";
import { formatPolicy, type PolicyDocument } from "../../src/trust-policy/policy.ts";
import { toSarif } from "../../src/trust-policy/lint/sarif.ts";
import expected from "../cases/lint-findings.json" with { type: "json" };
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
const textOf = ({ policy, text }: Case) => text ?? JSON.stringify(policy);
const linted = new Map<Case, Finding[]>();
/** Several tests ask for the same. */
function lint(one: Case): Finding[] {
  const known = linted.get(one) ?? lintTrustPolicy(textOf(one));
  linted.set(one, known);
  return known;
}
const found = (one: Case) => [...new Set(lint(one).map(({ rule }) => rule))];
/** What a runtime says of broken JSON is its own. */
const jsonErrorless = (evidence: string) => evidence.replace(/(is not JSON: ).*/s, "$1…");

const policyWith = (condition: object, effect = "Allow") =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      Effect: effect,
      Principal: { Federated: "accounts.google.com" },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: condition,
    },
  });

const publicWith = (condition: object) =>
  lintTrustPolicy(
    JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole", Condition: condition },
    }),
  ).map(({ rule }) => rule);

test.each(["sub", "aud", "oaud", "email", "amr"])("%s is text, and no number", (name) => {
  const rulesOf = (operator: string) =>
    lintTrustPolicy(policyWith({ [operator]: { [`accounts.google.com:${name}`]: "1" } })).map(({ rule }) => rule);
  expect(rulesOf("NumericEquals")).toContain("operator-type");
  for (const operator of ["StringLike", "Null"]) expect(rulesOf(operator)).not.toContain("operator-type");
});

/** One of each group is named here, lest all of a group be lost. */
const absent = [
  "CalledVia",
  "MultiFactorAuthPresent",
  "PrincipalOrgID",
  "PrincipalType",
  "SourceArn",
  "Ec2InstanceSourceVpc",
];
test.each([...absentKeys, ...absent.map((name) => `aws:${name}`)])("a Deny may ask whether there is %s", (key) => {
  const rulesOf = (effect: string, operator: string) =>
    lintTrustPolicy(policyWith({ [operator]: { [key]: "x" } }, effect)).map(({ rule }) => rule);
  expect(rulesOf("Deny", "StringNotEquals")).not.toContain("unknown-key");
  expect(rulesOf("Allow", "StringEqualsIfExists")).not.toContain("unknown-key");
  expect(rulesOf("Allow", "StringEquals")).toContain("unknown-key");
});

test.each([
  ["aws:PrincipalOrgID", ["o-a1b2c3d4e5"], ["o-*", "?-a1b2c3d4e5", "${aws:PrincipalOrgID}"]],
  [
    "aws:PrincipalOrgPaths",
    ["o-a1b2c3d4e5/*", "o-a1b2c3d4e5/r-ab12/ou-1/"],
    ["o-*/r-ab12/*", "*/o-a/", "o-?/", "x/o-a/"],
  ],
  ["aws:PrincipalAccount", ["111122223333"], ["1111*", "*3333", "?11122223333"]],
  [
    "aws:PrincipalArn",
    ["arn:aws:iam::111122223333:role/*", "arn:aws-cn:sts:eu:111122223333:x"],
    ["arn:aws:iam::*:role/R", "arn:aws:iam::11112222333?:role/R", "*arn:aws:iam::111122223333:role/R", "*"],
  ],
  [
    "aws:SourceArn",
    ["arn:aws:sns:us-east-1:111122223333:*", "arn:aws:s3:::example"],
    ["arn:aws:s3:::*", "arn:aws:sns:us-east-1:*:x", "*arn:aws:sns:us-east-1:111122223333:x"],
  ],
  ["aws:SourceAccount", ["111122223333"], ["1111*", "*3333"]],
  ["aws:SourceOrgID", ["o-a1b2c3d4e5"], ["o-*", "*5"]],
  ["aws:SourceOrgPaths", ["o-a1b2c3d4e5/r-ab12/*"], ["o-*/r-ab12/", "x/o-a/", "o-a*/"]],
  ["aws:SourceVpc", ["vpc-1a"], ["vpc-*", "*a"]],
  ["aws:SourceVpce", ["vpce-1a"], ["vpce-*", "*a"]],
  ["sts:ExternalId", ["K4-7q"], ["K4-*", "*q"]],
])("%s says where a caller comes from", (key, narrow, wide) => {
  const isOpen = (value: string) => publicWith({ StringLike: { [key]: value } }).includes("public-principal");
  expect(narrow.filter(isOpen)).toEqual([]);
  expect(wide.filter((value) => !isOpen(value))).toEqual([]);
});

test("ranges of addresses say where a caller comes from, unless they are too many", () => {
  const isOpen = (...ranges: string[]) =>
    publicWith({ IpAddress: { "aws:SourceIp": ranges } }).includes("public-principal");
  const narrow = ["203.0.113.7", "10.0.0.0/8", "203.0.0.0/9", "203.0.113.0/24", "203.0.113.7/32", "10.0.0.0/7"];
  expect(narrow.filter((range) => isOpen(range))).toEqual([]);
  const narrowToo = ["2001:db8::1", "2001:DB8::/19", "2001:db8::/32", "2001:db8::/128"];
  expect(narrowToo.filter((range) => isOpen(range))).toEqual([]);
  const wide = ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/6", "::/0", "2000::/3", "2600::/18", "10.0.0.0/x"];
  expect(wide.filter((range) => !isOpen(range))).toEqual([]);
  expect(isOpen("10.0.0.0/8", "11.0.0.0/8")).toBe(false);
  expect(isOpen("10.0.0.0/8", "11.0.0.0/8", "12.0.0.1")).toBe(true);
  expect(isOpen("10.0.0.0/8", "2001:db8::/20")).toBe(false);
  expect(publicWith({ StringLike: { "aws:SourceIp": "10.*" } })).toContain("public-principal");
});

test.each([
  ["NumericEquals", "aws:PrincipalAccount", "111122223333"],
  ["NumericGreaterThan", "aws:PrincipalAccount", "1"],
  ["DateGreaterThan", "sts:ExternalId", "2000-01-01"],
  ["Bool", "aws:PrincipalOrgID", "true"],
  ["Null", "aws:PrincipalOrgID", "false"],
  ["StringNotEquals", "aws:PrincipalOrgID", "o-a"],
  ["StringEqualsIfExists", "aws:PrincipalOrgID", "o-a"],
  ["ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-a"],
  ["StringLike", "aws:PrincipalArn", "arn:*:iam::111122223333:role/x"],
  ["StringLike", "aws:SourceVpcArn", "arn:aws:ec2:*:111122223333:vpc/x"],
  ["StringLike", "aws:userid", "*:111122223333"],
  ["StringEquals", "accounts.google.com:oaud", "https://aws.example.com"],
  ["StringLike", "accounts.google.com:sub", "1*"],
  ["StringEquals", "accounts.google.com:aud", "32555940559.apps.googleusercontent.com"],
  ["StringEquals", "accounts.google.com:aud", ["100111222333444555666", "32555940559.apps.googleusercontent.com"]],
  ["StringLike", "accounts.google.com:sub", ["100111222333444555666", "2*"]],
  ["StringLike", "aws:PrincipalOrgID", ["o-a", "o-*"]],
  ["ArnLike", "aws:PrincipalArn", "xarn:aws:iam::111122223333:role/x"],
  ["ArnLike", "aws:SourceArn", "xarn:aws:sns:us-east-1:111122223333:*"],
  ["ArnLike", "aws:SourceArn", "arn:aws:sns:us-east-1:1111:*"],
  ["ArnLike", "aws:SourceArn", "arn:aws:s3:::bucket*"],
  ["StringLike", "aws:userid", "xAROAEXAMPLEEXAMPLE123:*"],
  ["StringLike", "aws:userid", "AROAEXAMPLEEXAMPLE123*"],
  ["StringEquals", "aws:userid", "1111222233334"],
])("%s of %s %s does not say where a caller comes from", (operator, key, value) => {
  expect(publicWith({ [operator]: { [key]: value } })).toContain("public-principal");
});

test.each([
  ["StringEquals", "aws:PrincipalAccount", "111122223333"],
  ["StringEqualsIgnoreCase", "aws:PrincipalOrgID", "o-a"],
  ["ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a/*"],
  ["ArnLike", "aws:PrincipalArn", "arn:*:iam::111122223333:role/x"],
  ["ArnEquals", "aws:SourceVpcArn", "arn:aws:ec2:*:111122223333:vpc/x"],
  ["StringLike", "aws:userid", "AROAEXAMPLEEXAMPLE123:*"],
  ["StringEquals", "aws:userid", "111122223333"],
  ["StringEquals", "aws:VpceAccount", "111122223333"],
  ["StringEquals", "aws:VpceOrgID", "o-a"],
  ["ForAnyValue:StringLike", "aws:VpceOrgPaths", "o-a/*"],
  ["StringEquals", "accounts.google.com:sub", "100111222333444555666"],
  ["StringLike", "accounts.google.com:sub", "100111222333444555666"],
  ["StringEquals", "accounts.google.com:email", "a@b.example"],
  ["StringEquals", "accounts.google.com:aud", "100111222333444555666"],
  ["StringEquals", "aws:userid", "AROAEXAMPLEEXAMPLE123"],
  ["ArnLike", "aws:SourceArn", "arn:*:sns:*:111122223333:*"],
  ["ArnLike", "aws:SourceArn", "arn:aws:s3:::bucket"],
])("%s of %s %s says where a caller comes from", (operator, key, value) => {
  expect(publicWith({ [operator]: { [key]: value } })).not.toContain("public-principal");
});

describe("everybody, but for those whom a Deny is against", () => {
  const org = { "aws:PrincipalOrgID": "o-a" };
  const isOpen = (deny: object, action: string | string[] = "sts:AssumeRole") =>
    lintTrustPolicy(
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { AWS: "*" }, Action: action },
          { Effect: "Deny", Principal: "*", Action: "sts:AssumeRole", ...deny },
        ],
      }),
    ).some(({ rule, path }) => rule === "public-principal" && path.startsWith("$.Statement[0]"));

  test.each<[object, (string | string[])?]>([
    [{ Condition: { StringNotEquals: org } }],
    [{ Condition: { StringNotEqualsIfExists: org } }],
    [{ Condition: { "ForAllValues:StringNotEquals": org } }],
    [{ Condition: { StringNotEquals: { "aws:principalorgid": "${aws:ResourceOrgID}" } } }],
    [{ Condition: { StringNotEquals: { "aws:PrincipalAccount": "${AWS:resourceaccount}" } } }],
    [{ Condition: { StringNotEquals: { "aws:SourceOrgID": "${aws:ResourceOrgID}" } } }],
    [{ Condition: { StringNotEquals: { "aws:SourceAccount": "${aws:ResourceAccount}" } } }],
    [{ Condition: { StringNotEquals: { "aws:VpceOrgID": "${aws:ResourceOrgID}" } } }],
    [{ Condition: { "ForAllValues:StringNotLike": { "aws:PrincipalOrgPaths": "${aws:ResourceOrgID}/*" } } }],
    [{ Condition: { ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::${aws:ResourceAccount}:role/*" } } }],
    [{ Condition: { StringNotEquals: org } }, ["sts:AssumeRole", "sts:TagSession"]],
    [{ Condition: { StringNotEquals: org }, Action: "sts:*" }, ["sts:AssumeRole", "sts:AssumeRoleWithSAML"]],
    [{ Condition: { StringNotEquals: org }, Principal: { AWS: "*" } }],
    [{ Condition: { StringNotEquals: org, BoolIfExists: { "aws:PrincipalIsAWSService": "false" } } }],
    [{ Condition: { StringNotEquals: { ...org, "aws:PrincipalAccount": "111122223333" } } }],
    [{ Condition: { ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } } }],
    [{ Condition: { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } } }],
  ])("%j: are closed out", (deny, action) => {
    expect(isOpen(deny, action)).toBe(false);
  });

  test.each<[object, (string | string[])?]>([
    [{}],
    [{ Condition: { StringEquals: org } }],
    [{ Condition: { "ForAnyValue:StringNotEquals": org } }],
    [{ Condition: { StringNotEquals: { ...org, "aws:PrincipalTag/team": "a" } } }],
    [{ Condition: { StringNotEquals: { ...org, "aws:PrincipalIsAWSService": "false" } } }],
    [{ Condition: { StringNotEquals: org, NumericEquals: { "aws:PrincipalIsAWSService": "false" } } }],
    [{ Condition: { StringNotEquals: org, BoolIfExists: { "aws:PrincipalIsAWSService": "true" } } }],
    [{ Condition: { StringNotEquals: org, Null: { "aws:PrincipalIsAWSService": "false" } } }],
    [{ Condition: { StringNotEquals: org, Bool: { "aws:SecureTransport": "false" } } }],
    [{ Condition: { BoolIfExists: { "aws:PrincipalIsAWSService": "false" } } }],
    [{ Condition: { StringNotEquals: { "aws:PrincipalTag/team": "a" } } }],
    [{ Condition: { StringNotLike: { "aws:PrincipalOrgID": "o-*" } } }],
    [{ Condition: { StringNotEquals: { "aws:PrincipalOrgID": ["${aws:ResourceOrgID}", "${aws:userid}"] } } }],
    [{ Condition: { StringNotEquals: { "aws:PrincipalArn": "${aws:ResourceAccount}" } } }],
    [{ Condition: { StringNotLike: { "aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/*" } } }],
    [{ Condition: { StringNotEquals: org }, Principal: { AWS: "111122223333" } }],
    [{ Condition: { StringNotEquals: org }, Action: "sts:TagSession" }],
    [{ Condition: { StringNotEquals: org } }, ["sts:AssumeRole", "sts:AssumeRoleWithSAML"]],
    [{ Condition: { StringNotEquals: org } }, "sts:*"],
    [{ Condition: { StringNotEquals: org }, Effect: "Allow" }],
  ])("%j: get in", (deny, action) => {
    // A Deny without a condition is against everybody, but is not looked at for that.
    expect(isOpen(deny, action)).toBe(true);
  });
});

test.each([
  ["Deny", "StringNotEquals", "aws:PrincipalTag/team", false],
  ["Deny", "StringEquals", "sts:ExternalId", false],
  ["Deny", "StringEquals", "ec2:SourceInstanceARN", false],
  ["Allow", "StringEqualsIfExists", "ec2:SourceInstanceARN", false],
  ["Allow", "StringEquals", "ec2:SourceInstanceARN", true],
  ["Deny", "StringEquals", "aws:SourceIpp", true],
  ["Deny", "StringEquals", "sts:RoleSession", true],
  ["Deny", "StringEquals", "iam:Foo", true],
  ["Deny", "StringEquals", "accounts.gogle.com:sub", true],
  ["Deny", "StringEquals", "ec2.x:foo", true],
  ["Deny", "StringEquals", "e_2:foo", true],
  ["Allow", "StringEquals", "aws:ResourceTag/cost:center", false],
])("a %s with %s of %s: unknown-key is %s", (effect, operator, key, isUnknown) => {
  const rulesOf = lintTrustPolicy(policyWith({ [operator]: { [key]: "x" } }, effect)).map(({ rule }) => rule);
  expect(rulesOf.includes("unknown-key")).toBe(isUnknown);
});

test.each(["PrincipalOrgPaths", "SourceOrgPaths", "CalledVia", "PrincipalServiceNamesList", "TagKeys", "VpceOrgPaths"])(
  "aws:%s has many values",
  (name) => {
    const text = policyWith({ "ForAllValues:StringLike": { [`aws:${name}`]: "x" } }, "Deny");
    expect(lintTrustPolicy(text).map(({ rule }) => rule)).not.toContain("for-all-values");
  },
);

test.each<[string, object, string, RegExp]>([
  [
    "a tag of the role",
    { StringEquals: { "accounts.google.com:oaud": "https://a", "iam:ResourceTag/team": "x" } },
    "audience-only",
    /the audience https:\/\/a$/,
  ],
  [
    "a * that is no wildcard, beside a variable",
    { StringEquals: { "accounts.google.com:oaud": "*/${sts:RoleSessionName}/?" } },
    "audience-only",
    /the audience \*\/\/\?$/,
  ],
  [
    "an email that is not the one of azp, and none at all",
    {
      "ForAnyValue:StringNotEquals": { "accounts.google.com:email": "${accounts.google.com:aud}" },
      Null: { "accounts.google.com:email": "true" },
    },
    "unreachable",
    /^no token/,
  ],
  [
    "a variable that stands for anything, and a Deny of nothing",
    { StringLike: { "accounts.google.com:sub": ["1${sts:RoleSessionName}", "x"] } },
    "wildcard-identity",
    /^lets in 199999999999999999999, /,
  ],
])("%s is seen as it is compared", (_, condition, rule, evidence) => {
  const finding = lintTrustPolicy(policyWith(condition)).find((one) => one.rule === rule);
  expect(finding?.evidence).toMatch(evidence);
});

describe("the corpus", () => {
  test.each(cases)("$name", (one) => {
    expect(found(one).toSorted()).toEqual(one.findings.toSorted());
  });

  test("shows each finding where and how it was found right", () => {
    const shown = cases.flatMap((one) =>
      // Anew: the tests of mutants tell by what a test runs what it is about.
      lintTrustPolicy(textOf(one)).map(({ rule, path, evidence }) => [one.name, rule, path, jsonErrorless(evidence)]),
    );
    expect(shown).toEqual(expected);
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

describe("findings", () => {
  const text = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": { "Federated": "accounts.google.com" },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": { "StringEquals": { "accounts.google.com:oaud": "https://aws.example.com" } }
    }
  ]
}
`;

  test("say where, what it shows and what to do", () => {
    expect(lintTrustPolicy(text)).toEqual([
      {
        rule: "audience-only",
        severity: "error",
        title: "the audience alone is compared, and any Google service account can mint a token for any audience",
        evidence:
          "the audience is the caller's to choose: lets in 199999999999999999999, a made-up Google account, with the audience https://aws.example.com",
        fix: "compare accounts.google.com:sub with the numeric ID of the service account as well",
        path: "$.Statement[0].Condition",
        line: 8,
        column: 20,
      },
    ]);
  });

  test("are SARIF where that is asked for", () => {
    const sarif = toSarif([{ file: "a b/trust.json", findings: lintTrustPolicy(text) }], "1.2.3");
    expect(sarif).toMatchObject({
      version: "2.1.0",
      runs: [
        {
          tool: { driver: { name: "gcp2aws trust-policy lint", version: "1.2.3" } },
          invocations: [{ executionSuccessful: true, toolExecutionNotifications: [] }],
          results: [
            {
              ruleId: "audience-only",
              ruleIndex: rules.findIndex(({ id }) => id === "audience-only"),
              level: "error",
              message: { text: expect.stringContaining("the audience alone is compared") },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: "a%20b/trust.json" },
                    region: { startLine: 8, startColumn: 20 },
                  },
                  logicalLocations: [{ fullyQualifiedName: "$.Statement[0].Condition" }],
                },
              ],
            },
          ],
        },
      ],
    });
    const described = rules.map(({ id, severity, title, fix }) => ({
      id,
      shortDescription: { text: title },
      help: { text: fix },
      defaultConfiguration: { level: severity },
    }));
    expect(sarif).toMatchObject({ runs: [{ tool: { driver: { rules: described } } }] });
  });

  test("say in SARIF which file could not be read", () => {
    const unread = { file: "a b.json", error: { code: "LOCAL_FILE", message: "a b.json not read: [ENOENT]" } };
    const artifactLocation = { uri: "a%20b.json" };
    const invocations = [
      {
        executionSuccessful: false,
        toolExecutionNotifications: [
          {
            descriptor: { id: "LOCAL_FILE" },
            level: "error",
            message: { text: String.raw`a b.json not read: \[ENOENT\]` },
            locations: [{ physicalLocation: { artifactLocation } }],
          },
        ],
      },
    ];
    expect(toSarif([unread], "1")).toMatchObject({ runs: [{ invocations, results: [] }] });
    const read = [{ executionSuccessful: true, toolExecutionNotifications: [] }];
    expect(toSarif([{ file: "a", findings: [] }], "1")).toMatchObject({ runs: [{ invocations: read, results: [] }] });
  });

  test("say in SARIF what is no error", () => {
    const findings = lintTrustPolicy(text.replace("sts:AssumeRoleWithWebIdentity", "sts:*"));
    const warnings = findings.filter(({ rule }) => rule === "wide-action");
    const results = [{ ruleId: "wide-action", level: "warning" }];
    expect(toSarif([{ file: "a", findings: warnings }], "1")).toMatchObject({ runs: [{ results }] });
  });

  test("are no links and no addresses of another kind, whatever policy and file are called", () => {
    const value = "[ok](https://evil.example) {0} back\\slash";
    const odd = text
      .replace('"accounts.google.com:oaud"', '"accounts.google.com:aud"')
      .replace("https://aws.example.com", JSON.stringify(value).slice(1, -1));
    const sarif = JSON.stringify(toSarif([{ file: "a#b/c?d%20.json", findings: lintTrustPolicy(odd) }], "1"));
    expect(sarif).toContain(JSON.stringify(String.raw`\[ok\](https://evil.example) {{0}} back\\slash`).slice(1, -1));
    expect(sarif).toContain('"uri":"a%23b/c%3Fd%2520.json"');
  });

  test("rules have names of their own", () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { id, title, fix } of rules) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect([title, fix].join("").length).toBeGreaterThan(20);
    }
  });
});

describe("policies as long as they may be, with many patterns, are not too complex:", () => {
  const cluster = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";
  const ofCluster = { Federated: `arn:aws:iam::111122223333:oidc-provider/${cluster}` };
  const list = (length: number, each: (at: number) => string) => Array.from({ length }, (_, at) => each(at));
  const allow = (principal: object, condition: object) => ({
    Effect: "Allow",
    Principal: principal,
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: condition,
  });
  const google = { Federated: "accounts.google.com" };
  const id = (at: number) => `1${String(at * 7_919_797).padStart(20, "0")}`;
  const audience = { StringEquals: { "accounts.google.com:oaud": "https://aws.example.com" } };

  test.each<[string, object[], string[]]>([
    [
      "accounts",
      [allow(google, { StringEquals: { "accounts.google.com:sub": list(150, id), ...audience.StringEquals } })],
      ["quota"],
    ],
    [
      "namespaces, less some",
      [
        allow(ofCluster, {
          StringLike: { [`${cluster}:sub`]: list(36, (at) => `system:serviceaccount:*-team-${at}:*`) },
        }),
        {
          ...allow(ofCluster, {
            StringLike: { [`${cluster}:sub`]: ["system:serviceaccount:kube-*:*", "*:default"] },
          }),
          Effect: "Deny",
        },
      ],
      ["wildcard-identity"],
    ],
    [
      "projects, less some",
      [
        allow(google, {
          StringLike: { "accounts.google.com:email": list(20, (at) => `*@project-${at}.iam.gserviceaccount.com`) },
          ...audience,
        }),
        {
          ...allow(google, {
            StringNotLike: { "accounts.google.com:email": ["*.gserviceaccount.com", "*@example.com"] },
          }),
          Effect: "Deny",
        },
      ],
      ["email-key", "wildcard-identity"],
    ],
    [
      "audiences",
      [
        allow(google, {
          StringEquals: { "accounts.google.com:sub": id(1), "accounts.google.com:aud": id(1) },
          StringLike: { "accounts.google.com:oaud": list(30, (at) => `https://*.service-${at}.example.com/*`) },
        }),
      ],
      ["wildcard-audience"],
    ],
  ])("%s", (_, Statement, wanted) => {
    const began = performance.now();
    const findings = lintTrustPolicy(JSON.stringify({ Version: "2012-10-17", Statement }));
    expect(performance.now() - began).toBeLessThan(5_000);
    expect([...new Set(findings.map(({ rule }) => rule))].toSorted()).toEqual(wanted);
  });
});

test("a policy of thousands of identities is looked through in a moment", () => {
  const list = (prefix: string) => Array.from({ length: 10 }, (_, at) => `${prefix}${at}`);
  const keys = {
    sub: list("10011122233344455566"),
    aud: list("10011122233344455566"),
    oaud: list("https://a"),
    email: list("a@b"),
  };
  const Condition = {
    StringEquals: Object.fromEntries(
      Object.entries(keys).map(([name, values]) => [`accounts.google.com:${name}`, values]),
    ),
  };
  const statement = { Principal: { Federated: "accounts.google.com" }, Action: "sts:AssumeRoleWithWebIdentity" };
  const text = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", ...statement, Condition },
      { Effect: "Allow", ...statement, Condition },
      { Effect: "Deny", ...statement },
    ],
  });
  const began = performance.now();
  expect(new Set(lintTrustPolicy(text).map(({ rule }) => rule))).toEqual(
    new Set(["email-key", "repeated-statement", "unreachable"]),
  );
  expect(performance.now() - began).toBeLessThan(5_000);
});

describe("what generate writes", () => {
  const number = fc.bigInt({ min: 10n ** 20n, max: 10n ** 21n - 1n }).map(String);
  const email = fc.constantFrom("team-a@example-project.iam.gserviceaccount.com", "b@p.iam.gserviceaccount.com");
  const audience = fc.constantFrom(
    "https://aws.example.com",
    "aws-prod",
    "https://example.com/?a=1",
    "sts.amazonaws.com",
  );
  const some = <T>(item: fc.Arbitrary<T>) => fc.uniqueArray(item, { minLength: 1, maxLength: 4 });
  // Google's tokens without an azp, for which generate compares :aud with the audience, are not among them: no way to make one is known.
  const identity = fc
    .tuple(number, fc.option(email, { nil: undefined }), fc.boolean())
    .map(([sub, mail, known]) => ({ sub, azp: known ? (mail ?? sub) : undefined }));
  const quiet = (policy: PolicyDocument) => {
    const text = JSON.stringify(formatPolicy(policy));
    expect(lintTrustPolicy(text).filter(({ rule }) => rule !== "quota")).toEqual([]);
  };

  test("for identities of Google has no finding but its size", () => {
    fc.assert(
      fc.property(some(identity), some(audience), (identities, audiences) => quiet(trustGoogle(identities, audiences))),
    );
  });

  test("for pods of a cluster has none", () => {
    const name = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";
    const pod = fc.constantFrom("system:serviceaccount:a:b", "system:serviceaccount:default:default");
    fc.assert(
      fc.property(some(pod), some(audience), (subs, audiences) =>
        quiet(trustProvider(`arn:aws:iam::111122223333:oidc-provider/${name}`, subs, audiences)),
      ),
    );
  });
});

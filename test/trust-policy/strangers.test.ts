import { describe, expect, test } from "vitest";
import { lintStatement } from "../../src/trust-policy/lint/rule.ts";
import {
  strangersAudiences,
  strangersEmails,
  strangersPods,
  strangersSubs,
} from "../../src/trust-policy/lint/strangers.ts";
import { parsePolicy } from "../../src/trust-policy/policy.ts";

const G = "accounts.google.com";
const C = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";

function subject(issuer: string, ...lines: [effect: string, operator: string, name: string, values: string[]][]) {
  const federated = issuer === G ? G : `arn:aws:iam::111122223333:oidc-provider/${issuer}`;
  if (lines.length === 0) return { statements: [] };
  const { statements } = parsePolicy({
    Version: "2012-10-17",
    Statement: lines.map(([Effect, operator, name, values]) => ({
      Effect,
      Principal: { Federated: federated },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { [operator]: { [`${issuer}:${name}`]: values } },
    })),
  });
  return { statements: statements.map(lintStatement) };
}
const google = (...lines: Parameters<typeof subject> extends [string, ...infer Rest] ? Rest : never) =>
  subject(G, ...lines);

describe("strangers' IDs", () => {
  test("are one where nothing tells them apart", () => {
    expect(strangersSubs(google())).toEqual(["199999999999999999999"]);
    expect(strangersSubs(google(["Allow", "StringEquals", "sub", ["1"]]))).toEqual(["199999999999999999999"]);
    expect(strangersSubs(google(["Allow", "StringLike", "oaud", ["1*"]]))).toEqual(["199999999999999999999"]);
  });

  test("are of 21 digits, and other ones where the usual are named", () => {
    const named = ["199999999999999999999", "100000000000000000001"];
    for (const name of ["sub", "aud"]) {
      const [first = "", ...others] = strangersSubs(google(["Allow", "StringNotEquals", name, named]));
      expect(first).toMatch(/^[1-9]\d{20}$/);
      expect([named.includes(first), others]).toEqual([false, []]);
    }
    const [one] = strangersSubs(google(["Allow", "StringNotEquals", "sub", named]));
    expect(strangersSubs(google(["Allow", "StringNotEquals", "sub", [...named, one ?? ""]]))).not.toContain(one);
  });

  test.each<[string, string, string[], RegExp[]]>([
    ["Deny", "StringNotLike", ["101*"], [/^199/, /^101\d{18}$/]],
    ["Deny", "StringNotLike", ["*77"], [/^199/, /^1\d{18}77$/]],
    ["Deny", "StringNotLike", ["1?7*5"], [/^199/, /^1\d7\d{17}5$/]],
    ["Deny", "StringNotLike", ["12*", "*34"], [/^199/, /^12/, /34$/, /^12\d{17}34$/]],
    ["Deny", "StringLike", ["1*"], [/^199/, /^[2-9]/]],
    ["Deny", "StringLike", ["*9"], [/9$/, /[0-8]$/]],
    ["Allow", "StringNotLike", ["1*", "2*", "3*"], [/^1/, /^2/, /^3/, /^[4-9]/]],
    ["Allow", "StringNotLike", ["*1*", "*2*"], [/^[^12]+$/, /^1[^2]+$/, /^[^1]*2[^1]*$/]],
    ["Deny", "StringLike", ["10*", "11*", "12*", "13*", "14*", "15*", "16*", "17*", "19*"], [/^19/, /^(18|[2-9])/]],
  ])("are one of each kind that a %s of %s %j makes", (effect, operator, values, kinds) => {
    const subs = strangersSubs(google([effect, operator, "sub", values]));
    for (const kind of kinds) expect(subs.filter((sub) => kind.test(sub))).not.toEqual([]);
    expect(subs.filter((sub) => !/^[1-9]\d{20}$/.test(sub))).toEqual([]);
    expect(subs.length).toBeLessThan(12);
  });

  test("are not what an Allow with a wildcard is for", () => {
    expect(strangersSubs(google(["Allow", "StringLike", "sub", ["107*"]]))).toEqual(["199999999999999999999"]);
  });
});

describe("strangers' emails", () => {
  test("are a service account's where nothing tells them apart", () => {
    expect(strangersEmails(google())).toEqual(["stranger@stranger.iam.gserviceaccount.com"]);
  });

  test.each<[string, string, string[], RegExp[]]>([
    [
      "Allow",
      "StringNotLike",
      ["*@stranger.iam.gserviceaccount.com"],
      [/^[a-z]{8}@[a-z]{8}\.iam\.gserviceaccount\.com$/],
    ],
    ["Allow", "StringNotLike", ["*.iam.gserviceaccount.com"], [/^[1-9]{12}-compute@developer\.gserviceaccount\.com$/]],
    ["Allow", "StringNotLike", ["*gserviceaccount.com"], [/^[a-z]{8}@gmail\.com$/]],
    ["Allow", "StringNotLike", ["*.com"], [/^[a-z]{8}@[a-z]{8}\.example$/]],
    ["Deny", "StringNotLike", ["app-?@*.example.com"], [/^app-x@[a-z]{8}\.example\.com$/]],
  ])("are others where a %s of %s %j keeps that out", (effect, operator, values, kinds) => {
    const emails = strangersEmails(google([effect, operator, "email", values]));
    for (const kind of kinds) expect(emails.filter((email) => kind.test(email))).not.toEqual([]);
    expect(emails.filter((email) => !email.includes("@"))).toEqual([]);
    expect(strangersEmails(google([effect, operator, "aud", values])).length).toBe(emails.length);
  });

  test("have an @, whatever fits", () => {
    expect(strangersEmails(google(["Deny", "StringNotLike", "aud", ["107*"]]))).toEqual([
      "stranger@stranger.iam.gserviceaccount.com",
    ]);
  });
});

test.each<[string, string, string[], RegExp[]]>([
  ["Allow", "StringEquals", ["a"], [/^https:\/\/stranger\.example$/]],
  ["Allow", "StringNotLike", ["https://*"], [/^stranger$/]],
  ["Allow", "StringNotLike", ["*stranger*"], [/^[a-z]{12}$/]],
  ["Allow", "StringNotEquals", ["https://stranger.example", "stranger"], [/^[a-z]{12}$/]],
  ["Allow", "StringNotLike", ["s*", "https://stranger*", "????????????"], [/^https:\/\/[a-z]{12}\.example$/]],
  ["Allow", "StringNotLike", ["*e*", "*a*", "*i*", "*o*", "*u*", "s*", "h*"], [/^([A-Z]{12}|[1-9]{21})$/]],
  ["Allow", "StringNotLike", ["s*", "h*", "????????????"], [/^(\/\/[a-z]{12}|[1-9]{21})$/]],
  ["Deny", "StringNotLike", ["api://?/*"], [/^api:\/\/x\/stranger$/]],
])("strangers' audiences are others where a %s of %s %j keeps some out", (effect, operator, values, kinds) => {
  for (const name of ["oaud", "aud"]) {
    const audiences = strangersAudiences(google([effect, operator, name, values]));
    for (const kind of kinds) expect(audiences.filter((audience) => kind.test(audience))).not.toEqual([]);
    expect(audiences.filter((audience) => values.includes(audience))).toEqual([]);
  }
});

describe("strangers' pods", () => {
  const pods = (operator: string, ...values: string[]) => strangersPods(subject(C, ["Allow", operator, "sub", values]));

  test("are of no namespace that is named", () => {
    expect(pods("StringEquals", "system:serviceaccount:a:b")).toEqual(["system:serviceaccount:stranger:stranger"]);
    const [first = "", ...others] = pods("StringNotEquals", "system:serviceaccount:stranger:stranger");
    expect(first).toMatch(/^system:serviceaccount:[a-z]{8}:stranger$/);
    expect(others).toEqual([]);
    expect(pods("StringLike", "system:serviceaccount:prod:*")).toEqual(["system:serviceaccount:stranger:stranger"]);
  });

  test.each([
    ["system:serviceaccount:*:default", "system:serviceaccount:stranger:default"],
    ["system:serviceaccount:prod-?:app-*", "system:serviceaccount:prod-x:app-stranger"],
    ["*:deployer", "system:serviceaccount:stranger:deployer"],
    ["system:serviceaccount:*", "system:serviceaccount:stranger:stranger"],
    ["*", "system:serviceaccount:stranger:stranger"],
    ["system:serviceaccount:A*:b", "system:serviceaccount:stranger:stranger"],
  ])("fit %s where they can", (pattern, pod) => {
    const all = pods("StringLike", pattern);
    expect(all).toContain(pod);
    expect(all.filter((one) => !/^system:serviceaccount:[a-z\d-]+:[a-z-]+$/.test(one))).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import {
  AUDIENCES,
  CLIENTS,
  EMAILS,
  headsOfPods,
  type Language,
  NUMBERS,
  namesOf,
  PODS,
  SUBS,
} from "../../src/trust-policy/lint/names.ts";
import { lintStatements } from "../../src/trust-policy/lint/rule.ts";
import { parsePolicy } from "../../src/trust-policy/policy.ts";

const C = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";

/** Lines that compare a key with such values. */
function lines(...all: [operator: string, ...values: string[]][]) {
  if (all.length === 0) return [];
  const policy = parsePolicy({
    Version: "2012-10-17",
    Statement: all.map(([operator, ...values]) => ({
      Effect: "Allow",
      Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${C}` },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { [operator]: { [`${C}:sub`]: values } },
    })),
  });
  return lintStatements(policy).flatMap((statement) => statement.lines);
}

/** The names of a language that such lines tell apart, where the policy has no others. */
function names(language: Language, ...all: Parameters<typeof lines>) {
  const own = lines(...all);
  return namesOf(language, own, own, { steps: 1_000_000 }, language === PODS ? headsOfPods(own) : []);
}
const strange = (...all: Parameters<typeof names>) =>
  names(...all)
    .filter((name) => name.named === "not")
    .map(({ text }) => text);
const named = (...all: Parameters<typeof names>) =>
  names(...all)
    .filter((name) => name.named !== "not")
    .map(({ text }) => text);

describe("of those that the policy does not name, there is", () => {
  test.each<[string, Language, string]>([
    ["an ID", SUBS, "199999999999999999999"],
    ["an email", EMAILS, "stranger@stranger.iam.gserviceaccount.com"],
    ["an application", CLIENTS, "32555940559.apps.googleusercontent.com"],
    ["an audience", AUDIENCES, "https://stranger.example"],
    ["an organization", NUMBERS, "1"],
    ["a pod", PODS, "system:serviceaccount:stranger:stranger"],
  ])("%s, one where nothing tells them apart", (_, language, usual) => {
    expect(strange(language)).toEqual([usual]);
    expect(strange(language, ["StringEquals", "another"])).toEqual([usual]);
    expect(strange(language, ["StringLike", "another*"]).slice(0, 1)).toEqual([usual]);
  });

  test.each<[string, Language, RegExp]>([
    ["an ID", SUBS, /^[1-9]\d{20}$/],
    ["an email", EMAILS, /^[a-z\d][\w.+-]*@[a-z\d][a-z\d.-]*\.[a-z][a-z\d-]*[a-z\d]$/i],
    ["an application", CLIENTS, /^[1-9]\d*(-[a-z\d]+)?\.apps\.googleusercontent\.com$/],
    ["an audience", AUDIENCES, /./],
    ["an organization", NUMBERS, /^[1-9]\d*$/],
    ["a pod", PODS, /^system:serviceaccount:[a-z\d]([a-z\d-]*[a-z\d])?:[a-z\d]([a-z\d.-]*[a-z\d])?$/],
  ])("%s, another one where the usual are named, and of each kind", (_, language, form) => {
    const usual = language.usual.flatMap((text) => (language === PODS ? [text, "system:serviceaccount:a:a"] : text));
    const found = strange(language, ["StringNotEquals", ...usual]);
    expect(found).toHaveLength(1);
    expect(found.filter((text) => usual.includes(text) || !form.test(text))).toEqual([]);
    const kinds = strange(language, ["StringLike", "*1*"], ["StringLike", "*9*", "*b*"], ["StringNotEquals", ...usual]);
    expect(kinds.length).toBe(4);
    expect(kinds.filter((text) => !form.test(text))).toEqual([]);
  });
});

describe("each way to compare tells names apart", () => {
  test.each<[string, Language, string[], string[]]>([
    // In whatever case: emails and pods have none.
    ["StringEquals", AUDIENCES, ["a", "b"], ["a", "A"]],
    ["StringNotEquals", AUDIENCES, ["a", "b"], ["a", "A"]],
    ["StringLike", AUDIENCES, ["a", "b"], ["a", "A"]],
    ["StringEqualsIgnoreCase", AUDIENCES, ["a"], ["a"]],
    ["ArnLike", AUDIENCES, ["arn:aws:s3:::a"], ["arn:aws:s3:::a", "arn:aws:s3:::A"]],
    ["StringLike", AUDIENCES, ["a*", "${*}"], ["*"]],
    ["StringEquals", AUDIENCES, ["*"], ["*"]],
    ["StringEquals", SUBS, ["12", "x"], ["12"]],
    ["StringEquals", EMAILS, ["a@b", "12"], ["a@b"]],
    ["StringEquals", CLIENTS, ["1.apps.googleusercontent.com", "12"], ["1.apps.googleusercontent.com"]],
    ["StringEquals", PODS, ["system:serviceaccount:a:b"], ["system:serviceaccount:a:b", "system:serviceaccount:a:a"]],
  ])("%s: those that are named", (operator, language, values, expected) => {
    expect(named(language, [operator, ...values])).toEqual(expected);
  });

  test.each<[string, string[], string[]]>([
    ["StringLike", ["a?c*"], ["https://stranger.example", "aac"]],
    ["StringNotLike", ["a?c*"], ["https://stranger.example", "aac"]],
    ["StringEqualsIgnoreCase", ["aB"], ["https://stranger.example"]],
    ["ArnLike", ["arn:*:x:*"], ["https://stranger.example"]],
    ["ArnLike", ["a:*:c:d:e:f"], ["https://stranger.example", "a::c:d:e:f"]],
    ["ArnEquals", ["a:b:c:d:e:*f"], ["https://stranger.example", "a:b:c:d:e:f"]],
    ["ArnLike", ["a:b:?:d:e:f"], ["https://stranger.example", "a:b:a:d:e:f"]],
  ])("%s %j: those that are not", (operator, values, expected) => {
    expect(strange(AUDIENCES, [operator, ...values])).toEqual(expected);
  });

  test("case by case, where one line knows it and another does not", () => {
    const all = names(AUDIENCES, ["StringEqualsIgnoreCase", "ab"], ["StringEquals", "ab"]);
    expect(all.map((name) => [name.text, name.named])).toEqual([
      ["ab", "whole"],
      ["https://stranger.example", "not"],
      ["aB", "whole"],
    ]);
  });

  test("in the last part of an ARN colons too", () => {
    const found = strange(AUDIENCES, ["ArnLike", "a:b:c:d:e:*"], ["StringLike", "a:b:c:d:e:*:*"]);
    expect(found.filter((text) => /^a:b:c:d:e:.*:/.test(text))).toHaveLength(1);
  });

  test("numbers, on both sides", () => {
    const of = (...all: Parameters<typeof lines>) => strange(NUMBERS, ...all).map(Number);
    expect(of(["NumericGreaterThan", "5"])).toEqual([6, 4]);
    expect(of(["NumericGreaterThan", "5.5"])).toEqual([5, 6]);
    expect(of(["NumericGreaterThan", "5"], ["StringNotEquals", "6", "7", "8"])).toContain(9);
    expect(of(["NumericLessThan", "1"])).toEqual([2]);
    // Of more digits than a double keeps.
    expect(strange(SUBS, ["NumericEquals", "100111222333444555666"])).toHaveLength(1);
    const below = strange(SUBS, ["NumericLessThan", "300000000000000000000"]).map((text) => text < "3");
    expect(new Set(below)).toEqual(new Set([true, false]));
  });
});

test("who trusts a pod trusts its namespace", () => {
  expect(headsOfPods(lines(["StringEquals", "system:serviceaccount:a:b", "system:serviceaccount:c:d"]))).toEqual([
    "system:serviceaccount:a:",
    "system:serviceaccount:c:",
  ]);
  expect(
    headsOfPods(lines(["StringLike", "system:serviceaccount:a:*", "system:serviceaccount:b*:c", "*:d", "x"])),
  ).toEqual(["system:serviceaccount:a:"]);
  const pods = strange(
    PODS,
    ["StringLike", "system:serviceaccount:a*:b"],
    ["StringEquals", "system:serviceaccount:ab:c"],
  );
  expect(pods).toEqual(["system:serviceaccount:stranger:stranger", "system:serviceaccount:a:b"]);
});

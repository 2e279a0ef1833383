import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPolicyArnList, minimalPolicy } from "../../src/sts/session-policy.ts";

const latin = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });

describe("a session policy", () => {
  it("loses the white space between its parts, and nothing else", () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: "small" }, latin, fc.integer(), fc.boolean(), fc.array(tie("value")), tie("object")),
      object: fc.dictionary(latin, tie("value")),
    }));
    fc.assert(
      fc.property(fc.dictionary(latin, value), fc.constantFrom(0, 1, "\t", "  "), (policy, indent) => {
        const minimal = JSON.stringify(policy);
        expect(minimalPolicy(` \r\n${JSON.stringify(policy, undefined, indent)}\n`)).toBe(
          minimal.length > 2048 ? undefined : minimal,
        );
      }),
    );
  });

  it.each<[string, string, string | undefined]>([
    ["a name that is there twice", '{"a": 1, "a": 2}', '{"a":1,"a":2}'],
    ["the order of names", '{"b": 1, "1": 2}', '{"b":1,"1":2}'],
    ["the way that a character is written", '{"a\\u0020\\"  ": "\\\\"}', '{"a\\u0020\\"  ":"\\\\"}'],
    ["white space in texts", '{ "a  b" : "\\" c" }', '{"a  b":"\\" c"}'],
    ["no object", "[]", undefined],
    ["null", "null", undefined],
    ["no JSON", "{'a': 1}", undefined],
    ["another kind of white space", '{\u00a0"a":1}', undefined],
    ["what STS does not take", '{"a":"€"}', undefined],
    ["the same, escaped", '{"a":"\\u20ac"}', '{"a":"\\u20ac"}'],
    ["2048 characters", `{ "a": "${"x".repeat(2048 - 8)}" }`, `{"a":"${"x".repeat(2048 - 8)}"}`],
    ["2049 characters", `{"a":"${"x".repeat(2049 - 8)}"}`, undefined],
  ])("%s", (_, text, minimal) => {
    expect(minimalPolicy(text)).toBe(minimal);
  });
});

describe("a list of managed policies", () => {
  const arn = "arn:aws:iam::111122223333:policy/team/Read";
  it.each<[string, boolean]>([
    ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", true],
    [arn, true],
    ["arn:aws-us-gov:iam::aws:policy/job-function/ViewOnlyAccess", true],
    [Array.from({ length: 10 }, () => arn).join(","), true],
    [Array.from({ length: 11 }, () => arn).join(","), false],
    [`${arn}, ${arn}`, false],
    [`${arn},`, false],
    ["", false],
    ["arn:aws:iam::111122223333:policy/", false],
    ["arn:aws:iam::111122223333:role/R", false],
    ["arn:aws:iam::11112222333:policy/R", false],
    ["AmazonS3ReadOnlyAccess", false],
  ])("%s: %s", (text, valid) => {
    expect(isPolicyArnList(text)).toBe(valid);
  });
});

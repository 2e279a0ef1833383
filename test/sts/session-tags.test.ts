import { describe, expect, it } from "vitest";
import { parseSessionTags } from "../../src/sts/session-tags.ts";

const many = (count: number) => Array.from({ length: count }, (_, at) => `k${at}=`).join(",");

describe("session tags", () => {
  it.each<[string, [string, string][]]>([
    ["team=a", [["team", "a"]]],
    ["team=", [["team", ""]]],
    ["team=a=b", [["team", "a=b"]]],
    [
      "cost center=7/x,équipe=é@b",
      [
        ["cost center", "7/x"],
        ["équipe", "é@b"],
      ],
    ],
    [`${"k".repeat(128)}=${"v".repeat(256)}`, [["k".repeat(128), "v".repeat(256)]]],
  ])("%s", (text, pairs) => {
    expect(parseSessionTags(text)).toEqual(pairs.map(([key, value]) => ({ key, value })));
  });

  it.each<[string, string]>([
    ["none", ""],
    ["no value", "team"],
    ["no key", "=a"],
    ["an empty one", "team=a,"],
    ["a long key", `${"k".repeat(129)}=`],
    ["a long value", `k=${"v".repeat(257)}`],
    ["another character", "team=a;b"],
    ["a tab", "team=a\tb"],
    ["a key twice", "team=a,x=1,TEAM=b"],
    ["AWS's own", "AWS:team=a"],
  ])("are refused: %s", (_, text) => {
    expect(parseSessionTags(text)).toBeUndefined();
  });

  it("are 50 at most", () => {
    expect(parseSessionTags(many(50))).toHaveLength(50);
    expect(parseSessionTags(many(51))).toBeUndefined();
  });
});

import { describe, expect, test } from "vitest";
import { evaluateConditions } from "../../src/trust-policy/condition.ts";
import { readOperator } from "../../src/trust-policy/operator.ts";
import cases from "../cases/conditions.json" with { type: "json" };

const context = {
  "aws:username": ["jane"],
  "aws:star": ["*"],
  "aws:multi": ["a", "b"],
  "aws:ten": ["10"],
  "aws:yes": ["true"],
  "aws:late": ["2030-01-01T00:00:00Z"],
  "aws:PrincipalTag/cost center": ["42"],
  a: ["1"],
};

function line(operator: string, wanted: string[], actual: string[] | null, version: "2012-10-17" | "2008-10-17") {
  const request = actual === null ? context : { ...context, "test:Key": actual };
  return evaluateConditions({ [operator]: { "TEST:key": wanted } }, request, version)[0];
}

describe("condition operators", () => {
  const rows = cases.map(([operator, wanted, actual, matched]) => ({ operator, wanted, actual, matched }));
  test.each(rows)("$operator $wanted on $actual: $matched", ({ operator, wanted, actual, matched }) => {
    if (typeof operator !== "string" || !Array.isArray(wanted)) throw new Error("not a case");
    const values = Array.isArray(actual) ? actual : null;
    expect(line(operator, wanted, values, "2012-10-17")).toMatchObject({ matched });
  });

  test("version 2008-10-17 reads a variable as plain text, its wildcards as wildcards", () => {
    expect(line("StringEquals", ["${aws:username}"], ["jane"], "2008-10-17")?.matched).toBe(false);
    expect(line("StringEquals", ["${aws:username}"], ["${aws:username}"], "2008-10-17")?.matched).toBe(true);
    expect(line("StringLike", ["${*}"], ["${anything}"], "2008-10-17")?.matched).toBe(true);
  });

  test("a key with many values cannot be inserted", () => {
    expect(line("StringLike", ["${aws:multi}"], ["a"], "2012-10-17")?.matched).toBe(false);
  });

  test("the result shows what was wanted and what was there", () => {
    expect(line("StringEquals", ["a", "b"], ["c"], "2012-10-17")).toEqual({
      operator: "StringEquals",
      key: "TEST:key",
      wanted: ["a", "b"],
      actual: ["c"],
      matched: false,
    });
  });
});

test("an operator that is none holds for nothing, a key without values is missing", () => {
  const lines = evaluateConditions({ Nulls: { k: ["x"] }, Null: { K: ["true"] } }, { k: [] }, "2012-10-17");
  expect(lines.map(({ matched, actual }) => [matched, actual])).toEqual([
    [false, undefined],
    [true, undefined],
  ]);
});

test("an operator in its three parts", () => {
  expect(readOperator("Null")).toEqual({ operator: undefined, set: undefined, ifExists: false });
  expect(readOperator("ForAllValues:BoolIfExists")).toMatchObject({ set: "all", ifExists: true });
  expect(readOperator("ForAnyValue:Bool")).toMatchObject({ set: "any", ifExists: false });
  expect(readOperator("Bool")).toMatchObject({ set: undefined, ifExists: false });
});

test.each(["Nulls", "NullIfExists", "ForAnyValue:Null", "stringEquals", "ForSomeValues:StringEquals", "IfExists", ""])(
  "%j is no operator",
  (name) => {
    expect(readOperator(name)).toBeUndefined();
  },
);

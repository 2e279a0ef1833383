import fc from "fast-check";
import { expect, test } from "vitest";
import { locate, readJsonText } from "../../src/trust-policy/json-text.ts";
import { formatPath, pathIn } from "../../src/trust-policy/path.ts";

test("what JSON.parse reads, however it is written", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
      // A number that a double does not hold to the last digit is text.
      fc.pre(!/\d{16}/.test(JSON.stringify(value)));
      expect(readJsonText(JSON.stringify(value, undefined, indent)).value).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("numbers keep their digits, and it is said where they would not", () => {
  const { value, longNumbers } = readJsonText(
    '{"id": 100111222333444555666, "n": [9007199254740991, 9007199254740993, 1.5, 1e30, -3]}',
  );
  expect(value).toEqual({ id: "100111222333444555666", n: [9007199254740991, "9007199254740993", 1.5, 1e30, -3] });
  expect(longNumbers.map(formatPath)).toEqual(["$.id", "$.n[1]"]);
});

test("names that stand twice are told, with where", () => {
  const json = readJsonText('{\n  "a": {"x": 1,\n    "x": 2},\n  "a\\u0062": [{}, {"y": [], "y": null}]\n}');
  expect(json.value).toEqual({ a: { x: 2 }, ab: [{}, { y: null }] });
  expect(json.repeated.map(formatPath)).toEqual(["$.a.x", "$.ab[1].y"]);
  expect(locate(json, ["a", "x"])).toEqual({ path: "$.a.x", line: 3, column: 10 });
});

test("places count from 1, and what is missing is where its parent is", () => {
  const json = readJsonText('{"Statement": {\n  "Effect": "Allow" }}');
  expect(locate(json, ["Statement", 0, "Effect"])).toEqual({ path: "$.Statement.Effect", line: 2, column: 13 });
  expect(locate(json, ["Statement", 0, "Action"])).toEqual({ path: "$.Statement.Action", line: 1, column: 15 });
  expect(locate(json, [])).toEqual({ path: "$", line: 1, column: 1 });
  expect(locate(undefined, ["Statement"])).toEqual({ path: "$.Statement", line: 1, column: 1 });
});

test.each([
  "",
  "{",
  "[1,]",
  "{'a':1}",
  '{"a":1} x',
  "\ufeff{}",
  "NaN",
  '{"a" 1}',
  `${"[".repeat(30)}${"]".repeat(30)}`,
])("%j is not read", (text) => {
  expect(() => readJsonText(text)).toThrow(SyntaxError);
});

test("twenty levels are read, and no more", () => {
  const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
  expect(readJsonText(nested(20)).places.size).toBe(21);
  expect(() => readJsonText(nested(21))).toThrow(new SyntaxError("nested more than 20 deep"));
});

test("white space may stand anywhere", () => {
  const json = readJsonText('\n { "a" \t: \n[ 1 , { } , [ ] ] , "b" : "x" } \n');
  expect(json.value).toEqual({ a: [1, {}, []], b: "x" });
  expect(locate(json, ["a"])).toMatchObject({ line: 3, column: 1 });
  expect(locate(json, ["a", 2])).toMatchObject({ line: 3, column: 13 });
  expect(locate(json, ["b"])).toMatchObject({ line: 3, column: 27 });
  expect(readJsonText('{"t":["9007199254740993",true,null,1.12345678901234567890]}').longNumbers).toEqual([]);
});

test("paths are JSONPath", () => {
  expect(formatPath(["Statement", 0, "Condition", 'a:"b"', 2])).toBe('$.Statement[0].Condition["a:\\"b\\""][2]');
  expect(formatPath([])).toBe("$");
  expect(pathIn({ a: [{ b: "x" }] }, ["a", 0, "b", 0])).toEqual(["a", 0, "b"]);
  expect(pathIn(undefined, ["a", 0])).toEqual(["a"]);
  expect(pathIn({ a: null }, ["a", "b", 1])).toEqual(["a", "b"]);
});

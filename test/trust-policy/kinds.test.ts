import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { any, exactly, kinds, type Place, type Shape, some } from "../../src/trust-policy/lint/kinds.ts";
import { matches, readPattern } from "../../src/trust-policy/pattern.ts";

const plenty = () => ({ steps: 1_000_000 });

function glob(pattern: string): Shape {
  return pattern.split("").map((of) => (of === "*" ? some : of === "?" ? any : { of }));
}

const fits = (pattern: string, text: string) => matches(readPattern(pattern) ?? [], text);

describe("the kinds of texts", () => {
  const part = fc.constantFrom("a", "b", "?", "*");
  const pattern = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(""));
  const tests = fc.array(fc.array(pattern, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });
  const inAlphabet: Shape = [{ of: "abc", many: true }];
  /** All texts of three letters, up to some length: whatever patterns so short tell apart, they show. */
  const texts = [""];
  for (const text of texts) if (text.length < 7) texts.push(...["a", "b", "c"].map((letter) => text + letter));

  test("are all of those that there are, and each is shown by its shortest text", () => {
    fc.assert(
      fc.property(tests, (patterns) => {
        const kindOf = (text: string) => patterns.map((each) => each.some((one) => fits(one, text))).join();
        const found = kinds(
          [inAlphabet],
          patterns.map((each) => each.map(glob)),
          plenty(),
        );
        const shortest = new Map<string, number>();
        for (const text of texts) if (!shortest.has(kindOf(text))) shortest.set(kindOf(text), text.length);
        const lengths = new Map(found.map((text) => [kindOf(text), text.length]));
        expect(lengths.size).toBe(found.length);
        for (const [kind, length] of shortest) expect(lengths.get(kind)).toBe(length);
      }),
      { numRuns: 100 },
    );
  });

  test("are those of the language alone", () => {
    const digit: Place = { of: "0123456789" };
    const id: Shape = [{ of: "123456789" }, ...Array.from({ length: 20 }, () => digit)];
    const found = kinds([id], [[glob("*x*")], [glob("10*")], [glob("??????")], [glob("*7")]], plenty());
    expect(found).toHaveLength(4);
    expect(found.filter((text) => !/^[1-9]\d{20}$/.test(text))).toEqual([]);
    expect(new Set(found.map((text) => `${text.startsWith("10")} ${text.endsWith("7")}`)).size).toBe(4);
  });

  test("are those of each shape of the language", () => {
    const language = [exactly("left"), exactly("right"), [...exactly("r"), some]];
    expect(kinds(language, [[glob("l*")], [glob("right")]], plenty())).toEqual(["r", "left", "right"]);
    expect(kinds([], [[glob("*")]], plenty())).toEqual([]);
    expect(kinds([exactly("one")], [], plenty())).toEqual(["one"]);
  });

  test("may need characters that hardly any policy has", () => {
    const [first = "", ...others] = kinds(
      [[any]],
      [[[{ of: "abcdefghijklmnopqrstuvwxyz0123456789-._/:@ABCDEFGHIJKLMNOPQRSTUVWXYZ" }]]],
      plenty(),
    );
    expect([first, others.length]).toEqual(["a", 1]);
    expect(kinds([[any, some]], [[glob("*é*")], [glob("*\u{1f600}*")]], plenty())).toHaveLength(4);
  });

  test("are all but some characters where it says so", () => {
    const noColon: Place = { of: ":", but: true };
    const one = [...exactly("a:"), { ...noColon, many: true as const }];
    const found = kinds([[any, some]], [[one], [glob("a:*")]], plenty());
    expect(found.map((text) => /^a:[^:]*$/.test(text)).filter(Boolean)).toHaveLength(1);
    expect(found).toContain("a::");
  });

  test("are not all looked for beyond the budget, and that shows in it", () => {
    const letters = "abcdefghijklmnopqrst".split("");
    const budget = { steps: 200_000 };
    const all = letters.map((letter) => [glob(`*${letter}*`)]);
    const found = kinds([[any, some]], all, budget);
    expect(budget.steps).toBeLessThanOrEqual(0);
    expect(budget.steps).toBeGreaterThan(-10_000);
    expect(found.length).toBeGreaterThan(100);
    const rest = plenty();
    kinds([[any, some]], all.slice(0, 5), rest);
    expect(rest.steps).toBeGreaterThan(0);
    expect(rest.steps).toBeLessThan(1_000_000);
  });
});

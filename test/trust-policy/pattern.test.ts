import fc from "fast-check";
import { expect, test } from "vitest";
import { literal, matches, readPattern } from "../../src/trust-policy/pattern.ts";

const alphabet = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", ".", ":"), maxLength: 12 });

function fits(pattern: string, value: string): boolean {
  return matches(readPattern(pattern) ?? [], value);
}

test("wildcards mean what the regular expression of the same form means", () => {
  fc.assert(
    fc.property(alphabet, alphabet, (pattern, value) => {
      const source = pattern.replace(/[.]/g, "\\.").replaceAll("*", "[^]*").replaceAll("?", "[^]");
      expect(fits(pattern, value)).toBe(new RegExp(`^${source}$`).test(value));
    }),
  );
});

test("a value inserted by a variable matches itself and nothing else", () => {
  fc.assert(
    fc.property(alphabet, alphabet, (inserted, value) => {
      const pattern = readPattern("${key}", () => inserted) ?? [];
      expect(matches(pattern, value)).toBe(inserted === value);
      expect(literal(pattern)).toBe(inserted);
    }),
  );
});

test("many stars do not take exponential time", () => {
  expect(fits("*a".repeat(200), "a".repeat(5000) + "b")).toBe(false);
});

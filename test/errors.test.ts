import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable, quoted } from "../src/errors.ts";
import { CLAIMS, unsignedToken } from "./fake-host.ts";

describe("printable", () => {
  it("never lets a token through, wherever it stands and wherever it is cut", () => {
    const token = unsignedToken(CLAIMS);
    const [, payload = "", signature = ""] = token.split(".");
    fc.assert(
      fc.property(fc.string({ maxLength: 4_100 }), fc.string(), (before, after) => {
        const shown = printable(`${before} ${token} ${after}`, 10_000);
        expect(shown).not.toContain(payload.slice(0, 20));
        expect(shown).not.toContain(signature);
      }),
    );
  });

  it("is one line without control and direction characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it("keeps what is no secret", () => {
    for (const text of [
      "team-a@p.iam.gserviceaccount.com",
      "arn:aws:iam::111122223333:role/R",
      "https://sts.eu-west-1.amazonaws.com/",
    ]) {
      expect(printable(text)).toBe(text);
    }
  });

  it("is not slow on long text that almost fits", () => {
    const started = performance.now();
    printable("ey-".repeat(100_000));
    printable("a:".repeat(100_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

it.each([
  ["x", '"x"'],
  ["x\n", '"x" with a line break at its end'],
  ["x\r\n", '"x" with a line break at its end'],
  ["\tx", '"x" with a control character in it'],
  ["x\ny", '"x y" with a control character in it'],
  ["x ", '"x" with a space at an end'],
  [" x", '"x" with a space at an end'],
  ["x\u00a0", '"x" with a space at an end'],
  ["x\u0085", '"x" with a control character in it'],
  ["\ufeffx", '"x" with a character in it that does not show'],
  ["x\u200e", '"x" with a character in it that does not show'],
  ["x\u200by", '"x\u200by" with a character in it that does not show'],
  ["x y", '"x y"'],
])("a value that is refused says what it hides: %j", (value, shown) => {
  expect(quoted(value)).toBe(shown);
});

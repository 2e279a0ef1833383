import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { descend, parseXml } from "../../src/sts/xml.ts";

const escape = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

describe("parseXml", () => {
  it("gives back any text that was escaped into it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(parseXml(`<a><b x='1'>${escape(text)}</b></a>`).children[0]?.text).toBe(text);
      }),
    );
  });

  it("ends on any input, with an element or a SyntaxError", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "</",
      "/>",
      "a",
      "<a>",
      "</a>",
      "<a x='",
      "'",
      "&",
      "&amp;",
      "&#0;",
      "<!--",
      "-->",
      "<![CDATA[",
      "]]>",
      "<?",
      "?>",
      "<!DOCTYPE a>",
      " ",
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join("")),
        (text) => {
          try {
            expect(parseXml(text).name).not.toBe("");
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is not slow on a long malformed tag", () => {
    const started = performance.now();
    expect(() => parseXml(`<a ${"x='1' ".repeat(30_000)}`)).toThrow(SyntaxError);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each([
    ["<a><b></a></b>", "unexpected closing tag"],
    ["<a>&xxe;</a>", "unknown entity"],
    ["<a>&#xD800;</a>", "bad character"],
    ["<a>1 & 2</a>", "bare ampersand"],
    ["<!DOCTYPE a><a/>", "malformed tag"],
    ["<a/><b/>", "more than one root element"],
    ["<a/>text", "more than one root element"],
    ["<a>", "truncated"],
    ["", "truncated"],
    ["<a>".repeat(40), "nested too deep"],
  ])("refuses %s", (text, why) => {
    expect(() => parseXml(text)).toThrow(why);
  });

  it("reads comments, processing instructions, CDATA and a byte order mark", () => {
    const root = parseXml(`\ufeff<?xml version="1.0"?><!-- <x> --><a><b/><c><![CDATA[<&]]>&gt;</c></a>`);
    expect(descend(root, "c")?.text).toBe("<&>");
    expect(descend(root, "c", "none")).toBeUndefined();
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitCommand } from "../src/split-command.ts";

describe("the words of a command", () => {
  it.each<[string, string[] | undefined]>([
    ["", []],
    ["  ", []],
    ["/bin/a", ["/bin/a"]],
    [" /bin/a  b ", ["/bin/a", "b"]],
    ['/bin/a "b c"', ["/bin/a", "b c"]],
    ['"/opt/my tools/a" --x="b c"d', ["/opt/my tools/a", "--x=b cd"]],
    ['/bin/a "" b', ["/bin/a", "", "b"]],
    ["/bin/a 'b c' $HOME `d` \\e ; f", ["/bin/a", "'b", "c'", "$HOME", "`d`", "\\e", ";", "f"]],
    ['/bin/a "b', undefined],
    ['/bin/a b"', undefined],
  ])("%j are %j", (text, words) => {
    expect(splitCommand(text)).toEqual(words);
  });

  it("are those that were written", () => {
    const word = fc.string().map((text) => text.replaceAll('"', ""));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(splitCommand(words.map((text) => `"${text}"`).join(" "))).toEqual(words);
      }),
    );
  });
});

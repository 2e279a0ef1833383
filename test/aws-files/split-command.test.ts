import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitAsBotocore, splitAsShell } from "../../src/aws-files/split-command.ts";

describe("a credential_process line", () => {
  it.each<[string, string[] | RegExp, string[] | RegExp]>([
    ["/x a b", ["/x", "a", "b"], ["/x", "a", "b"]],
    ['/"my tools/x" ""', ["/my tools/x", ""], ["/my tools/x", ""]],
    ["~/x", ["~/x"], /~ stands for a home/],
    ["$HOME/x", ["$HOME/x"], /\$ begins/],
    ["/x '$HOME'", ["/x", "$HOME"], ["/x", "$HOME"]],
    ['/x "$HOME"', ["/x", "$HOME"], /\$ begins/],
    [String.raw`/x "\$a"`, ["/x", String.raw`\$a`], ["/x", "$a"]],
    ["/x a # b", ["/x", "a", "#", "b"], /# begins a comment/],
    ["/x a#b", ["/x", "a#b"], ["/x", "a#b"]],
    ["/x | jq", ["/x", "|", "jq"], /\| is an operator/],
    ["A=b /x", ["A=b", "/x"], /begins by setting a variable/],
    ["/x *", ["/x", "*"], /\* makes a pattern/],
    ["/x 'a", /a ' has no end/, /a ' has no end/],
    ["/x a\\", /ends in a backslash/, /ends in a backslash/],
    ["", [], []],
  ])("%j is %j to botocore, %j to sh", (line, botocore, shell) => {
    for (const [split, wanted] of [
      [splitAsBotocore(line), botocore],
      [splitAsShell(line), shell],
    ] as const) {
      if (wanted instanceof RegExp) expect(split).toEqual({ why: expect.stringMatching(wanted) as unknown });
      else expect(split).toEqual({ words: wanted });
    }
  });

  const lines = fc.string({ unit: fc.constantFrom(...`ab/-= "'\\~#|;*$\`()`), minLength: 1, maxLength: 16 });

  it("is split by sh into the same words, where it is a plain command to us", () => {
    fc.assert(
      fc.property(lines, (line) => {
        const split = splitAsShell(line);
        if ("why" in split) return;
        const { stdout, status } = spawnSync("sh", ["-c", `printf '%s\\n' x ${line}`], { encoding: "utf8" });
        expect({ status, stdout }).toEqual({ status: 0, stdout: `${["x", ...split.words].join("\n")}\n` });
      }),
      { numRuns: 300 },
    );
  });

  it.skipIf(spawnSync("python3", ["-c", ""]).status !== 0)("is split by Python's shlex alike", () => {
    const program =
      "import shlex, json, sys\ndef split(line):\n try: return shlex.split(line)\n except ValueError: return None\nprint(json.dumps([split(line) for line in json.load(sys.stdin)]))";
    const samples = fc.sample(lines, 2_000);
    const { stdout } = spawnSync("python3", ["-c", program], { encoding: "utf8", input: JSON.stringify(samples) });
    const ours = samples.map((line) => {
      const split = splitAsBotocore(line);
      return "why" in split ? null : split.words;
    });
    expect(ours).toEqual(JSON.parse(stdout));
  });
});

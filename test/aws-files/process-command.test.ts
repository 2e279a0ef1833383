import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProcessCommand } from "../../src/aws-files/process-command.ts";

describe("a credential_process line", () => {
  it.each([
    [
      ["/usr/bin/gcp2aws", "--audience", "https://aws.example.com"],
      "/usr/bin/gcp2aws --audience https://aws.example.com",
    ],
    [["/opt/my tools/gcp2aws", ""], '/"opt/my tools/gcp2aws" ""'],
    [["/x", "{project_id}.{instance_name}"], '/x "{project_id}.{instance_name}"'],
    [["/x", "a'b", "a&b;c|d>e<f*g?h(i)!~#^[j]"], `/x "a'b" "a&b;c|d>e<f*g?h(i)!~#^[j]"`],
  ])("%j is %s", (words, line) => {
    expect(formatProcessCommand(words)).toBe(line);
  });

  it.each(["$HOME", "`id`", 'a"b', "a\\b", "%PATH%", "a\nb", "a\tb", "ü", "\u0000"])("refuses %j", (word) => {
    expect(() => formatProcessCommand(["/x", word])).toThrow(/"\/?.*cannot stand in credential_process/s);
  });

  it("is split by sh into the same words", () => {
    const words = fc.array(fc.string({ unit: fc.constantFrom(..."aZ0-_./:=@+, {}'!#&;|<>()*?[]^~") }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(words, (given) => {
        const line = formatProcessCommand(given);
        const { stdout } = spawnSync("sh", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" });
        expect(stdout).toBe(given.map((word) => `${word}\n`).join(""));
      }),
      { numRuns: 100 },
    );
  });
});

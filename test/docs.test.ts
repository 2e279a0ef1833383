// What the documents promise, held to the code.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Flag, flags, variableOf } from "../src/config.ts";
import { parseDefinition } from "../src/emulator/definition.ts";
import { parseFault } from "../src/emulator/fault.ts";
import { errorClasses, exitStatus } from "../src/errors.ts";
import { version } from "../src/version.ts";

const read = (path: string) => readFileSync(path, "utf8");
const documents = [
  ...readdirSync(".").filter((name) => name.endsWith(".md")),
  ...readdirSync("docs").map((name) => join("docs", name)),
];

/** Table rows whose first cell is one code span, cells trimmed. */
function rows(document: string): string[][] {
  return read(document)
    .split("\n")
    .filter((line) => /^\| `[^`]+` +\|/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}

const byText = (a: string, b: string) => a.localeCompare(b);

describe("documents", () => {
  it("list every error code once, with its exit status", () => {
    const listed = rows("docs/errors.md").map(([code, status]) => `${code} ${status}`);
    const actual = Object.entries(errorClasses).map(([code, kind]) => `${code} ${exitStatus[kind]}`);
    expect(listed.toSorted(byText)).toEqual(actual.toSorted(byText));
  });

  it("list every class with its exit status", () => {
    const text = read("docs/errors.md");
    for (const [kind, status] of Object.entries(exitStatus))
      expect(text).toMatch(new RegExp(`^\\| ${status} +\\| \`${kind}\` `, "m"));
  });

  it("list every flag with its variable and rule", () => {
    const listed = rows("docs/reference.md").filter(([name]) => name?.startsWith("--"));
    const actual = Object.values<Flag>(flags).map((flag) => [`--${flag.name}`, variableOf(flag), flag.rule]);
    expect(listed.map(([name, variable, , rule]) => [name, variable, rule])).toEqual(actual);
  });

  it("show a definition and faults that the emulator takes", () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(read("docs/emulator.md"))?.[1] ?? "";
    expect(parseDefinition(parse(yaml)).roles[0]?.name).toBe("RoleForAccessFromGCPTeamA");
    const faults = rows("docs/emulator.md").flatMap(([first = ""]) => (first.includes(":") ? [first] : []));
    expect(faults.length).toBeGreaterThan(5);
    for (const fault of faults) expect(() => parseFault(fault)).not.toThrow();
  });

  it.each(documents)("%s links to files that are there", (document) => {
    for (const [, target = ""] of read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      expect(existsSync(join(dirname(document), target)), target).toBe(true);
    }
  });

  it("name one version everywhere", () => {
    expect(JSON.parse(read("package.json")).version).toBe(version);
    expect(/^## \[(.*?)\]/m.exec(read("CHANGELOG.md"))?.[1]).toBe(version);
  });
});

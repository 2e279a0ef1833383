// docs/troubleshooting.md beside the cases that were set up for it.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Trouble, troubles } from "../doctor/troubles.ts";

/** A row for each trouble, as the document has it but for the width of its columns. */
function row({ symptom, code, cause, remedy }: Trouble): string {
  const seen = symptom === undefined ? `\`${code}\`` : `\`${symptom}\``;
  return [seen, cause, remedy].join(" | ").replaceAll("||", String.raw`\|\|`);
}

describe("docs/troubleshooting.md", () => {
  const sections = readFileSync("docs/troubleshooting.md", "utf8").split(/^## /m).slice(1);

  it("has a section for each part of the road", () => {
    expect(sections.map((section) => section.split("\n")[0])).toEqual(Object.keys(troubles));
  });

  it.each(Object.entries(troubles))("lists what goes wrong: %s", (heading, expected) => {
    const section = sections.find((text) => text.startsWith(`${heading}\n`)) ?? "";
    const rows = section
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .slice(2)
      .map((line) =>
        line
          .slice(2, -2)
          .split(" | ")
          .map((cell) => cell.trim())
          .join(" | "),
      );
    expect(rows).toEqual(expected.map(row));
  });

  it("states the score", () => {
    const all = Object.values(troubles).flat();
    const toTheLetter = all.filter(({ mend }) => mend === undefined).length;
    expect(readFileSync("docs/troubleshooting.md", "utf8")).toContain(
      `${all.length} of ${all.length} are named as the cause, and the remedy mends them; in ${toTheLetter} it is applied to the letter`,
    );
  });

  it("names each trouble once", () => {
    const causes = Object.values(troubles).flatMap((list) => list.map(({ cause }) => cause));
    expect(new Set(causes).size).toBe(causes.length);
    expect(causes.length).toBeGreaterThanOrEqual(50);
  });
});

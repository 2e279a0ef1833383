// Real shells evaluate what `gcp2aws env` prints: any value must arrive as it is, byte by byte.
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EnvironmentFormat, formatEnvironment, type Variable } from "../../src/delivery/environment.ts";
import { bash, type Client, dash, fish } from "./clients.ts";

const shells: [string, Client | undefined, EnvironmentFormat, string][] = [
  ["dash", dash, "sh", 'eval "$(cat "$SCRIPT")"; exec env -0'],
  ["bash", bash, "sh", 'eval "$(cat "$SCRIPT")"; exec env -0'],
  ["bash -u -e", bash, "sh", 'set -eu; eval "$(cat "$SCRIPT")"; exec env -0'],
  ["fish", fish, "fish", 'cat "$SCRIPT" | source; and env -0'],
];

const directory = mkdtempSync(join(tmpdir(), "gcp2aws-shells-"));
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc
    .array(fc.constantFrom("'", "\\", '"', "$(id)", "`id`", "\n", "\r", "\t", "!", "#", " ", "%", "é", "🔑", "\ufeff"))
    .map((parts) => parts.join("")),
);
const values = fc.array(
  text.map((any) => any.replaceAll("\0", "")),
  { minLength: 1, maxLength: 30 },
);

describe.each(shells)("%s", (name, shell, format, command) => {
  it.skipIf(shell === undefined)("takes every value as it is, and unsets the others", () => {
    fc.assert(
      fc.property(values, (given) => {
        const set = given.map((value, index): Variable => [`V${index}`, value]);
        const script = join(directory, "script");
        writeFileSync(script, formatEnvironment(format, set, ["AWS_PROFILE", "NOT_THERE", "V0"]));
        const { stdout, stderr, status } = spawnSync(shell?.program ?? name, ["-c", command], {
          encoding: "buffer",
          env: { PATH: process.env["PATH"], HOME: directory, SCRIPT: script, AWS_PROFILE: "other" },
        });
        expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "" });
        const found = new Map(
          stdout
            .toString("utf8")
            .split("\0")
            .map((line): [string, string] => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
        );
        for (const [variable, value] of set) expect(found.get(variable)).toBe(value);
        expect(found.has("AWS_PROFILE")).toBe(false);
      }),
      { numRuns: 40 },
    );
  });
});

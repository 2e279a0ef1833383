import { parseEnv } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  conflictingVariables,
  credentialVariables,
  environmentFormats,
  formatEnvironment,
  maskSecrets,
  type Variable,
} from "../../src/delivery/environment.ts";
import { Gcp2awsError } from "../../src/errors.ts";

const credentials = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "FwoGZXIvYXdzEBUaDOSY+1zJwXi29EXAMPLE==",
  expiration: new Date("2026-11-23T13:00:00.999Z"),
  accountId: "111122223333",
};
const set = credentialVariables(credentials, "eu-central-1");

/** Whatever a process can have in a variable. */
const value = fc.string({ unit: "binary", maxLength: 60 }).filter((text) => !text.includes("\0"));
const hostile = fc.oneof(
  value,
  fc
    .array(fc.constantFrom("'", "\\", '"', "$(id)", "`", "\n", "\r", "\u2019", "#", " ", "!", "%", "GCP2AWS_END"))
    .map((parts) => parts.join("")),
);
const variables = fc
  .array(hostile, { minLength: 1, maxLength: 8 })
  .map((texts) => texts.map((text, index): Variable => [`NAME_${index}`, text]));

describe("the variables", () => {
  it("carry the credentials, and both names of the region", () => {
    expect(Object.fromEntries(set)).toEqual({
      AWS_ACCESS_KEY_ID: "ASIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      AWS_SESSION_TOKEN: "FwoGZXIvYXdzEBUaDOSY+1zJwXi29EXAMPLE==",
      AWS_CREDENTIAL_EXPIRATION: "2026-11-23T13:00:00Z",
      AWS_ACCOUNT_ID: "111122223333",
      AWS_REGION: "eu-central-1",
      AWS_DEFAULT_REGION: "eu-central-1",
    });
  });

  it("leave none of another credential in place", () => {
    const names = new Set(conflictingVariables);
    for (const [name] of set) if (!name.endsWith("REGION")) expect(names).toContain(name);
    expect(names.size).toBe(conflictingVariables.length);
  });

  it.each(environmentFormats)("%s never unsets what it sets", (format) => {
    const text = formatEnvironment(format, [["AWS_ACCESS_KEY_ID", "A"]], ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]);
    expect(text.split("AWS_ACCESS_KEY_ID").length).toBe(2);
    expect(text.includes("AWS_PROFILE")).toBe(!["dotenv", "github-actions"].includes(format));
    expect(text).toMatch(/\n$/);
  });
});

describe("sh, fish and powershell", () => {
  const given: Variable[] = [["A", String.raw`it's \ $HOME`]];
  it.each([
    ["sh", "unset B C\nexport A='it'\\''s \\ $HOME'\n"],
    ["fish", "set -eg B C; true\nset -gx A 'it\\'s \\\\ $HOME'\n"],
    [
      "powershell",
      "Remove-Item -ErrorAction Ignore Env:B\nRemove-Item -ErrorAction Ignore Env:C\n$env:A = 'it''s \\ $HOME'\n",
    ],
  ] as const)("%s", (format, text) => {
    expect(formatEnvironment(format, given, ["B", "C"])).toBe(text);
  });

  /** PowerShell's rule, read backwards: quoted parts, in which a quote is doubled, and characters by number. */
  it("powershell: any value, in one line of ASCII", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = formatEnvironment("powershell", [["A", text]], []);
        expect(line).toMatch(/^\$env:A = '(?:[ -&(-~]|'')*'(?: \+ \[char\]\d{1,5} \+ '(?:[ -&(-~]|'')*')*\n$/);
        const parts = line.slice(10, -2).matchAll(/' \+ \[char\](\d+) \+ '|''|[^']/g);
        const read = [...parts].map(([part, unit]) =>
          unit === undefined ? (part === "''" ? "'" : part) : String.fromCharCode(Number(unit)),
        );
        expect(read.join("")).toBe(text);
      }),
    );
  });
});

describe("json", () => {
  it("says what to set and what to unset", () => {
    fc.assert(
      fc.property(variables, (given) => {
        const read: unknown = JSON.parse(formatEnvironment("json", given, ["OTHER"]));
        expect(read).toEqual({ set: Object.fromEntries(given), unset: ["OTHER"] });
      }),
    );
  });
});

describe("dotenv", () => {
  it("carries credentials", () => {
    expect({ ...parseEnv(formatEnvironment("dotenv", set, conflictingVariables)) }).toEqual(Object.fromEntries(set));
  });

  it("is read back the same by Node, or refused without showing the value", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.stringMatching(/^[!-~]*$/)), (text) => {
        let file: string;
        try {
          file = formatEnvironment(
            "dotenv",
            [
              ["BEFORE", "1"],
              ["A", text],
              ["AFTER", "2"],
            ],
            [],
          );
        } catch (error) {
          if (!(error instanceof Gcp2awsError)) throw error;
          expect(error.message).toBe(
            "--format dotenv: A holds a character that readers of such files take differently",
          );
          return;
        }
        expect({ ...parseEnv(file) }).toEqual({ BEFORE: "1", A: text, AFTER: "2" });
        // docker run --env-file: everything after the first = of a line.
        expect(file.split("\n")).toEqual(["BEFORE=1", `A=${text}`, "AFTER=2", ""]);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(["a b", "a#b", "$a", "'a'", '"a"', "`a`", "a\\n", "a\nb", " a", "é"])("refuses %j", (text) => {
    expect(() => formatEnvironment("dotenv", [["A", text]], [])).toThrow(Gcp2awsError);
  });
});

describe("github-actions", () => {
  /** As the runner reads the file: a name, the line that ends its value, and the lines between. */
  function read(file: string): Record<string, string> {
    const found: Record<string, string> = {};
    const lines = file.split("\n");
    for (let line = lines.shift(); line !== undefined && line !== ""; line = lines.shift()) {
      const [name = "", delimiter = ""] = line.split("<<");
      const end = lines.indexOf(delimiter);
      found[name] = lines.splice(0, end).join("\n");
      lines.shift();
    }
    return found;
  }

  it("sets each variable to its value, and no other", () => {
    fc.assert(
      fc.property(variables, (given) => {
        expect(read(formatEnvironment("github-actions", given, ["OTHER"]))).toEqual(Object.fromEntries(given));
      }),
    );
  });

  it("ends no value early that holds the delimiter", () => {
    const evil = "x\nGCP2AWS_END\nPATH<<GCP2AWS_END_\n/tmp/evil\nGCP2AWS_END_";
    expect(read(formatEnvironment("github-actions", [["A", evil]], []))).toEqual({ A: evil });
  });

  it("masks the secrets, and not the region", () => {
    expect(maskSecrets(set).split("\n")).toEqual([
      "::add-mask::ASIAIOSFODNN7EXAMPLE",
      "::add-mask::wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      "::add-mask::FwoGZXIvYXdzEBUaDOSY+1zJwXi29EXAMPLE==",
      "",
    ]);
    expect(maskSecrets([["AWS_SESSION_TOKEN", "a%\r\n::set-env::"]])).toBe("::add-mask::a%25%0D%0A::set-env::\n");
    expect(maskSecrets([["AWS_SESSION_TOKEN", ""]])).toBe("");
  });
});

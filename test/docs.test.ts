// What the documents promise, held to the code.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseFlags } from "../src/cli/parse-flags.ts";
import { readConfig } from "../src/config.ts";
import { type FlagKey, flagOf, flags, variableOf } from "../src/flags.ts";
import { parseDefinition } from "../src/emulator/definition.ts";
import { parseFault } from "../src/emulator/fault.ts";
import { errorClasses, exitStatus } from "../src/errors.ts";
import { googleRegions, nearestRegion } from "../src/sts/nearest-region.ts";
import { rules } from "../src/trust-policy/lint/lint.ts";
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
    const actual = flags.map((flag) => [`--${flag.name}`, variableOf(flag), flag.rule]);
    expect(listed.map(([name, variable, , rule]) => [name, variable, rule])).toEqual(actual);
  });

  it("state the defaults", () => {
    const without = new Set<FlagKey>(["policy", "policyFile", "policyArn", "via", "externalId", "sourceIdentity"]);
    without.add("sessionTags").add("transitiveTags");
    const required = { roleArn: flagOf("roleArn").example, audience: flagOf("audience").example };
    const defaults = new Map(rows("docs/reference.md").map(([name = "", , value = ""]) => [name, value]));
    for (const { key, name } of flags) {
      const value = defaults.get(`--${name}`) ?? "";
      if (key in required) expect(value).toBe("(required)");
      else if (key === "durationSeconds") expect(value).toBe("STS's, 3600");
      else if (without.has(key)) expect(value).toBe("none");
      else if (key === "allowedAccount") expect(value).toBe("any");
      else if (
        [
          "region",
          "stsEndpoint",
          "source",
          "identityTokenFile",
          "identityTokenCommand",
          "impersonateServiceAccount",
          "impersonationDelegates",
          "fallbackRegion",
          "caBundle",
          "wait",
          "config",
        ].includes(key)
      )
        expect(value).toBe("see below");
      else expect(readConfig({ ...required, [key]: value }, {}), key).toEqual(readConfig(required, {}));
    }
  });

  it("show an example with every flag that goes together, and it is accepted", () => {
    const command = /```sh\n(gcp2aws credential-process [\s\S]*?)```/.exec(read("docs/reference.md"))?.[1] ?? "";
    const words = command.replaceAll("\\\n", " ").trim().split(/\s+/);
    const given = parseFlags(words.slice(2).map((word) => word.replace(/^'(.*)'$/, "$1")));
    expect(Object.keys(given)).toEqual(
      flags.map(({ key }) => key).filter((key) => key !== "policyFile" && key !== "fallbackRegion"),
    );
    expect(() => readConfig(given === "help" ? {} : given, {})).not.toThrow();
  });

  it("list every rule of lint with its severity, what is wrong and what to do", () => {
    const listed = rows("docs/trust-policy.md").filter(
      ([, severity]) => severity === "error" || severity === "warning",
    );
    const plain = (text: string) => text.replaceAll("`", "");
    expect(listed).toEqual(rules.map(({ id, severity, title, fix }) => [id, severity, plain(title), plain(fix)]));
  });

  it("show the nearest region of every region of Google Cloud", () => {
    const listed = [...read("docs/network.md").matchAll(/^\| (`[a-z`, 0-9-]+`) +\| `([a-z0-9-]+)` +\|$/gm)].flatMap(
      ([, regions = "", nearest]) => regions.split(", ").map((region) => [region.replaceAll("`", ""), nearest]),
    );
    expect(listed.map(([region = ""]) => [region, nearestRegion(region)])).toEqual(listed);
    expect(new Set(listed.map(([region]) => region))).toEqual(new Set(googleRegions));
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

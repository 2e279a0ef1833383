import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { configSchema } from "../src/config-schema.ts";
import { readConfig } from "../src/config.ts";
import { suggest } from "../src/suggest.ts";
import { parseTargets, settings } from "../src/targets.ts";
import { ROLE_ARN } from "./fake-host.ts";

const target = { role_arn: ROLE_ARN, audience: "https://aws.example.com" };
const read = (document: unknown) => parseTargets(maps(document), "config.yaml");

/** As the YAML library has them: maps as Map, and every other value as it is written. */
function maps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maps);
  if (value === null || typeof value === "string") return value ?? "";
  if (typeof value !== "object") return inspect(value);
  return new Map(Object.entries(value).map(([key, inner]) => [key, maps(inner)]));
}

describe("the file of targets", () => {
  it("holds each flag by its name in snake case", () => {
    const whole = Object.fromEntries(settings.map(({ name, flag }) => [name, flag.example]));
    const given = read({ targets: { a: whole } }).get("a") ?? {};
    expect(Object.keys(given)).toEqual(settings.map(({ flag }) => flag.key));
    // There can be one session policy, and no fallback from an endpoint that is given.
    expect(() =>
      readConfig({ ...given, timeout: "60", policyFile: undefined, fallbackRegion: undefined }, {}),
    ).not.toThrow();
  });

  it("takes numbers, switches and lists for what flags are as texts", () => {
    const values = { ...target, duration_seconds: 7200, licenses: true, fallback_region: ["eu-west-1", "eu-west-2"] };
    expect(read({ targets: { a: values } }).get("a")).toEqual({
      roleArn: ROLE_ARN,
      audience: "https://aws.example.com",
      durationSeconds: "7200",
      licenses: "true",
      fallbackRegion: "eu-west-1,eu-west-2",
    });
  });

  it.each<[string, unknown, string, string]>([
    ["nothing", null, "must be targets: NAME", "docs/targets.md"],
    ["a list", [], "must be targets: NAME", "docs/targets.md"],
    ["no targets", {}, "has no targets", "docs/targets.md"],
    ["another key", { target: {} }, '"target": no such setting', "did you mean targets?"],
    ["a target that is none", { targets: { a: "x" } }, "targets.a: must be SETTING: VALUE", "docs/targets.md"],
    [
      "a value that is a map",
      { targets: { a: { role_session_name: { sub: null } } } },
      "must be a text or a list of texts",
      "quote what has braces",
    ],
    [
      "a setting of every object",
      { targets: { a: { constructor: "x" } } },
      '"constructor": no such setting',
      "known are",
    ],
    [
      "a misspelt setting",
      { targets: { a: { role_am: "x" } } },
      '"role_am": no such setting',
      "did you mean role_arn?",
    ],
    ["a flag's name", { targets: { a: { "role-arn": "x" } } }, '"role-arn": no such setting', "did you mean role_arn?"],
    ["another's setting", { targets: { a: { sso_url: "x" } } }, '"sso_url": no such setting', "known are role_arn"],
    [
      "a bad value",
      { targets: { a: { region: "x y" } } },
      'targets.a.region: "x y": must be',
      "for example region: eu-central-1",
    ],
    [
      "a value with a line break",
      { targets: { a: { region: "eu-west-1\n" } } },
      'targets.a.region: "eu-west-1" with a line break at its end: must be',
      "for example region: eu-central-1",
    ],
    ["its own file", { targets: { a: { config: "/x" } } }, '"config": no such setting', "known are"],
    ["a bad name", { targets: { "a/b": target } }, 'target "a/b"', "docs/targets.md"],
    ["a name like a flag", { targets: { "-a": target } }, 'target "-a"', "docs/targets.md"],
  ])("refuses %s", (_name, document, message, hint) => {
    expect(() => read(document)).toThrow(
      expect.objectContaining({
        code: "USAGE_INVALID_VALUE",
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      }),
    );
    expect(() => read(document)).toThrow(/^config\.yaml: /);
  });

  it("finds a mistake in any target", () => {
    expect(() => read({ targets: { a: target, b: { ...target, regoin: "x" } } })).toThrow('targets.b: "regoin"');
  });

  it("never does anything but throw its own error, whatever is in it", () => {
    fc.assert(
      fc.property(fc.anything(), (document) => {
        try {
          read({ targets: document });
        } catch (error) {
          expect(error).toMatchObject({ code: "USAGE_INVALID_VALUE" });
        }
      }),
    );
  });

  it("is in the documents as it is read", () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(readFileSync("docs/targets.md", "utf8"))?.[1] ?? "";
    const targets = read(parse(yaml));
    expect([...targets.keys()]).toEqual(["team-a", "team-b"]);
    for (const given of targets.values()) expect(() => readConfig(given, {})).not.toThrow();
  });

  it("has the schema that is published; node scripts/config-schema.ts writes it", () => {
    expect(JSON.parse(readFileSync("docs/config.schema.json", "utf8"))).toEqual(configSchema());
  });
});

describe("what was meant", () => {
  it.each([
    ["regoin", "region"],
    ["rolearn", "role_arn"],
    ["ROLE_ARN", "role_arn"],
    ["audiense", "audience"],
    ["xyz", undefined],
    ["", undefined],
  ])("%j → %s", (text, meant) => {
    expect(
      suggest(
        text,
        settings.map(({ name }) => name),
      ),
    ).toBe(meant);
  });
});

// What src/aws-files takes for read alike, held to the parsers themselves: botocore's and the JavaScript SDK's.
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { loadSharedConfigFiles } from "@smithy/core/config";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editProfile } from "../../src/aws-files/edit.ts";
import { type AwsFile, type AwsFileKind, parseAwsFile } from "../../src/aws-files/parse.ts";
import { Gcp2awsError } from "../../src/errors.ts";
import { python } from "./clients.ts";

/** By profile, keys and values; a nested key behind its parent's and a dot. Profiles without keys are left out. */
type Profiles = Record<string, Record<string, string>>;

interface Case {
  kind: AwsFileKind;
  text: string;
}

const kinds = fc.constantFrom<AwsFileKind>("config", "credentials");
const sound = fc.constantFrom(
  ..."[default]|[profile x]|[x]|[profile 'y']|[y] # c|[z.z]|[sso-session y]|[services y]|[plugins]".split("|"),
  ..."region = eu-west-1|output=json|k1 = v|k2= a;b#c|k-3 =x = y|role_arn =r|k4=[v]|k5 = a\tb".split("|"),
  ..."|  |# comment|; k1 = v|  # [x]|s3 =\n  a = b\n\n  c=d|s3 =\n  # c\n\ta = b\n# ü|# \u00a0".split("|"),
);
const odd = fc.constantFrom(
  ...'[profile  x]|[ x ]|[profile x y]|[profile "x]|[profile.x]|[profilex y]|[DEFAULT]|[x]y|[x] # ]|[x|x]|[]|[[x]]|[x #y]'.split(
    "|",
  ),
  ..."[profile default]|[constructor]|[profile toString]|[__proto__]|[x];c|[my x]|[profile\tx]|[profile a@b]| [x]|[sso-session]".split(
    "|",
  ),
  ...'Region = r|region: r|k1 : v = w|k1|= v|k1 =|k1 = v # c|k1 = v ;c|k1 = "a #b"| k1 = v|\tk6 = v|  [x]|s3 =\n  [x]|s3 =\n  a'.split(
    "|",
  ),
  ..."s3 =\n  a =|s3 =\n  A: b|s3 =\n  constructor = b|s3.a = c|constructor = c|__proto__ = c|k1 = v\n  w|#|;|k1 = #v|k1 =#v|k1=;".split(
    "|",
  ),
  ..."k1 = \u00a0v|k1 = v\u0085|k1 = a\u001cb|k1 =\u001f|\u000bk1 = v|k1 = \ufeff|k1\u2003= v|k1 = a\rb|\r|k1 = \u0000|k1 = a\u2028b|k1 = \ufffd|ü = v|k1 = ü".split(
    "|",
  ),
);
const noise = fc.string({ unit: fc.constantFrom(..."[]=:#; \tabAB\r\n'\"."), maxLength: 12 });
const ending = fc.oneof({ weight: 9, arbitrary: fc.constant("\n") }, { weight: 1, arbitrary: fc.constant("\r\n") });
/** Files that are sound but for one thing at most, as more of them would hide each other. */
const hostileText = fc
  .tuple(
    fc.constantFrom("", "", "", "", "\ufeff", "# c\n"),
    fc.constantFrom("[default]\n", "[profile x]\n", "[x]\r\n", ""),
    fc.uniqueArray(fc.tuple(sound, ending), { maxLength: 6, selector: ([text]) => text }),
    fc.option(fc.oneof({ weight: 3, arbitrary: odd }, { weight: 1, arbitrary: noise }), { freq: 3 }),
    fc.nat({ max: 6 }),
    fc.boolean(),
  )
  .map(([start, header, lines, thing, at, final]) => {
    const all = lines.map((pair) => pair.join(""));
    if (thing !== null) all.splice(at, 0, `${thing}\n`);
    return start + header + all.join("").slice(0, final ? undefined : -1);
  });
const hostile: fc.Arbitrary<Case> = fc.record({ kind: kinds, text: hostileText });

const READER = `
import json, os, sys, tempfile
from botocore.configloader import load_config, raw_config_parse
path = os.path.join(tempfile.mkdtemp(), "file")
for line in sys.stdin:
    case = json.loads(line)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(case["text"])
    try:
        found = load_config(path)["profiles"] if case["kind"] == "config" else raw_config_parse(path)
    except Exception:
        found = None
    print(json.dumps(found))
`;

/** What botocore reads; undefined for a file that it refuses. */
function byBotocore(cases: readonly Case[]): (Profiles | undefined)[] {
  const { stdout, stderr } = spawnSync(python?.program ?? "python3", ["-c", READER], {
    input: cases.map((each) => `${JSON.stringify(each)}\n`).join(""),
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    env: { PYTHONUTF8: "1", PATH: process.env["PATH"] },
  });
  expect(stderr).toBe("");
  return stdout
    .trimEnd()
    .split("\n")
    .map((found): Profiles | undefined => {
      const profiles: Record<string, Record<string, string | Record<string, string>>> | null = JSON.parse(found);
      if (profiles === null) return undefined;
      return tidy(
        Object.entries(profiles).map(([name, properties]) => [
          name,
          Object.entries(properties).flatMap(([key, value]) =>
            typeof value === "string"
              ? [[key, value]]
              : Object.entries(value).map(([sub, text]) => [`${key}.${sub}`, text]),
          ),
        ]),
      );
    });
}

const folder = mkdtempSync(join(tmpdir(), "gcp2aws-files-"));

async function byJavaScript({ kind, text }: Case): Promise<Profiles> {
  const filepath = join(folder, "credentials");
  const configFilepath = join(folder, "config");
  writeFileSync(filepath, kind === "credentials" ? text : "");
  writeFileSync(configFilepath, kind === "config" ? text : "");
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ filepath, configFilepath, ignoreCache: true });
  const found = Object.entries(kind === "config" ? configFile : credentialsFile);
  // Sessions and services are kept beside the profiles, with their prefix.
  const profiles = found.filter(([name]) => kind === "credentials" || !/^(sso-session|services)\./.test(name));
  return tidy(
    profiles.map(([name, properties]) => [name, Object.entries(properties).map(([key, value]) => [key, value ?? ""])]),
  );
}

function byUs({ sections }: AwsFile): Profiles {
  return tidy(
    sections.flatMap(({ profile, properties }) =>
      profile === undefined
        ? []
        : [
            [
              profile,
              properties.flatMap(({ key, value, nested }) =>
                nested.length === 0 ? [[key, value]] : nested.map(([sub, text]) => [`${key}.${sub}`, text]),
              ),
            ] as const,
          ],
    ),
  );
}

function tidy(profiles: readonly (readonly [string, readonly (readonly string[])[]])[]): Profiles {
  const kept = profiles.filter(([, properties]) => properties.length > 0);
  return Object.fromEntries(kept.map(([name, properties]) => [name, Object.fromEntries(properties)]));
}

const SET = [
  ["k1", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=="],
  ["aws_session_token", "FwoGZXIvYXdzEBUaDOSY+1zJwXi29EXAMPLE=="],
] as const;

function edited({ kind, text }: Case): string | undefined {
  try {
    return editProfile(parseAwsFile(text, kind), { profile: "x", mark: "# ours", set: SET, takeOver: true }, "file");
  } catch (error) {
    if (error instanceof Gcp2awsError) return undefined;
    throw error;
  }
}

describe.skipIf(python === undefined)(`shared files, ${python?.version} and the AWS SDK for JavaScript`, () => {
  const cases = fc.sample(hostile, 1_000);

  it("a file without problems is read alike by all, and an edit changes nothing but its profile", async () => {
    const fine = cases.filter(({ kind, text }) => parseAwsFile(text, kind).problems.length === 0);
    // Neither is everything refused, nor nothing.
    expect(fine.length).toBeGreaterThan(cases.length / 10);
    expect(fine.length).toBeLessThan(cases.length);
    const changed = fine.flatMap(({ kind, text }) => {
      const after = edited({ kind, text });
      return after === undefined ? [] : [{ kind, before: text, text: after }];
    });
    expect(changed.length).toBeGreaterThan(fine.length / 2);

    const botocore = byBotocore([...fine, ...changed]);
    for (const [index, each] of fine.entries()) {
      const ours = byUs(parseAwsFile(each.text, each.kind));
      expect(botocore[index], JSON.stringify(each)).toEqual(ours);
      expect(await byJavaScript(each), JSON.stringify(each)).toEqual(ours);
    }
    for (const [index, each] of changed.entries()) {
      const before = byUs(parseAwsFile(each.before, each.kind));
      const wanted = { ...before, x: { ...before["x"], ...Object.fromEntries(SET) } };
      for (const key of Object.keys(wanted.x)) if (key.startsWith("k1.")) delete wanted.x[key];
      expect(botocore[fine.length + index], JSON.stringify(each)).toEqual(wanted);
      expect(await byJavaScript(each), JSON.stringify(each)).toEqual(wanted);
      expect(edited(each), "a second time").toBe(each.text);
      expectSameBytes(each.before, each.text, each.kind);
    }
  });

  it("a difference between the two is a problem", async () => {
    const botocore = byBotocore(cases);
    for (const [index, each] of cases.entries()) {
      const others = botocore[index];
      if (others !== undefined && isDeepStrictEqual(others, await byJavaScript(each))) continue;
      expect(parseAwsFile(each.text, each.kind).problems, JSON.stringify(each)).not.toEqual([]);
      expect(edited(each)).toBeUndefined();
    }
  });
});

/** Around the profile everything is as it was, and in it every line that is not of one of the keys. */
function expectSameBytes(before: string, after: string, kind: AwsFileKind): void {
  const [old, now] = [before, after].map((text) => {
    const { lines, sections } = parseAwsFile(text, kind);
    const section = sections.find(({ profile }) => profile === "x");
    const of = (from: number, to?: number) => lines.slice(from, to).join("");
    if (section === undefined) return { start: text, rest: [], end: "" };
    const ours = section.properties.filter(({ key }) => SET.some(([each]) => each === key));
    const isOurs = (line: number) => ours.some((property) => property.line <= line && line <= property.lastLine);
    const rest = lines
      .map((line, index) => ({ line: line.replace(/\r?\n$/, ""), number: index + 1 }))
      .slice(section.line, section.lastLine)
      .filter(({ line, number }) => !isOurs(number) && line !== "# ours")
      .map(({ line }) => line);
    return { start: of(0, section.line), rest, end: of(section.lastLine) };
  });
  const message = JSON.stringify([before, after]);
  expect(now?.rest, message).toEqual(old?.rest);
  expect(now?.end, message).toBe(old?.end);
  expect(now?.start.startsWith((old?.start ?? "").replace(/\r?\n$/, "")), message).toBe(true);
}

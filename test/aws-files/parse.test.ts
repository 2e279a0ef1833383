import { describe, expect, it } from "vitest";
import { type AwsFileKind, isProfileName, parseAwsFile, sectionOf } from "../../src/aws-files/parse.ts";

const config = `# dotfiles
[default]
region=eu-central-1

[profile team-a] ; the blog's
s3 =
    addressing_style = path
  # in between

    max_concurrent_requests=20
output = json # not a value
[sso-session corp]
sso_region = us-east-1
`;

describe("a shared file of the AWS SDKs", () => {
  it("is read into sections, keys and nested keys, with their lines", () => {
    const { sections, lines } = parseAwsFile(config.replace(" # not a value", ""), "config");
    expect(lines).toHaveLength(13);
    expect(sections).toEqual([
      {
        header: "default",
        profile: "default",
        line: 2,
        lastLine: 4,
        properties: [{ key: "region", value: "eu-central-1", nested: [], line: 3, lastLine: 3 }],
      },
      {
        header: "profile team-a",
        profile: "team-a",
        line: 5,
        lastLine: 11,
        properties: [
          {
            key: "s3",
            value: "",
            nested: [
              ["addressing_style", "path"],
              ["max_concurrent_requests", "20"],
            ],
            line: 6,
            lastLine: 10,
          },
          { key: "output", value: "json", nested: [], line: 11, lastLine: 11 },
        ],
      },
      {
        header: "sso-session corp",
        profile: undefined,
        line: 12,
        lastLine: 13,
        properties: [{ key: "sso_region", value: "us-east-1", nested: [], line: 13, lastLine: 13 }],
      },
    ]);
  });

  it.each<[AwsFileKind, string]>([
    ["config", ""],
    ["config", "\n\n# nothing\r\n"],
    ["config", config.replace(" # not a value", "").replaceAll("\n", "\r\n")],
    ["config", "[profile 'a']\n[profile \"b\"]\n[services c]\n[plugins]\n[profile user@example.com]"],
    ["config", "[default]\ncredential_process = /bin/x --a=b;c --d #".replace(" #", "")],
    ["credentials", "[a.b]\naws_access_key_id=AKIA\n[default]\n;x = 1\n  # y"],
    ["credentials", "# \u00a0 ünïcode ✓\n[a]\n"],
  ])("has no problem where all SDKs agree: %s %j", (kind, text) => {
    expect(parseAwsFile(text, kind).problems).toEqual([]);
  });

  it.each<[AwsFileKind, string, number, string]>([
    ["config", "\ufeff[default]\n", 1, "byte order mark"],
    ["config", "[default]\nx = \ufffd\n", 2, "not UTF-8"],
    ["config", "[default]\na = b\rc = d\n", 2, "carriage return"],
    ["config", "[default]\na = b\u00a0\n", 2, "not plain"],
    ["config", "[default]\na = b\u001f\n", 2, "control character"],
    ["config", "[default]\na = b\u0085\n", 2, "control character"],
    ["config", "[default]\na = b\u2003\n", 2, "not plain"],
    ["config", "a = b\n[default]\n", 1, "before the first section"],
    ["config", "[default]\nregion = a\nregion = b\n", 3, "repeats the key region of line 2"],
    ["config", "[default]\nRegion = a\n", 2, "capitals"],
    ["config", "[default]\nregion: a\n", 2, "neither"],
    ["config", "[default]\nregion\n", 2, "neither"],
    ["config", "[default]\nregion =\noutput = json\n", 2, "no value"],
    ["config", "[default]\nregion =", 2, "no value"],
    ["config", "[default]\nregion = a\n output = json\n", 3, "indented"],
    ["config", "[default]\ns3 =\n  a\n", 3, "neither"],
    ["config", "[default]\ns3 =\n  a =\n", 3, "neither"],
    ["config", "[default]\ns3.a = b\n", 2, "not all SDKs read"],
    ["config", "[default]\nconstructor = b\n", 2, "not all SDKs read"],
    ["config", "[default]\na = b # c\n", 2, "comment"],
    ["config", '[default]\na = "b ;c"\n', 2, "comment"],
    ["config", "[default]\n[profile default]\n", 2, "repeats section [default] of line 1"],
    ["config", "[profile a]\n[profile 'a']\n", 2, "repeats section"],
    ["config", "[plugins]\n[plugins]\n", 2, "repeats section"],
    ["config", "[DEFAULT]\n", 1, "add to all others"],
    ["config", "[profile a b]\n", 1, "section name"],
    ["config", "[profile  a]\n", 1, "section name"],
    ["config", "[ default ]\n", 1, "section name"],
    ["config", "[profile.a]\n", 1, "section name"],
    ["config", "[profile constructor]\n", 1, "section name"],
    ["config", "[a]x\n", 1, "no section header"],
    ["config", "[a]#x\n", 1, "no section header"],
    ["config", "[a] # ]\n", 1, "no section header"],
    ["config", "[a\n", 1, "neither"],
    ["config", " [a]\n", 1, "no section header"],
    ["credentials", "[profile a]\n", 1, "as the config file does; here it is [a]"],
    ["credentials", "[my profile]\n", 1, "section name"],
    ["credentials", "[__proto__]\n", 1, "section name"],
  ])("%s %j: line %i %s", (kind, text, line, why) => {
    const { problems } = parseAwsFile(text, kind);
    expect(problems[0]).toEqual({ line, why: expect.stringContaining(why) });
  });

  it.each(["default", "a", "TeamA-S3ReadOnlyAccess", "a.b_c-9"])("%s is a name", (name) => {
    expect(isProfileName(name)).toBe(true);
  });

  it.each(["", "a b", "a]", "a\nb", "ü", "a/b", "__proto__", "toString", "DEFAULT", "x".repeat(101)])(
    "%j is no name",
    (name) => {
      expect(isProfileName(name)).toBe(false);
    },
  );

  it.each(["[profile x y]", "[profile  x]", "[profile.x]", "[profilefoo x]", '[profile "x]'])(
    "%s could be a profile to somebody",
    (header) => {
      const names = parseAwsFile(`${header}\nrole_arn = r\n`, "config").sections.map(({ profile }) => profile);
      expect(["x", "x y"]).toContain(names[0]);
    },
  );

  it("finds a profile however its header is written", () => {
    expect(sectionOf(parseAwsFile('[profile "x"]\n', "config"), "x")?.header).toBe('profile "x"');
    expect(sectionOf(parseAwsFile("[x]\n", "config"), "x")).toBeUndefined();
    expect(sectionOf(parseAwsFile("[x]\n", "credentials"), "x")?.line).toBe(1);
  });
});

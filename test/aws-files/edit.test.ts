import { describe, expect, it } from "vitest";
import { editProfile, type ProfileEdit } from "../../src/aws-files/edit.ts";
import { type AwsFileKind, parseAwsFile } from "../../src/aws-files/parse.ts";
import { Gcp2awsError } from "../../src/errors.ts";

const MARK = "# ours";

function edit(text: string, changes: Partial<ProfileEdit> = {}, kind: AwsFileKind = "credentials"): string {
  const set: ProfileEdit["set"] = [
    ["k", "1"],
    ["l", "2"],
  ];
  const whole = { profile: "x", mark: MARK, set, takeOver: false, ...changes };
  return editProfile(parseAwsFile(text, kind), whole, "/home/u/.aws/file");
}

function refusal(text: string, changes: Partial<ProfileEdit> = {}, kind: AwsFileKind = "credentials"): string {
  try {
    edit(text, changes, kind);
  } catch (error) {
    if (error instanceof Gcp2awsError && error.code === "LOCAL_AWS_FILE") return error.message;
    throw error;
  }
  return "accepted";
}

describe("an edited profile", () => {
  it.each<[what: string, before: string, after: string, changes?: Partial<ProfileEdit>, kind?: AwsFileKind]>([
    ["in an empty file", "", "[x]\n# ours\nk = 1\nl = 2\n"],
    ["that is new comes last", "[a]\nb=c\n", "[a]\nb=c\n\n[x]\n# ours\nk = 1\nl = 2\n"],
    ["after a file without a final newline", "[a]\nb=c", "[a]\nb=c\n\n[x]\n# ours\nk = 1\nl = 2\n"],
    ["after a blank line", "[a]\n\n", "[a]\n\n[x]\n# ours\nk = 1\nl = 2\n"],
    ["in a CRLF file", "[a]\r\nb=c\r\n", "[a]\r\nb=c\r\n\r\n[x]\r\n# ours\r\nk = 1\r\nl = 2\r\n"],
    ["of the config file has its prefix", "", "[profile x]\n# ours\nk = 1\nl = 2\n", {}, "config"],
    ["default has none", "", "[default]\n# ours\nk = 1\nl = 2\n", { profile: "default" }, "config"],
    ["replaces values where they stand", "[x]\n# ours\nl=0\n# c\nk= 0\n\n[a]", "[x]\n# ours\nl = 2\n# c\nk = 1\n\n[a]"],
    ["leaves lines that say the same", "[x]\n# ours\nk=1\nl  =  2\n", "[x]\n# ours\nk=1\nl  =  2\n"],
    [
      "gets what is missing behind the last key",
      "[x]\n# ours\nk=1\nm=3\n\n# a's\n[a]",
      "[x]\n# ours\nk=1\nm=3\nl = 2\n\n# a's\n[a]",
    ],
    ["keeps a missing final newline", "[x]\n# ours\nk=1", "[x]\n# ours\nk=1\nl = 2"],
    ["keeps it for a replaced value", "[x]\n# ours\nl=2\nk=0", "[x]\n# ours\nl=2\nk = 1"],
    ["with a header only", "[x]", "[x]\n# ours\nk = 1\nl = 2"],
    ["with the mark only", "[x]\n# ours\n[a]\n", "[x]\n# ours\nk = 1\nl = 2\n[a]\n"],
    ["that says the same gets the mark", "[x]\nk=1\n", "[x]\n# ours\nk=1\nl = 2\n"],
    ["with lines of either ending", "[x]\r\n# ours\nk=0\r\nl=0\n", "[x]\r\n# ours\nk = 1\r\nl = 2\n"],
    ["of others, when told", "[x]\nk=0\nr=9\n", "[x]\n# ours\nk = 1\nr=9\nl = 2\n", { takeOver: true }],
    ["loses nested keys of a value", "[x]\n# ours\nk =\n  a = b\n\n  c = d\n[a]", "[x]\n# ours\nk = 1\nl = 2\n[a]"],
    [
      "loses what is to go",
      "[x]\n# ours\nk=1\nl=2\nz=0\n[a]\nz=0",
      "[x]\n# ours\nk=1\nl=2\n[a]\nz=0",
      { remove: ["z"] },
    ],
    ["under another writing", "[profile 'x']\n# ours\nk=0\nl=2\n", "[profile 'x']\n# ours\nk = 1\nl=2\n", {}, "config"],
  ])("%s", (_what, before, after, changes, kind) => {
    expect(edit(before, changes, kind)).toBe(after);
    expect(edit(after, changes, kind)).toBe(after);
  });

  it.each<[what: string, before: string, why: string, changes?: Partial<ProfileEdit>, kind?: AwsFileKind]>([
    ["of others", "[x]\nk=0\n", "gcp2aws did not write profile x in line 1, and it has k"],
    ["of others, marked elsewhere", "# ours\n[x]\nr=0\n[a]\n# ours\n", "did not write profile x in line 2"],
    [
      "that is bare in the config file",
      "[x]\n",
      "line 1 is [x], which this file does not take for a profile",
      {},
      "config",
    ],
    ["in a file with a problem elsewhere", "[x]\n# ours\n[a]\nb=1\nb=2\n", "line 5 repeats the key b of line 4"],
    ["with a problem, even when told", "[x]\n[x]\n", "line 2 repeats section", { takeOver: true }],
    ["with a second line in a value", "", "k has characters", { set: [["k", "1\nrole_arn = r"]] }],
    ["with a comment in a value", "", "k has characters", { set: [["k", "1 #2"]] }],
    ["with a value that is a comment", "", "k has characters", { set: [["k", "#2"]] }],
    ["with no value", "", "k has characters", { set: [["k", ""]] }],
    ["with a space around a value", "", "k has characters", { set: [["k", "1 "]] }],
  ])("is refused: %s", (_what, before, why, changes, kind) => {
    expect(refusal(before, changes, kind)).toContain(why);
  });

  it("never shows a value", () => {
    expect(refusal("[x]\naws_secret_access_key=SECRET\n")).not.toContain("SECRET");
    expect(refusal("[x]\nSECRET=\n")).not.toContain("SECRET");
    expect(refusal("", { set: [["k", "SECRET\n"]] })).not.toContain("SECRET");
  });
});

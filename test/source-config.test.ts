import { describe, expect, it } from "vitest";
import { readConfig, readTokenConfig } from "../src/config.ts";
import { Gcp2awsError } from "../src/errors.ts";
import { openSource } from "../src/identity-token/open-source.ts";
import { chooseSource, linesOfReasons, nameOfSource, type SourceConfig } from "../src/source-config.ts";
import { fakeHost, ROLE_ARN } from "./fake-host.ts";

const AUDIENCE = { audience: "https://aws.example.com" };
const FILE = "/var/run/secrets/aws/token";

describe("the source of identity tokens", () => {
  it.each<[string, Record<string, string>, Record<string, string>, SourceConfig["kind"]]>([
    ["nothing else", AUDIENCE, {}, "metadata"],
    ["a file by its flag", { identityTokenFile: FILE }, {}, "file"],
    ["a file by its variable", {}, { GCP2AWS_IDENTITY_TOKEN_FILE: FILE }, "file"],
    ["a token in a variable", {}, { GCP2AWS_IDENTITY_TOKEN: "x" }, "variable"],
    ["an empty variable", AUDIENCE, { GCP2AWS_IDENTITY_TOKEN: "", GCP2AWS_IDENTITY_TOKEN_FILE: "" }, "metadata"],
    ["a file before a variable", {}, { GCP2AWS_IDENTITY_TOKEN: "x", GCP2AWS_IDENTITY_TOKEN_FILE: FILE }, "file"],
    ["a choice before all", { ...AUDIENCE, source: "metadata" }, { GCP2AWS_IDENTITY_TOKEN_FILE: FILE }, "metadata"],
    ["a choice by its variable", {}, { GCP2AWS_SOURCE: "variable", GCP2AWS_IDENTITY_TOKEN_FILE: FILE }, "variable"],
  ])("%s", (_, given, env, kind) => {
    const { source, sourceReasons } = readTokenConfig(given, env);
    expect(source.kind).toBe(kind);
    expect(sourceReasons.filter(({ taken }) => taken)).toMatchObject([{ kind }]);
    expect(linesOfReasons(sourceReasons)).toHaveLength(3);
  });

  it.each<[string, Record<string, string>, string]>([
    ["a file that is not named", { source: "file" }, "--identity-token-file is missing"],
    ["an audience for the metadata server", {}, "--audience is missing"],
    ["a source that there is not", { source: "file2" }, "must be metadata, file or variable"],
    ["a file by a relative path", { identityTokenFile: "token" }, "must be the absolute path of a file"],
  ])("refuses %s", (_, given, message) => {
    expect(() => readTokenConfig(given, {})).toThrow(message);
  });

  it("says why each is taken or not", () => {
    expect(linesOfReasons(chooseSource({ chosen: undefined, file: FILE, variable: true }))).toEqual([
      "source file: --identity-token-file or GCP2AWS_IDENTITY_TOKEN_FILE is set",
      "not variable: another comes first",
      "not metadata: another comes first",
    ]);
    expect(linesOfReasons(chooseSource({ chosen: "metadata", file: FILE, variable: false }))).toEqual([
      "not file: another is chosen by --source",
      "not variable: another is chosen by --source",
      "source metadata: chosen by --source",
    ]);
  });

  it("needs no audience for a token that is given", () => {
    expect(readConfig({ roleArn: ROLE_ARN, identityTokenFile: FILE }, {})).toMatchObject({ audience: "" });
  });
});

describe("a token that is given", () => {
  const open = async (source: SourceConfig, text: string | Gcp2awsError, env = {}) => {
    const readText = () => {
      if (text instanceof Gcp2awsError) throw text;
      return text;
    };
    const host = fakeHost(() => new Error("no network"), { env, readText });
    const mint = await openSource({ source, audience: "", waitMs: undefined }, host);
    return mint(0);
  };

  it.each(["a.b.c", "a.b.c\n", " \ta.b.c\r\n"])("is trimmed: %j", async (text) => {
    expect(await open({ kind: "file", path: FILE }, text)).toBe("a.b.c");
    expect(await open({ kind: "variable", name: "T" }, "", { T: text })).toBe("a.b.c");
  });

  it.each<[string, SourceConfig, string | Gcp2awsError, string]>([
    [
      "a file that cannot be read",
      { kind: "file", path: FILE },
      new Gcp2awsError("LOCAL_FILE", "/x not read: EACCES"),
      "no identity token: /x not read: EACCES",
    ],
    ["an empty file", { kind: "file", path: FILE }, "\n", `no identity token: the file ${FILE} is empty`],
    ["no variable", { kind: "variable", name: "T" }, "", "no identity token: the variable T is empty"],
  ])("is not there: %s", async (_, source, text, message) => {
    await expect(open(source, text)).rejects.toMatchObject({ code: "IDENTITY_NOT_FOUND", message });
  });

  it("has a name for people", () => {
    expect(nameOfSource({ kind: "file", path: FILE })).toBe(`file ${FILE}`);
    expect(nameOfSource({ kind: "variable", name: "T" })).toBe("variable T");
  });
});

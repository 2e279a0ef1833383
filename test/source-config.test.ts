import { describe, expect, it } from "vitest";
import { readConfig, readTokenConfig } from "../src/config.ts";
import { Gcp2awsError } from "../src/errors.ts";
import { openSource } from "../src/identity-token/open-source.ts";
import { chooseSource, linesOfReasons, nameOfSource, type SourceConfig } from "../src/source-config.ts";
import { fakeHost, ROLE_ARN } from "./fake-host.ts";

const AUDIENCE = { audience: "https://aws.example.com" };
const NETWORK = { authorities: { extra: "", aws: "", google: "" }, proxies: { httpsProxy: "", noProxy: "" } };
const TARGET = "team-a@example-project.iam.gserviceaccount.com";
const FILE = "/var/run/secrets/aws/token";

describe("the source of identity tokens", () => {
  it.each<[string, Record<string, string>, Record<string, string>, SourceConfig["kind"]]>([
    ["nothing else", AUDIENCE, {}, "metadata"],
    ["a file by its flag", { identityTokenFile: FILE }, {}, "file"],
    ["a file by its variable", {}, { GCP2AWS_IDENTITY_TOKEN_FILE: FILE }, "file"],
    ["a command by its flag", { identityTokenCommand: "/bin/t" }, {}, "command"],
    ["a command by its variable", {}, { GCP2AWS_IDENTITY_TOKEN_COMMAND: "/bin/t" }, "command"],
    [
      "a file before a command",
      {},
      { GCP2AWS_IDENTITY_TOKEN_COMMAND: "/t", GCP2AWS_IDENTITY_TOKEN_FILE: FILE },
      "file",
    ],
    [
      "a command before a variable",
      {},
      { GCP2AWS_IDENTITY_TOKEN_COMMAND: "/t", GCP2AWS_IDENTITY_TOKEN: "x" },
      "command",
    ],
    ["another account by its flag", { ...AUDIENCE, impersonateServiceAccount: TARGET }, {}, "impersonation"],
    ["another account by its variable", AUDIENCE, { GCP2AWS_IMPERSONATE_SERVICE_ACCOUNT: TARGET }, "impersonation"],
    [
      "another account before a token that is given",
      { ...AUDIENCE, impersonateServiceAccount: TARGET },
      { GCP2AWS_IDENTITY_TOKEN: "x", GCP2AWS_IDENTITY_TOKEN_FILE: FILE },
      "impersonation",
    ],
    ["application default credentials", AUDIENCE, { GOOGLE_APPLICATION_CREDENTIALS: "/adc" }, "application-default"],
    ["a variable before them", {}, { GOOGLE_APPLICATION_CREDENTIALS: "x", GCP2AWS_IDENTITY_TOKEN: "x" }, "variable"],
    ["gcloud's own by choice", { ...AUDIENCE, source: "application-default" }, { HOME: "/h" }, "application-default"],
    ["no file of gcloud's without a choice", AUDIENCE, { HOME: "/h", CLOUDSDK_CONFIG: "/c" }, "metadata"],
    ["a token in a variable", {}, { GCP2AWS_IDENTITY_TOKEN: "x" }, "variable"],
    ["an empty variable", AUDIENCE, { GCP2AWS_IDENTITY_TOKEN: "", GCP2AWS_IDENTITY_TOKEN_FILE: "" }, "metadata"],
    ["a file before a variable", {}, { GCP2AWS_IDENTITY_TOKEN: "x", GCP2AWS_IDENTITY_TOKEN_FILE: FILE }, "file"],
    ["a choice before all", { ...AUDIENCE, source: "metadata" }, { GCP2AWS_IDENTITY_TOKEN_FILE: FILE }, "metadata"],
    ["a choice by its variable", {}, { GCP2AWS_SOURCE: "variable", GCP2AWS_IDENTITY_TOKEN_FILE: FILE }, "variable"],
  ])("%s", (_, given, env, kind) => {
    const { source, sourceReasons } = readTokenConfig(given, env);
    expect(source.kind).toBe(kind);
    expect(sourceReasons.filter(({ taken }) => taken)).toMatchObject([{ kind }]);
    expect(linesOfReasons(sourceReasons)).toHaveLength(6);
  });

  it.each<[string, Record<string, string>, string]>([
    ["a file that is not named", { source: "file" }, "--identity-token-file is missing"],
    ["an audience for the metadata server", {}, "--audience is missing"],
    [
      "a source that there is not",
      { source: "file2" },
      "must be impersonation, file, command, variable, application-default or metadata",
    ],
    [
      "an account that is not named",
      { ...AUDIENCE, source: "impersonation" },
      "--impersonate-service-account is missing",
    ],
    ["an audience for another account", { impersonateServiceAccount: TARGET }, "--audience is missing"],
    [
      "a way to no account",
      { ...AUDIENCE, impersonationDelegates: TARGET },
      "--impersonate-service-account is missing",
    ],
    ["a choice that only impersonation has", { ...AUDIENCE, azp: "email" }, "--azp email: only an impersonated"],
    ["credentials without a home to look for them in", { source: "application-default" }, "there is no home"],
    ["a command that is not named", { source: "command" }, "--identity-token-command is missing"],
    ["a command that is looked for in PATH", { identityTokenCommand: "print-token" }, "must be the absolute path"],
    ["a command with an open quote", { identityTokenCommand: '/bin/t "a' }, "must be the absolute path"],
    ["a command of several lines", { identityTokenCommand: "/bin/t\nx" }, "must be the absolute path"],
    ["a file by a relative path", { identityTokenFile: "token" }, "must be the absolute path of a file"],
  ])("refuses %s", (_, given, message) => {
    expect(() => readTokenConfig(given, {})).toThrow(message);
  });

  it("says why each is taken or not", () => {
    expect(linesOfReasons(chooseSource({ chosen: undefined, setUp: ["variable", "file"] }))).toEqual([
      "not impersonation: --impersonate-service-account or GCP2AWS_IMPERSONATE_SERVICE_ACCOUNT is not set",
      "source file: --identity-token-file or GCP2AWS_IDENTITY_TOKEN_FILE is set",
      "not command: --identity-token-command or GCP2AWS_IDENTITY_TOKEN_COMMAND is not set",
      "not variable: another comes first",
      "not application-default: GOOGLE_APPLICATION_CREDENTIALS is not set",
      "not metadata: another comes first",
    ]);
    expect(linesOfReasons(chooseSource({ chosen: "metadata", setUp: ["file"] }))).toEqual([
      "not impersonation: another is chosen by --source",
      "not file: another is chosen by --source",
      "not command: another is chosen by --source",
      "not variable: another is chosen by --source",
      "not application-default: another is chosen by --source",
      "source metadata: chosen by --source",
    ]);
  });

  it("needs no audience for a token that is given", () => {
    expect(readConfig({ roleArn: ROLE_ARN, identityTokenFile: FILE }, {})).toMatchObject({ audience: "" });
  });
});

describe("who asks for the token of another account", () => {
  const GIVEN = { ...AUDIENCE, impersonateServiceAccount: TARGET };
  const WELL_KNOWN = "application_default_credentials.json";
  it.each<[string, Record<string, string>, Record<string, string>, object]>([
    [
      "the file that is named",
      {},
      { GOOGLE_APPLICATION_CREDENTIALS: "/adc.json", HOME: "/h" },
      { credentialsFile: "/adc.json", orMetadata: false },
    ],
    [
      "gcloud's own",
      {},
      { CLOUDSDK_CONFIG: "/c/", HOME: "/h" },
      { credentialsFile: `/c/${WELL_KNOWN}`, orMetadata: true },
    ],
    [
      "gcloud's own at home",
      {},
      { HOME: "/h" },
      { credentialsFile: `/h/.config/gcloud/${WELL_KNOWN}`, orMetadata: true },
    ],
    ["the metadata server where there is no home", {}, {}, { credentialsFile: "", orMetadata: true }],
    [
      "the account of the workload that is named",
      { serviceAccount: TARGET },
      { GOOGLE_APPLICATION_CREDENTIALS: "/adc.json", HOME: "/h" },
      { credentialsFile: "", metadata: { metadataUrl: "http://169.254.169.254", serviceAccount: TARGET } },
    ],
  ])("%s", (_, given, env, caller) => {
    expect(readTokenConfig({ ...GIVEN, ...given }, env).source).toMatchObject({ kind: "impersonation", caller });
  });

  it("is no file by a relative path, which would be another elsewhere", () => {
    const read = (given: Record<string, string>) =>
      readTokenConfig(given, { GOOGLE_APPLICATION_CREDENTIALS: "adc.json" });
    expect(() => read(GIVEN)).toThrow('GOOGLE_APPLICATION_CREDENTIALS "adc.json": must be the absolute path');
    expect(() => read(AUDIENCE)).toThrow('GOOGLE_APPLICATION_CREDENTIALS "adc.json": must be the absolute path');
    expect(() => read({ ...AUDIENCE, source: "metadata" })).not.toThrow();
  });
});

describe("a token that is given", () => {
  const open = async (source: SourceConfig, text: string | Gcp2awsError, env = {}) => {
    const readText = () => {
      if (text instanceof Gcp2awsError) throw text;
      return text;
    };
    const host = fakeHost(() => new Error("no network"), { env, readText });
    const mint = await openSource({ ...NETWORK, source, audience: "", waitMs: undefined }, host);
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
    const impersonation = (env: Record<string, string>) =>
      nameOfSource(readTokenConfig({ ...AUDIENCE, impersonateServiceAccount: TARGET }, env).source);
    expect(impersonation({})).toBe(`impersonation of ${TARGET} by the metadata server's default`);
    expect(impersonation({ CLOUDSDK_CONFIG: "/c" })).toBe(
      `impersonation of ${TARGET} by /c/application_default_credentials.json, else the metadata server's default`,
    );
    expect(impersonation({ GOOGLE_APPLICATION_CREDENTIALS: "/a" })).toBe(`impersonation of ${TARGET} by /a`);
  });
});

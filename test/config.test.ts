import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFlags } from "../src/cli/parse-flags.ts";
import { type Environment, type FlagKey, flags, readConfig, variableOf } from "../src/config.ts";
import { ROLE_ARN } from "./fake-host.ts";

const base = { roleArn: ROLE_ARN, audience: "https://aws.example.com" };
const keys = Object.keys(flags).filter((key): key is FlagKey => key in flags);

describe("configuration", () => {
  it("has defaults", () => {
    expect(readConfig(base, {})).toEqual({
      ...base,
      metadataUrl: "http://169.254.169.254",
      serviceAccount: "default",
      tokenFormat: "full",
      licenses: false,
      roleSessionName: "{sub}",
      durationSeconds: undefined,
      region: "us-east-1",
      stsEndpoint: "https://sts.us-east-1.amazonaws.com",
      timeoutMs: 30_000,
    });
  });

  it.each(keys)("%s is the same from the flag and from the variable", (key) => {
    const example = flags[key].example;
    const fromFlag = readConfig({ ...base, [key]: example }, {});
    const fromEnv = readConfig(key === "roleArn" || key === "audience" ? { ...base, [key]: undefined } : base, {
      [variableOf(flags[key])]: example,
    });
    expect(fromEnv).toEqual(fromFlag);
  });

  it.each<[Environment, string]>([
    [{ AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "eu-west-2" }, "https://sts.eu-west-1.amazonaws.com"],
    [{ AWS_DEFAULT_REGION: "eu-west-2" }, "https://sts.eu-west-2.amazonaws.com"],
    [{ AWS_REGION: "", AWS_DEFAULT_REGION: "eu-west-2" }, "https://sts.eu-west-2.amazonaws.com"],
    [{ GCP2AWS_REGION: "eu-west-3", AWS_REGION: "eu-west-1" }, "https://sts.eu-west-3.amazonaws.com"],
    [{ AWS_ENDPOINT_URL: "http://127.0.0.1:4566", AWS_REGION: "eu-west-1" }, "http://127.0.0.1:4566"],
    [{ AWS_ENDPOINT_URL_STS: "https://sts.internal", AWS_ENDPOINT_URL: "http://localhost:1" }, "https://sts.internal"],
    [
      { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
      "https://sts.us-east-1.amazonaws.com",
    ],
    [{ GCP2AWS_STS_ENDPOINT: "http://[::1]:1", AWS_ENDPOINT_URL_STS: "https://sts.internal" }, "http://[::1]:1"],
    [{ AWS_USE_FIPS_ENDPOINT: "true" }, "https://sts-fips.us-east-1.amazonaws.com"],
    [{ AWS_USE_DUALSTACK_ENDPOINT: "true" }, "https://sts.us-east-1.api.aws"],
  ])("%j → %s", (env, endpoint) => {
    expect(readConfig(base, env).stsEndpoint).toBe(endpoint);
  });

  it.each<[Environment, string]>([
    [{ GCE_METADATA_HOST: "127.0.0.1:8080" }, "http://127.0.0.1:8080"],
    [{ GCE_METADATA_HOST: "http://metadata/" }, "http://metadata"],
    [{ GCE_METADATA_IP: "10.0.0.1" }, "http://10.0.0.1"],
    [
      { GCE_METADATA_HOST: "metadata.google.internal.", GCE_METADATA_IP: "10.0.0.1" },
      "http://metadata.google.internal.",
    ],
    [{ GCE_METADATA_HOST: "[fd20:ce::254]:80" }, "http://[fd20:ce::254]:80"],
  ])("%j → metadata server at %s", (env, url) => {
    expect(readConfig(base, env).metadataUrl).toBe(url);
  });

  it.each<[FlagKey, string]>([
    ["roleArn", "arn:aws:iam::1:role/x"],
    ["audience", "two words"],
    ["audience", ""],
    ["audience", "not utf-8 \ufffd"],
    ["audience", "lone-surrogate-\ud800"],
    ["serviceAccount", "../../project"],
    ["serviceAccount", "a@b"],
    ["tokenFormat", "FULL"],
    ["licenses", "yes"],
    ["roleSessionName", "a b"],
    ["durationSeconds", "899"],
    ["durationSeconds", "43201"],
    ["durationSeconds", "1e3"],
    ["durationSeconds", "3600.5"],
    ["region", "us-east-1.evil.example/"],
    ["region", "US-EAST-1"],
    ["region", "aws-global"],
    ["stsEndpoint", "http://sts.example.com"],
    ["stsEndpoint", "https://sts.example.com/?token=x"],
    ["stsEndpoint", "sts.example.com"],
    ["stsEndpoint", "file:///etc/passwd"],
    ["timeout", "0"],
    ["timeout", "-1"],
  ])("%s %j is refused by value, rule and example", (key, value) => {
    const name = `--${flags[key].name}`;
    expect(() => readConfig({ ...base, [key]: value }, {})).toThrow(
      expect.objectContaining({
        code: "USAGE_INVALID_VALUE",
        message: `${name} "${value}": must be ${flags[key].rule}`,
        hint: `for example ${name} ${flags[key].example}`,
      }),
    );
  });

  it.each([
    { AWS_ENDPOINT_URL_STS: "https://user:pa55word@sts.example.com" },
    { GCE_METADATA_HOST: "user:pa55word@metadata" },
  ])("does not repeat a password: %j", (env) => {
    expect(() => readConfig(base, env)).toThrow(/"\S*\[password\]@/);
    expect(() => readConfig(base, env)).not.toThrow("pa55word");
  });

  it("names the variable that a bad value came from", () => {
    expect(() => readConfig(base, { AWS_ENDPOINT_URL_STS: "ftp://x" })).toThrow(
      /^AWS_ENDPOINT_URL_STS "ftp:\/\/x": must be/,
    );
    expect(() => readConfig(base, { GCE_METADATA_HOST: "a b/c" })).toThrow(/^GCE_METADATA_HOST "a b\/c": must be/);
  });

  it.each<[Environment, boolean]>([
    [{}, false],
    [{ AWS_REGION: "cn-north-1" }, true],
    [{ AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, true],
  ])("a role of aws-cn with %j is accepted: %s", (env, accepted) => {
    const read = () => readConfig({ ...base, roleArn: "arn:aws-cn:iam::111122223333:role/R" }, env);
    if (accepted) expect(read).not.toThrow();
    else expect(read).toThrow("must be a region of the role's partition, aws-cn");
  });

  it.each(["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])("refuses %s with an endpoint given", (name) => {
    const env = { [name]: "true", AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    expect(() => readConfig(base, env)).toThrow("FIPS and dual stack need the region's own");
    expect(() => readConfig(base, { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" })).not.toThrow();
  });

  it("refuses licenses in a standard token", () => {
    expect(() => readConfig({ ...base, licenses: "true", tokenFormat: "standard" }, {})).toThrow(
      "only a full token carries licenses",
    );
  });
});

describe("the command line", () => {
  it("reads back whatever flags were written, in either form", () => {
    const values = fc.record(
      Object.fromEntries(keys.map((key) => [key, fc.string().filter((text) => !text.startsWith("--"))])),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(values, fc.boolean(), (given, joined) => {
        const argv = Object.entries(given).flatMap(([key, value]) => {
          const flag = flags[keys.find((name) => name === key) ?? "roleArn"];
          return joined || flag.name === "licenses" ? [`--${flag.name}=${value}`] : [`--${flag.name}`, value ?? ""];
        });
        expect(parseFlags(argv)).toEqual(given);
      }),
    );
  });

  it.each<[string[], string]>([
    [["--rolearn", "x"], '"--rolearn": no such flag'],
    [["stray"], '"stray": an argument without a flag before it'],
    [["-r"], '"-r": no such flag'],
    [["--"], '"--": no such flag'],
    [["--audience"], "--audience: its value is missing"],
    [["--audience", "--role-arn"], "--audience: its value is missing"],
    [["--region", "a", "--region", "b"], "--region: given twice"],
  ])("%j is refused", (argv, message) => {
    expect(() => parseFlags(argv)).toThrow(message);
  });

  it("knows switches and help", () => {
    expect(parseFlags(["--licenses", "--timeout", "5"])).toEqual({ licenses: "true", timeout: "5" });
    expect(parseFlags(["--timeout", "5", "--help"])).toBe("help");
  });

  it("is missing what is required", () => {
    expect(() => readConfig({}, {})).toThrow("--role-arn is missing");
    expect(() => readConfig({ roleArn: ROLE_ARN }, {})).toThrow("--audience is missing");
  });
});

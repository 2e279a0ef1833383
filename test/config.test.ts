import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFlags } from "../src/cli/parse-flags.ts";
import { awsSurroundings } from "../src/config/surroundings.ts";
import { type Environment } from "../src/config/read.ts";
import { flagsOfCredentials, readConfig, readTokenConfig } from "../src/config.ts";
import { type FlagKey, flagOf, flags, variableOf } from "../src/flags.ts";
import { placeOf } from "../src/sts/place.ts";
import { ROLE_ARN } from "./fake-host.ts";

const base = { roleArn: ROLE_ARN, audience: "https://aws.example.com" };
const keys = flags.map(({ key }) => key);

describe("configuration", () => {
  it("has defaults", () => {
    expect(readConfig(base, {})).toEqual({
      ...base,
      authorities: { extra: "", aws: "", google: "" },
      proxies: { httpsProxy: "", noProxy: "" },
      sourceReasons: expect.any(Array),
      source: {
        kind: "metadata",
        metadataUrl: "http://169.254.169.254",
        serviceAccount: "default",
        tokenFormat: "full",
        licenses: false,
      },
      roleSessionName: "{sub}",
      durationSeconds: undefined,
      longest: false,
      sessionPolicies: { policy: "", arns: [] },
      chain: { via: [], externalId: "", sourceIdentity: "", tags: [], transitiveTags: [] },
      sts: {
        region: "us-east-1",
        endpoint: undefined,
        fips: false,
        dualStack: false,
        profile: "default ",
        fallbackRegions: [],
      },
      waitMs: undefined,
      timeoutMs: 30_000,
      cacheLocations: [],
      refreshNow: false,
    });
  });

  it.each<[Environment, string[]]>([
    [{}, []],
    [{ HOME: "/home/a" }, ["/home/a/.cache/gcp2aws"]],
    [{ HOME: "/" }, ["/.cache/gcp2aws"]],
    [{ HOME: "a" }, []],
    [{ HOME: "/home/a", XDG_CACHE_HOME: "/var/c//" }, ["/var/c/gcp2aws"]],
    [{ HOME: "/home/a", XDG_CACHE_HOME: "relative" }, ["/home/a/.cache/gcp2aws"]],
    [{ HOME: "/home/a", XDG_RUNTIME_DIR: "/run/user/7" }, ["/run/user/7/gcp2aws", "/home/a/.cache/gcp2aws"]],
    [{ HOME: "/home/a", XDG_RUNTIME_DIR: "run" }, ["/home/a/.cache/gcp2aws"]],
    [{ HOME: "/home/a", XDG_RUNTIME_DIR: "/run/user/7", GCP2AWS_CACHE_DIR: "/x/" }, ["/x"]],
    [{ HOME: "/home/a", GCP2AWS_CACHE: "off" }, []],
    [{ HOME: "/home/a", GCP2AWS_CACHE: "on" }, ["/home/a/.cache/gcp2aws"]],
  ])("%j keeps the cache in %j", (env, directories) => {
    const { cacheLocations } = readConfig(base, env);
    expect(cacheLocations.map(({ directory }) => directory)).toEqual(directories);
    expect(readConfig({ ...base, cache: "off" }, env).cacheLocations).toEqual([]);
  });

  it("takes a runtime directory only if it is this user's", () => {
    const { cacheLocations } = readConfig(base, { HOME: "/home/a", XDG_RUNTIME_DIR: "/run/user/7" });
    expect(cacheLocations[0]?.within).toBe("/run/user/7");
  });

  it("refuses a cache directory that depends on where it is started", () => {
    expect(() => readConfig(base, { GCP2AWS_CACHE_DIR: "cache" })).toThrow("must be the absolute path");
  });

  it.each(keys)("%s is the same from the flag and from the variable", (key) => {
    const example = flagOf(key).example;
    const readText = () => flagOf("policy").example;
    // What is only for roles that are assumed by another, the tag that a key is of, and the account that a way leads to.
    const rest = {
      ...base,
      via: flagOf("via").example,
      sessionTags: flagOf("sessionTags").example,
      impersonateServiceAccount: flagOf("impersonateServiceAccount").example,
    };
    const fromFlag = readConfig({ ...rest, [key]: example }, {}, readText);
    const fromEnv = readConfig({ ...rest, [key]: undefined }, { [variableOf(flagOf(key))]: example }, readText);
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
    const { sts } = readConfig(base, env);
    expect(placeOf(sts, sts.region).stsEndpoint).toBe(endpoint);
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
    expect(readConfig(base, env).source).toMatchObject({ kind: "metadata", metadataUrl: url });
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
    ["policy", ""],
    ["policy", "[]"],
    ["policy", "{"],
    ["policy", '{"Id":"€"}'],
    ["policyFile", "policy.json"],
    ["policyArn", ""],
    ["policyArn", "arn:aws:iam::aws:policy/A,"],
    ["policyArn", "arn:aws:iam::111122223333:role/A"],
    ["allowedAccount", ""],
    ["allowedAccount", "1111-2222-3333"],
    ["allowedAccount", "111122223333,"],
    ["via", ""],
    ["via", "arn:aws:iam::111122223333:role/A,arn:aws:iam::1:role/B"],
    ["via", "Hub"],
    ["externalId", "x"],
    ["externalId", "a b"],
    ["sourceIdentity", "{nope}"],
    ["sourceIdentity", "aws:x"],
    ["sessionTags", "team"],
    ["sessionTags", "team=a,Team=b"],
    ["sessionTags", "aws:team=a"],
    ["transitiveTags", ","],
    ["durationSeconds", "899"],
    ["durationSeconds", "43201"],
    ["durationSeconds", "1e3"],
    ["durationSeconds", "MAX"],
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
    const name = `--${flagOf(key).name}`;
    expect(() => readConfig({ ...base, [key]: value }, {})).toThrow(
      expect.objectContaining({
        code: "USAGE_INVALID_VALUE",
        message: `${name} "${value}": must be ${flagOf(key).rule}`,
        hint: `for example ${name} ${flagOf(key).example}`,
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

  it.each([
    ["GCP2AWS_REGION", "eu-west-1"],
    ["GCE_METADATA_HOST", "metadata.google.internal"],
    ["CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", "https://iam.example.com"],
  ])("says what printing hides of a bad value: %s", (name, value) => {
    const asked = { ...base, impersonateServiceAccount: "a@p.iam.gserviceaccount.com" };
    expect(() => readConfig(asked, { [name]: `${value}\n` })).toThrow(
      `${name} "${value}" with a line break at its end: must be`,
    );
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

  it("takes the session policy from a file, by its text", () => {
    const readText = (path: string) => (path === "/a" ? ' { "Version" : "a b" }\n' : path === "/b" ? "no" : "");
    const { policy } = readConfig({ ...base, policyFile: "/a" }, {}, readText).sessionPolicies;
    expect(policy).toBe('{"Version":"a b"}');
    expect(() => readConfig({ ...base, policyFile: "/b" }, {}, readText)).toThrow(
      `--policy-file "/b": must hold ${flagOf("policy").rule}`,
    );
    expect(() => readConfig({ ...base, policyFile: "/a", policy: "{}" }, {}, readText)).toThrow(
      "there can be one session policy",
    );
  });

  it.each<[string, boolean]>([
    ["111122223333", true],
    ["444455556666,111122223333", true],
    ["444455556666", false],
    ["011112222333,311112222333", false],
  ])("with --allowed-account %s a role of 111122223333 is accepted: %s", (allowedAccount, accepted) => {
    const read = () => readConfig({ ...base, allowedAccount }, {});
    if (accepted) expect(read()).toEqual(readConfig(base, {}));
    else expect(read).toThrow("--allowed-account does not list its account, 111122223333");
  });

  const HUB = "arn:aws:iam::444455556666:role/Hub,1";
  it("reads a chain of roles", () => {
    const given = { via: `${HUB},${ROLE_ARN}`, externalId: "a/b", sourceIdentity: "{sub}", sessionTags: "a=1=2,b=" };
    expect(readConfig({ ...base, ...given, transitiveTags: "b" }, {}).chain).toEqual({
      via: [HUB, ROLE_ARN],
      externalId: "a/b",
      sourceIdentity: "{sub}",
      tags: [
        { key: "a", value: "1=2" },
        { key: "b", value: "" },
      ],
      transitiveTags: ["b"],
    });
  });

  it.each<[Partial<Record<FlagKey, string>>, string]>([
    [{ externalId: "x1" }, "--external-id: is only for roles assumed by another role"],
    [{ sourceIdentity: "{sub}" }, "--source-identity: is only for roles assumed by another role"],
    [{ sessionTags: "a=b" }, "--session-tags: is only for roles assumed by another role"],
    [{ transitiveTags: "a" }, "--transitive-tags: is only for roles assumed by another role"],
    [{ via: HUB, durationSeconds: "3601" }, "--duration-seconds 3601: AWS ends a session after 3600 seconds"],
    [{ via: "arn:aws-cn:iam::444455556666:role/Hub" }, "is not of the partition of --role-arn, aws"],
    [{ via: HUB, sessionTags: "a=b", transitiveTags: "b" }, '--transitive-tags "b": is no key of --session-tags'],
    [{ via: HUB, allowedAccount: "111122223333" }, "does not list its account, 444455556666"],
    [{ via: HUB, allowedAccount: "444455556666" }, "does not list its account, 111122223333"],
  ])("refuses %j", (given, message) => {
    expect(() => readConfig({ ...base, ...given }, {})).toThrow(message);
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
      Object.fromEntries(
        keys.map((key) => [
          key,
          flagOf(key).value !== undefined
            ? fc.string().filter((text) => !text.startsWith("--"))
            : fc.constant(flagOf(key).given ?? "true"),
        ]),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(values, fc.boolean(), (given, joined) => {
        const argv = Object.entries(given).flatMap(([key, value]) => {
          const flag = flagOf(keys.find((name) => name === key) ?? "roleArn");
          if (flag.value === undefined) return [`--${flag.name}`];
          return joined ? [`--${flag.name}=${value}`] : [`--${flag.name}`, value ?? ""];
        });
        expect(parseFlags(argv)).toEqual(given);
      }),
    );
  });

  it.each<[string[], string]>([
    [["--rolearn", "x"], '"--rolearn": no such flag'],
    [["team-a", "stray"], '"stray": a second argument without a flag before it'],
    [["team-a", "--", "stray"], '"stray": a second argument without a flag before it'],
    [["", ""], '"": a second argument without a flag before it'],
    [["-r"], '"-r": no such flag'],
    [["--licenses=true"], '"--licenses=true": a switch takes no value'],
    [["--audience=--role-arn"], "--audience: its value is missing"],
    [["--audience"], "--audience: its value is missing"],
    [["--audience", "--role-arn"], "--audience: its value is missing"],
    [["--region", "a", "--region", "b"], "--region: given twice"],
  ])("%j is refused", (argv, message) => {
    expect(() => parseFlags(argv)).toThrow(message);
  });

  it("knows switches and help", () => {
    expect(parseFlags(["--licenses", "--timeout", "5"])).toEqual({ licenses: "true", timeout: "5" });
    expect(parseFlags(["--timeout", "5", "team-a"])).toEqual({ timeout: "5", target: "team-a" });
    expect(parseFlags(["--", "-x"])).toEqual({ target: "-x" });
    expect(parseFlags(["--no-cache"])).toEqual({ cache: "off" });
    expect(parseFlags(["--licenses", "--licenses", "--"])).toEqual({ licenses: "true" });
    for (const argv of [["--timeout", "5", "--help"], ["-h"], ["--bogus", "-h"], ["stray", "--help"]]) {
      expect(parseFlags(argv)).toBe("help");
    }
  });

  it("is missing what is required", () => {
    expect(() => readConfig({}, {})).toThrow("--role-arn is missing");
    const hint = expect.stringMatching(/^give --role-arn or set GCP2AWS_ROLE_ARN, /);
    expect(() => readConfig({ target: "team-a" }, {})).toThrow(expect.objectContaining({ hint }));
    expect(() => readConfig({ roleArn: ROLE_ARN }, {})).toThrow("--audience is missing");
  });
});

describe("the configuration of a token", () => {
  it("is that of the pipe, without what a token does not need", () => {
    expect(readConfig(base, {})).toMatchObject(readTokenConfig({ audience: base.audience }, {}));
  });

  it.each(keys)("%s is read by it, or is one of the other flags", (key) => {
    const reading = () => readTokenConfig({ audience: base.audience, [key]: "\0" }, {});
    if (flagsOfCredentials.includes(key) || key === "config") expect(reading).not.toThrow();
    else expect(reading).toThrow(`--${flagOf(key).name} `);
  });
});

describe("the shared files of the AWS SDKs", () => {
  it.each<[Record<string, string>, string, string]>([
    [{ HOME: "/home/u" }, "/home/u/.aws/config", "/home/u/.aws/credentials"],
    [{ HOME: "/home/u/", AWS_CONFIG_FILE: "" }, "/home/u/.aws/config", "/home/u/.aws/credentials"],
    [{ HOME: "/h", AWS_CONFIG_FILE: "~/c", AWS_SHARED_CREDENTIALS_FILE: "/run/d e" }, "/h/c", "/run/d e"],
    [{ AWS_CONFIG_FILE: "here", AWS_SHARED_CREDENTIALS_FILE: "./there" }, "here", "./there"],
  ])("by %j", (env, configFile, credentialsFile) => {
    expect(awsSurroundings(env)).toMatchObject({ configFile, credentialsFile });
  });

  it.each<[Environment, RegExp]>([
    [{}, /^HOME "": must be the absolute path of a directory$/],
    [{ HOME: "relative" }, /^HOME "relative": must be the absolute path of a directory$/],
    [{ HOME: "/h", AWS_CONFIG_FILE: "$HOME/c" }, /^AWS_CONFIG_FILE ".*": must be the path of a file$/],
    [{ AWS_CONFIG_FILE: "~u/c" }, /^AWS_CONFIG_FILE ".*": must be the path of a file$/],
    [{ HOME: "/h", AWS_CONFIG_FILE: "/d/" }, /^AWS_CONFIG_FILE ".*": must be the path of a file$/],
  ])("are not known by %j", (env, message) => {
    expect(() => awsSurroundings(env)).toThrow(message);
  });

  it("are read beside what comes before any profile", () => {
    const env = { HOME: "/h", AWS_PROFILE: "p", AWS_ACCESS_KEY_ID: "A", AWS_WEB_IDENTITY_TOKEN_FILE: "" };
    expect(awsSurroundings(env)).toMatchObject({ profile: "p", credentialVariables: ["AWS_ACCESS_KEY_ID"] });
    expect(awsSurroundings({ HOME: "/h", AWS_PROFILE: "" })).toMatchObject({
      profile: undefined,
      credentialVariables: [],
    });
  });
});

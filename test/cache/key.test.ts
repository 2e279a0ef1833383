import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Answer, cacheKey } from "../../src/cache/key.ts";
import { type Config, readConfig } from "../../src/config.ts";
import type { RoleChain } from "../../src/session-config.ts";
import type { ImpersonationSource, SourceConfig } from "../../src/source-config.ts";
import { ROLE_ARN } from "../fake-host.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const METADATA: SourceConfig = {
  kind: "metadata",
  metadataUrl: "http://169.254.169.254",
  serviceAccount: "default",
  tokenFormat: "full",
  licenses: false,
};
const COMMAND: SourceConfig = {
  kind: "command",
  program: "/bin/token",
  argv: ["a", "b"],
  audienceVariable: "A",
  withheldVariable: "C",
};
const IMPERSONATION: ImpersonationSource = {
  kind: "impersonation",
  target: "a@p.iam.gserviceaccount.com",
  delegates: [],
  azp: "numeric",
  iamCredentialsUrl: "https://iamcredentials.googleapis.com",
  caller: {
    credentialsFile: "",
    orMetadata: true,
    metadata: { metadataUrl: "http://169.254.169.254", serviceAccount: "default" },
  },
};
const config = readConfig({ roleArn: ROLE_ARN, audience: "https://aws.example.com" }, {});

/** Settings that change when and where an answer is looked for, and not the answer. Any other must be in the key. */
type Aside = "sourceReasons" | "proxies" | "waitMs" | "timeoutMs" | "cacheLocations" | "refreshNow";
type Forgotten = Exclude<keyof Config, keyof Answer | Aside>;
/** Does not compile while a setting is forgotten. */
const nothingForgotten: [Forgotten] extends [never] ? true : Forgotten = true;

describe("the key of an entry", () => {
  it("holds every setting that changes the answer", () => {
    expect(nothingForgotten).toBe(true);
    const changes: { [Setting in keyof Answer]: Answer[Setting] } = {
      roleArn: `${ROLE_ARN}2`,
      audience: "https://aws.example.com/",
      source: { ...METADATA, metadataUrl: "http://127.0.0.1" },
      roleSessionName: "{email}",
      durationSeconds: 3600,
      longest: true,
      sessionPolicies: { policy: "{}", arns: [] },
      chain: { ...config.chain, via: [ROLE_ARN] },
      sts: { ...config.sts, region: "eu-west-1" },
      authorities: { extra: "", aws: "/etc/ca.pem", google: "" },
    };
    const keys = Object.entries(changes).map(([name, value]) => cacheKey({ ...config, [name]: value }, "boot", sha256));
    const sources: SourceConfig[] = [
      { ...METADATA, serviceAccount: "a@b.iam.gserviceaccount.com" },
      { ...METADATA, tokenFormat: "standard" },
      { ...METADATA, licenses: true },
      { kind: "file", path: "/token" },
      { kind: "variable", name: "TOKEN" },
      { ...COMMAND },
      { ...COMMAND, argv: ["a b"] },
      { ...IMPERSONATION },
      { ...IMPERSONATION, target: "b@p.iam.gserviceaccount.com" },
      { ...IMPERSONATION, delegates: ["c@p.iam.gserviceaccount.com"] },
      { ...IMPERSONATION, azp: "email" },
      { ...IMPERSONATION, caller: { ...IMPERSONATION.caller, credentialsFile: "/adc.json" } },
      { ...IMPERSONATION, caller: { ...IMPERSONATION.caller, credentialsFile: "/adc.json", orMetadata: false } },
      {
        ...IMPERSONATION,
        caller: {
          ...IMPERSONATION.caller,
          metadata: { ...IMPERSONATION.caller.metadata, serviceAccount: "d@p.example" },
        },
      },
      { kind: "application-default", path: "/adc.json", azp: "numeric", iamCredentialsUrl: "https://a" },
      { kind: "application-default", path: "/other.json", azp: "numeric", iamCredentialsUrl: "https://a" },
    ];
    keys.push(...sources.map((source) => cacheKey({ ...config, source }, "boot", sha256)));
    keys.push(cacheKey({ ...config, sessionPolicies: { policy: "", arns: ["{}"] } }, "boot", sha256));
    const chains: Partial<RoleChain>[] = [
      { via: [ROLE_ARN, ROLE_ARN] },
      { externalId: "x" },
      { sourceIdentity: "x" },
      { tags: [{ key: "x", value: "" }] },
      { transitiveTags: ["x"] },
    ];
    keys.push(...chains.map((part) => cacheKey({ ...config, chain: { ...config.chain, ...part } }, "boot", sha256)));
    const all = [cacheKey(config, "boot", sha256), cacheKey(config, "another boot", sha256), ...keys];
    expect(new Set(all).size).toBe(Object.keys(changes).length + sources.length + chains.length + 3);
    for (const key of all) expect(key).toMatch(/^gcp2aws-[0-9a-f]{32}$/);
  });

  it("is the same for the same question, however long one waits for it", () => {
    const later: Config = { ...config, timeoutMs: 1 };
    expect(cacheKey(later, "boot", sha256)).toBe(cacheKey(config, "boot", sha256));
  });

  it("does not take the end of one setting for the beginning of another", () => {
    const [a, b] = [
      { ...config, roleArn: 'x","y', audience: "z" },
      { ...config, roleArn: "x", audience: 'y","z' },
    ];
    expect(cacheKey(a, "boot", sha256)).not.toBe(cacheKey(b, "boot", sha256));
  });
});

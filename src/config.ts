import { type CacheLocation } from "./cache/file-store.ts";
import { authoritiesOf, targetOf } from "./config/network.ts";
import { type FlagValues, type Environment, read, required, firstSet } from "./config/read.ts";
import { type ReadText, noFiles, chainOf, durationOf, checkAccounts, sessionPoliciesOf } from "./config/session.ts";
import { reasonsOf, sourceOf } from "./config/source.ts";
import { cacheLocations } from "./config/surroundings.ts";
import { Gcp2awsError } from "./errors.ts";
import { type FlagKey } from "./flags.ts";
import { type Authorities, type ProxySettings } from "./network-config.ts";
import { type RoleChain, type SessionPolicies } from "./session-config.ts";
import { type SourceConfig, type SourceReason } from "./source-config.ts";
import { type StsConfig } from "./sts-config.ts";

/** What the first part of the pipe needs to know, checked; see {@link readTokenConfig}. */
export interface TokenConfig {
  /** Empty where the token is given, and its audience was somebody else's choice. */
  audience: string;
  source: SourceConfig;
  /** Why that one, and not another. */
  sourceReasons: readonly SourceReason[];
  authorities: Authorities;
  proxies: ProxySettings;
  /** See identity-token/metadata-server.ts. */
  waitMs: number | undefined;
  /** For everything together, in milliseconds. */
  timeoutMs: number;
}

/** What the pipe needs to know, checked; the only way to make one is {@link readConfig}. */
export interface Config extends TokenConfig {
  roleArn: string;
  /** A template over the token's claims, see sts/session-name.ts. */
  roleSessionName: string;
  durationSeconds: number | undefined;
  /** As long as the role allows, see longest.ts. */
  longest: boolean;
  sessionPolicies: SessionPolicies;
  chain: RoleChain;
  sts: StsConfig;
  /** Where the cache may lie, the first that applies; none where it is off. */
  cacheLocations: readonly CacheLocation[];
  /** Refresh credentials that are merely expiring: this is the refresh in the background. */
  refreshNow: boolean;
}

/**
 * Flags and environment made into a checked configuration: flags win over `GCP2AWS_…`, these over the variables of the
 * AWS SDKs. An empty variable counts as unset. Nothing is contacted.
 * @param given the texts behind the flags
 * @param readText of the host, for files that are part of the configuration
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, LOCAL_FILE
 */
export function readConfig(given: FlagValues, env: Environment, readText: ReadText = noFiles): Config {
  // Every command that asks for all of this takes a target.
  const roleArn = required("roleArn", given, env, given["target"] === undefined ? "name a target" : "");
  const chain = chainOf(given, env, roleArn);
  checkAccounts([...chain.via, roleArn], given, env);
  const token = readTokenConfig(given, env);
  const duration = durationOf(given, env, chain);

  return {
    ...token,
    ...duration,
    roleArn,
    roleSessionName: readSessionName(given, env),
    sessionPolicies: sessionPoliciesOf(given, env, readText),
    chain,
    sts: targetOf(given, env, roleArn),
    cacheLocations: read("cache", given, env) === "off" ? [] : cacheLocations(env),
    refreshNow: env[REFRESH_NOW] === "1",
  };
}

/**
 * The template of the session's name.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function readSessionName(given: FlagValues, env: Environment): string {
  return read("roleSessionName", given, env) ?? "{sub}";
}

/** Flags of {@link readConfig} that {@link readTokenConfig} does not read. */
export const flagsOfCredentials: readonly FlagKey[] = [
  "roleArn",
  "roleSessionName",
  "durationSeconds",
  "policy",
  "policyFile",
  "policyArn",
  "allowedAccount",
  "via",
  "externalId",
  "sourceIdentity",
  "sessionTags",
  "transitiveTags",
  "region",
  "stsEndpoint",
  "fallbackRegion",
  "cache",
];

/**
 * The part of {@link readConfig} that an identity token needs.
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE
 */
export function readTokenConfig(given: FlagValues, env: Environment): TokenConfig {
  const sourceReasons = reasonsOf(given, env);
  const source = sourceOf(sourceReasons, given, env);
  // Whoever made a token that is given has chosen its audience.
  const isGiven = source.kind === "file" || source.kind === "command" || source.kind === "variable";
  const audience = isGiven ? (read("audience", given, env) ?? "") : required("audience", given, env);
  const times = timesOf(given, env);
  return {
    ...times,
    audience,
    source,
    sourceReasons,
    authorities: authoritiesOf(given, env),
    proxies: {
      httpsProxy: firstSet(env, "https_proxy", "HTTPS_PROXY"),
      noProxy: firstSet(env, "no_proxy", "NO_PROXY"),
    },
  };
}

function timesOf(given: FlagValues, env: Environment): Pick<TokenConfig, "waitMs" | "timeoutMs"> {
  const wait = read("wait", given, env)?.replace(/s$/, "");
  const timeout = Number(read("timeout", given, env) ?? "30");
  if (wait !== undefined && Number(wait) > timeout) {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `--wait ${wait}: is longer than --timeout ${timeout}`, {
      hint: `give --timeout ${wait} or more; it covers everything together`,
    });
  }
  return { waitMs: wait === undefined ? undefined : Number(wait) * 1000, timeoutMs: timeout * 1000 };
}

/** Set by gcp2aws for the process that refreshes in the background; of no use to anybody else. */
export const REFRESH_NOW = "GCP2AWS_REFRESH_NOW";

import { Gcp2awsError, printable } from "./errors.ts";
import type { CacheLocation } from "./cache/file-store.ts";
import { isEndpointUrl, parseUrl } from "./endpoint-url.ts";
import {
  asSourceKind,
  type Caller,
  chooseSource,
  type SourceConfig,
  type SourceKind,
  type SourceReason,
} from "./source-config.ts";
import { type FlagKey, flagOf, isPath, MAX, SESSION_POLICY, variableOf } from "./flags.ts";
import type { Authorities, ProxySettings } from "./network-config.ts";
import type { RoleChain, SessionPolicies } from "./session-config.ts";
import { splitCommand } from "./split-command.ts";
import { partitionOf } from "./sts/endpoint.ts";
import { AUTO, type StsConfig } from "./sts-config.ts";
import { parseRoleArn, splitRoleArns } from "./sts/role-arn.ts";
import { parseSessionTags } from "./sts/session-tags.ts";
import { minimalPolicy } from "./sts/session-policy.ts";

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

/** By key, the texts behind the flags. */
export type FlagValues = Readonly<Record<string, string | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

type ReadText = (path: string) => string;

const noFiles: ReadText = () => {
  throw new Gcp2awsError("INTERNAL", "no file can be read here");
};

/**
 * Flags and environment made into a checked configuration: flags win over `GCP2AWS_…`, these over the variables of the
 * AWS SDKs. An empty variable counts as unset. Nothing is contacted.
 * @param given the texts behind the flags
 * @param readText of the host, for files that are part of the configuration
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, LOCAL_FILE
 */
export function readConfig(given: FlagValues, env: Environment, readText: ReadText = noFiles): Config {
  const roleArn = required("roleArn", given, env);
  const chain = chainOf(given, env, roleArn);
  checkAccounts([...chain.via, roleArn], given, env);
  const token = readTokenConfig(given, env);
  const duration = durationOf(given, env, chain);

  return {
    ...token,
    ...duration,
    roleArn,
    roleSessionName: read("roleSessionName", given, env) ?? "{sub}",
    sessionPolicies: sessionPoliciesOf(given, env, readText),
    chain,
    sts: targetOf(given, env, roleArn),
    cacheLocations: read("cache", given, env) === "off" ? [] : cacheLocations(env),
    refreshNow: env[REFRESH_NOW] === "1",
  };
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

/** What only AssumeRole takes, and so no role that is assumed by the token. */
const forLaterRoles: readonly FlagKey[] = ["externalId", "sourceIdentity", "sessionTags", "transitiveTags"];
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining */
const LONGEST_IN_CHAIN_SECONDS = 3600;

function chainOf(given: FlagValues, env: Environment, roleArn: string): RoleChain {
  const via = read("via", given, env);
  if (via === undefined) {
    const stray = forLaterRoles.find((key) => read(key, given, env) !== undefined);
    if (stray !== undefined) {
      throw new Gcp2awsError(
        "USAGE_INVALID_VALUE",
        `--${flagOf(stray).name}: is only for roles assumed by another role`,
        {
          hint: "a token's role takes none: give --via with the role that trusts Google, and the next one as --role-arn",
        },
      );
    }
    return { via: [], externalId: "", sourceIdentity: "", tags: [], transitiveTags: [] };
  }
  const roles = splitRoleArns(via);
  const partition = parseRoleArn(roleArn)?.partition;
  const abroad = roles.find((arn) => parseRoleArn(arn)?.partition !== partition);
  if (abroad !== undefined) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `--via ${abroad}: is not of the partition of --role-arn, ${partition}`,
      {
        hint: "a role can only assume roles of its own partition",
      },
    );
  }
  const seconds = read("durationSeconds", given, env);
  if (seconds !== undefined && Number(seconds) > LONGEST_IN_CHAIN_SECONDS) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `--duration-seconds ${seconds}: AWS ends a session after ${LONGEST_IN_CHAIN_SECONDS} seconds where its role was assumed by another role (--via)`,
      {
        hint: "give 3600 or less: credentials are renewed all the same, and whatever the role's MaxSessionDuration is",
      },
    );
  }
  const tags = parseSessionTags(read("sessionTags", given, env) ?? "") ?? [];
  const transitiveTags = read("transitiveTags", given, env)?.split(",") ?? [];
  const unknown = transitiveTags.find((name) => !tags.some(({ key }) => key === name));
  if (unknown !== undefined) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `--transitive-tags "${printable(unknown, 100)}": is no key of --session-tags`,
      {
        hint: "for example --session-tags team=a,cost-center=7 --transitive-tags team",
      },
    );
  }
  return {
    via: roles,
    externalId: read("externalId", given, env) ?? "",
    sourceIdentity: read("sourceIdentity", given, env) ?? "",
    tags,
    transitiveTags,
  };
}

function durationOf(
  given: FlagValues,
  env: Environment,
  { via }: RoleChain,
): Pick<Config, "durationSeconds" | "longest"> {
  const text = read("durationSeconds", given, env);
  if (text === undefined) return { durationSeconds: undefined, longest: false };
  if (text !== MAX) return { durationSeconds: Number(text), longest: false };
  // In a chain that needs no search: every role allows an hour.
  return via.length > 0
    ? { durationSeconds: LONGEST_IN_CHAIN_SECONDS, longest: false }
    : { durationSeconds: undefined, longest: true };
}

/** A role's ARN says whose it is, so nobody need be asked. */
function checkAccounts(roles: readonly string[], given: FlagValues, env: Environment): void {
  const allowed = read("allowedAccount", given, env);
  if (allowed === undefined) return;
  for (const role of roles) {
    const account = parseRoleArn(role)?.accountId ?? "";
    if (allowed.split(",").includes(account)) continue;
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `role ${role}: --allowed-account does not list its account, ${account}`,
      {
        hint: `allowed are ${allowed}; add it where the role is one that this machine is meant to assume`,
      },
    );
  }
}

/** The text of a file, and not its name: another text is another session. */
function sessionPoliciesOf(given: FlagValues, env: Environment, readText: ReadText): SessionPolicies {
  const arns = read("policyArn", given, env)?.split(",") ?? [];
  const inline = read("policy", given, env);
  const file = read("policyFile", given, env);
  if (inline !== undefined && file !== undefined) {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", "--policy and --policy-file: there can be one session policy", {
      hint: "leave out one of them, or unset its variable",
    });
  }
  if (file === undefined) return { policy: minimalPolicy(inline ?? "") ?? "", arns };
  const policy = minimalPolicy(readText(file));
  if (policy === undefined) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `--policy-file "${printable(file, 100)}": must hold ${SESSION_POLICY}`,
      {
        hint: `for example ${flagOf("policy").example}`,
      },
    );
  }
  return { policy, arns };
}

/** What is said to this program alone comes before what is said to all that call AWS, and that before OpenSSL's variable. */
function authoritiesOf(given: FlagValues, env: Environment): Authorities {
  const own = read("caBundle", given, env) ?? "";
  return {
    extra: env["NODE_EXTRA_CA_CERTS"] ?? "",
    aws: own === "" ? firstSet(env, "AWS_CA_BUNDLE", "SSL_CERT_FILE") : own,
    google: own === "" ? firstSet(env, "SSL_CERT_FILE") : own,
  };
}

function firstSet(env: Environment, ...names: string[]): string {
  for (const name of names) {
    const value = env[name] ?? "";
    if (value !== "") return value;
  }
  return "";
}

/** A token in the environment itself. */
export const TOKEN_VARIABLE = "GCP2AWS_IDENTITY_TOKEN";
/** The file of application default credentials (https://cloud.google.com/docs/authentication/application-default-credentials). */
const CREDENTIALS_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

function reasonsOf(given: FlagValues, env: Environment): SourceReason[] {
  const setUp: SourceKind[] = [];
  if (read("impersonateServiceAccount", given, env) !== undefined) setUp.push("impersonation");
  if (read("identityTokenFile", given, env) !== undefined) setUp.push("file");
  if (read("identityTokenCommand", given, env) !== undefined) setUp.push("command");
  if ((env[TOKEN_VARIABLE] ?? "") !== "") setUp.push("variable");
  if ((env[CREDENTIALS_VARIABLE] ?? "") !== "") setUp.push("application-default");
  return chooseSource({ chosen: asSourceKind(read("source", given, env) ?? ""), setUp });
}

function sourceOf(reasons: readonly SourceReason[], given: FlagValues, env: Environment): SourceConfig {
  const kind = reasons.find(({ taken }) => taken)?.kind;
  const { delegates, azp } = impersonationOf(given, env);
  if (kind === "impersonation") {
    const target = required("impersonateServiceAccount", given, env);
    return { kind, target, delegates, azp, iamCredentialsUrl: iamCredentialsUrl(env), caller: callerOf(given, env) };
  }
  if (kind === "application-default") {
    const path = credentialsFile(env) ?? wellKnownFile(env);
    if (path !== undefined) return { kind, path, azp, iamCredentialsUrl: iamCredentialsUrl(env) };
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      "--source application-default: there is no home to look for its file in",
      {
        hint: `set ${CREDENTIALS_VARIABLE} to its path, or HOME`,
      },
    );
  }
  if (azp === "email") {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", "--azp email: only an impersonated account's token has the choice", {
      hint: "leave out --azp, or give --impersonate-service-account",
    });
  }
  if (kind === "file") return { kind, path: required("identityTokenFile", given, env) };
  if (kind === "command") {
    const [program = "", ...argv] = splitCommand(required("identityTokenCommand", given, env)) ?? [];
    const audienceVariable = variableOf(flagOf("audience"));
    return { kind, program, argv, audienceVariable, withheldVariable: variableOf(flagOf("identityTokenCommand")) };
  }
  if (kind === "variable") return { kind, name: TOKEN_VARIABLE };
  const tokenFormat = read("tokenFormat", given, env) === "standard" ? "standard" : "full";
  const licenses = read("licenses", given, env) === "true";
  if (licenses && tokenFormat === "standard") {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", "--licenses: only a full token carries licenses", {
      hint: "leave out --licenses, or use --token-format full",
    });
  }
  return {
    kind: "metadata",
    metadataUrl: metadataUrl(env),
    serviceAccount: read("serviceAccount", given, env) ?? "default",
    tokenFormat,
    licenses,
  };
}

/**
 * In the order of Google's own libraries. That gcloud's file comes before the metadata server is also the only way to know soon: a
 * machine without that server is one only after 12 seconds of asking. Whoever names a service account of the workload means that.
 */
function callerOf(given: FlagValues, env: Environment): Caller {
  const account = read("serviceAccount", given, env);
  const metadata = { metadataUrl: metadataUrl(env), serviceAccount: account ?? "default" };
  if (account !== undefined) return { credentialsFile: "", orMetadata: true, metadata };
  const named = credentialsFile(env);
  return { credentialsFile: named ?? wellKnownFile(env) ?? "", orMetadata: named === undefined, metadata };
}

function credentialsFile(env: Environment): string | undefined {
  const given = env[CREDENTIALS_VARIABLE] ?? "";
  if (given === "") return undefined;
  if (isPath(given)) return given;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `${CREDENTIALS_VARIABLE} "${printable(given, 100)}": must be the absolute path of a file`,
    {
      hint: `for example ${CREDENTIALS_VARIABLE}=/etc/team-a/credentials.json`,
    },
  );
}

/** Where `gcloud auth application-default login` puts them; undefined without a home. */
function wellKnownFile(env: Environment): string | undefined {
  const name = "application_default_credentials.json";
  const [config = "", home = ""] = [env["CLOUDSDK_CONFIG"], env["HOME"]];
  if (isPath(config)) return `${trimSlashes(config)}/${name}`;
  return isPath(home) ? `${trimSlashes(home)}/.config/gcloud/${name}` : undefined;
}

function impersonationOf(given: FlagValues, env: Environment): { delegates: string[]; azp: "numeric" | "email" } {
  const delegates = read("impersonationDelegates", given, env);
  if (delegates !== undefined) required("impersonateServiceAccount", given, env);
  const azp = read("azp", given, env) === "email" ? "email" : "numeric";
  return { delegates: delegates === undefined ? [] : delegates.split(","), azp };
}

/**
 * The file that the runner of GitHub Actions reads variables from after each step.
 * @throws Gcp2awsError USAGE_INVALID_VALUE where this is no such step
 */
export function githubEnvironmentFile(env: Environment): string {
  const path = env["GITHUB_ENV"] ?? "";
  if (path !== "") return path;
  throw new Gcp2awsError("USAGE_INVALID_VALUE", "--format github-actions: GITHUB_ENV is not set", {
    hint: "this format is for a step of a GitHub Actions job; elsewhere choose another",
  });
}

/** Set by gcp2aws for the process that refreshes in the background; of no use to anybody else. */
export const REFRESH_NOW = "GCP2AWS_REFRESH_NOW";

/**
 * The directory given, or the one of this login (in memory, gone at logout) before the one of this user
 * (https://specifications.freedesktop.org/basedir-spec/latest/, which has relative paths ignored). None without a home.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function cacheLocations(env: Environment): CacheLocation[] {
  const given = env["GCP2AWS_CACHE_DIR"] ?? "";
  if (given !== "") {
    const directory = trimSlashes(given);
    if (isPath(directory)) return [{ directory, within: undefined }];
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `GCP2AWS_CACHE_DIR "${printable(given, 100)}": must be the absolute path of a directory other than /`,
      {
        hint: "for example GCP2AWS_CACHE_DIR=/var/cache/team-a/gcp2aws",
      },
    );
  }
  const locations: CacheLocation[] = [];
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  if (isPath(runtime)) {
    const within = trimSlashes(runtime);
    locations.push({ directory: `${within}/gcp2aws`, within });
  }
  const cache = env["XDG_CACHE_HOME"] ?? "";
  const home = env["HOME"] ?? "";
  if (isPath(cache)) locations.push({ directory: `${trimSlashes(cache)}/gcp2aws`, within: undefined });
  else if (isPath(home)) locations.push({ directory: `${trimSlashes(home)}/.cache/gcp2aws`, within: undefined });
  return locations;
}

/**
 * The sockets that systemd has opened for this process (sd_listen_fds(3)); none where it was started otherwise.
 * @param pid this process's
 */
export function activatedDescriptors(env: Environment, pid: number): number[] {
  const count = env["LISTEN_FDS"] ?? "";
  if (env["LISTEN_PID"] !== String(pid) || !/^[1-9]\d?$/.test(count)) return [];
  return Array.from({ length: Number(count) }, (_, at) => 3 + at);
}

/** Names the one file that is read in place of {@link AwsSurroundings.botoFiles}. */
export const BOTO_CONFIG = "BOTO_CONFIG";

/** Where the AWS SDKs look for their shared files, and what in the environment they take before a profile. */
export interface AwsSurroundings {
  configFile: string;
  credentialsFile: string;
  /** The profile that they use unless told otherwise, where the environment says so. */
  profile: string | undefined;
  /** Files of the first AWS library for Python, which botocore still takes keys from before it asks a container's endpoint. */
  botoFiles: readonly string[];
  /** The variables that are set of those that name credentials themselves. */
  credentialVariables: readonly string[];
}

/**
 * Reads AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and what else directs the AWS SDKs. A leading `~/` is the home directory to all of
 * them; `$` is the beginning of a variable to botocore alone.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function awsSurroundings(env: Environment): AwsSurroundings {
  return {
    configFile: awsFile(env, "AWS_CONFIG_FILE", "config"),
    credentialsFile: awsFile(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    profile: env["AWS_PROFILE"] === "" ? undefined : env["AWS_PROFILE"],
    botoFiles: botoFiles(env),
    credentialVariables: ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"].filter(
      (name) => (env[name] ?? "") !== "",
    ),
  };
}

/**
 * The file of targets that is named, else this user's (https://specifications.freedesktop.org/basedir-spec/latest/).
 * @throws Gcp2awsError USAGE_INVALID_VALUE, USAGE_MISSING_FLAG
 */
export function configFileOf(given: FlagValues, env: Environment): string {
  const named = read("config", given, env);
  if (named !== undefined) return named;
  const [config = "", home = ""] = [env["XDG_CONFIG_HOME"], env["HOME"]];
  if (isPath(config)) return `${trimSlashes(config)}/gcp2aws/config.yaml`;
  return isPath(home) ? `${trimSlashes(home)}/.config/gcp2aws/config.yaml` : required("config", given, env);
}

/**
 * The AWS config file as far as it is there, and the profile that holds in it.
 * @param readText throws Gcp2awsError where a file cannot be read
 */
export function awsConfigOf(
  env: Environment,
  readText: (path: string) => string,
): { text: string; path: string; profile: string } {
  try {
    const { configFile, profile } = awsSurroundings(env);
    return { text: readText(configFile), path: configFile, profile: profile ?? "default" };
  } catch (error) {
    // What this user does not have or cannot read, its SDKs cannot read either.
    if (error instanceof Gcp2awsError) return { text: "", path: "", profile: "default" };
    throw error;
  }
}

function botoFiles(env: Environment): string[] {
  const [given = "", home = ""] = [env[BOTO_CONFIG], env["HOME"]];
  if (given !== "") return [given];
  return ["/etc/boto.cfg", ...(isPath(home) ? [`${trimSlashes(home)}/.boto`] : [])];
}

function awsFile(env: Environment, name: string, usual: string): string {
  const given = env[name] ?? "";
  const home = trimSlashes(env["HOME"] ?? "");
  const path = given === "" ? `~/.aws/${usual}` : given;
  const inHome = path.startsWith("~/");
  if (given === "" && !isPath(home)) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `HOME "${printable(home, 100)}": must be the absolute path of a directory`,
      {
        hint: `set HOME, or ${name} to the file itself`,
      },
    );
  }
  if (/^~(?!\/)|[$\0\ufffd]|\/$/.test(path) || (inHome && !isPath(home))) {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `${name} "${printable(given, 100)}": must be the path of a file`, {
      hint: `for example ${name}=/home/team-a/.aws/${usual}; without it, HOME must be set`,
    });
  }
  return inHome ? `${home}${path.slice(1)}` : path;
}

function trimSlashes(path: string): string {
  return path.replace(/\/+$/, "");
}

function read(key: FlagKey, given: FlagValues, env: Environment): string | undefined {
  const value = given[key];
  const flag = flagOf(key);
  return value === undefined ? variable(key, env, variableOf(flag)) : check(key, value, `--${flag.name}`);
}

function variable(key: FlagKey, env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === "" ? undefined : check(key, value, name);
}

function check(key: FlagKey, value: string, origin: string): string {
  const { valid, rule, example } = flagOf(key);
  if (valid(value)) return value;
  throw new Gcp2awsError("USAGE_INVALID_VALUE", `${origin} "${printable(value, 100)}": must be ${rule}`, {
    hint: `for example ${origin.startsWith("--") ? `${origin} ` : `${origin}=`}${example}`,
  });
}

function required(key: FlagKey, given: FlagValues, env: Environment): string {
  const value = read(key, given, env);
  if (value !== undefined) return value;
  const { name, example } = flagOf(key);
  throw new Gcp2awsError("USAGE_MISSING_FLAG", `--${name} is missing`, {
    hint: `give --${name} or set ${variableOf(flagOf(key))}, for example --${name} ${example}`,
  });
}

/** The endpoint given, or the region's own with FIPS and dual stack as the AWS SDKs read them. */
function targetOf(given: FlagValues, env: Environment, roleArn: string): StsConfig {
  const region =
    read("region", given, env) ??
    variable("region", env, "AWS_REGION") ??
    variable("region", env, "AWS_DEFAULT_REGION") ??
    "us-east-1";
  const isConfigurable = !isOn(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  const endpoint =
    read("stsEndpoint", given, env) ??
    (isConfigurable
      ? (variable("stsEndpoint", env, "AWS_ENDPOINT_URL_STS") ?? variable("stsEndpoint", env, "AWS_ENDPOINT_URL"))
      : undefined);
  const fips = isOn(env, "AWS_USE_FIPS_ENDPOINT");
  const dualStack = isOn(env, "AWS_USE_DUALSTACK_ENDPOINT");
  const fallbackRegions = (read("fallbackRegion", given, env) ?? "").split(",").filter((name) => name !== "");

  // The SDKs refuse this too: a given endpoint cannot be made a FIPS one, and going on would be silently weaker.
  if (endpoint !== undefined && (fips || dualStack)) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `STS endpoint ${endpoint}: FIPS and dual stack need the region's own`,
      {
        hint: "unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, or the endpoint",
      },
    );
  }
  const partition = parseRoleArn(roleArn)?.partition ?? "";
  if (endpoint === undefined) checkPartition(region, "--region", partition);
  for (const other of fallbackRegions) checkPartition(other, "--fallback-region", partition);
  const inProfile = endpoint === undefined && isConfigurable && !fips && !dualStack;
  return { region, endpoint, fips, dualStack, inProfile, fallbackRegions };
}

function checkPartition(region: string, flag: string, partition: string): void {
  // The nearest region is looked for in this partition alone.
  if ((region === AUTO ? "aws" : partitionOf(region)) === partition) return;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `${flag} "${region}": must be a region of the role's partition, ${partition}`,
    { hint: "give --region, or set AWS_REGION, to a region where that account is" },
  );
}

function isOn(env: Environment, name: string): boolean {
  return env[name]?.toLowerCase() === "true";
}

/**
 * The metadata server's address. By IP rather than by name: it needs no DNS, which a search domain could answer falsely.
 * https://cloud.google.com/compute/docs/metadata/querying-metadata
 */
function metadataUrl(env: Environment): string {
  for (const name of ["GCE_METADATA_HOST", "GCE_METADATA_IP"]) {
    const address = env[name];
    if (address === undefined || address === "") continue;
    const match = /^((?:https?:\/\/)?)((?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-fA-F:.]+\])(?::\d{1,5})?)\/?$/.exec(address);
    const url = match === null ? "" : `${match[1] === "" ? "http://" : match[1]}${match[2]}`;
    if (parseUrl(url) !== undefined) return url;
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `${name} "${printable(address, 100)}": must be a host name or address, with a port if needed`,
      {
        hint: `for example ${name}=metadata.google.internal`,
      },
    );
  }
  return "http://169.254.169.254";
}

/** The IAM Credentials API, or what gcloud's variable names in its place (https://cloud.google.com/sdk/docs/properties). */
function iamCredentialsUrl(env: Environment): string {
  const name = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS";
  const given = env[name] ?? "";
  if (given === "") return "https://iamcredentials.googleapis.com";
  if (isEndpointUrl(given)) return trimSlashes(given);
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `${name} "${printable(given, 100)}": must be an https URL (http on loopback only) without user name, query and fragment`,
    { hint: `for example ${name}=https://iamcredentials-team-a.p.googleapis.com/` },
  );
}

import { type CacheLocation } from "../cache/file-store.ts";
import { Gcp2awsError, quoted } from "../errors.ts";
import { flagOf, isPath, variableOf } from "../flags.ts";
import { type FlagValues, type Environment, isOn, read, required, trimSlashes, variable } from "./read.ts";

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
      `GCP2AWS_CACHE_DIR ${quoted(given)}: must be the absolute path of a directory other than /`,
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
export interface AwsSurroundings extends AwsChoice {
  configFile: string;
  credentialsFile: string;
  /** Files of the first AWS library for Python, which botocore still takes keys from before it asks a container's endpoint. */
  botoFiles: readonly string[];
}

/** What in the environment chooses credentials. */
interface AwsChoice {
  /** The profile that they use unless told otherwise, where the environment says so. */
  profile: string | undefined;
  /** The same, by the variable that says so: botocore looks at AWS_DEFAULT_PROFILE first, the other SDKs never do. */
  profileVariables: readonly { name: string; profile: string }[];
  /** The variables that are set of those that name credentials themselves. */
  credentialVariables: readonly string[];
}

/**
 * Reads AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and what else directs the AWS SDKs. A leading `~/` is the home directory to all of
 * them; `$` is the beginning of a variable to botocore alone.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function awsSurroundings(env: Environment): AwsSurroundings {
  const choice = awsChoice(env);
  return {
    ...choice,
    configFile: awsFile(env, "AWS_CONFIG_FILE", "config"),
    credentialsFile: awsFile(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    botoFiles: botoFiles(env),
  };
}

function awsChoice(env: Environment): AwsChoice {
  return {
    profile: env["AWS_PROFILE"] === "" ? undefined : env["AWS_PROFILE"],
    profileVariables: ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"]
      .map((name) => ({ name, profile: env[name] ?? "" }))
      .filter((choice) => choice.profile !== ""),
    credentialVariables: ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"].filter(
      (name) => (env[name] ?? "") !== "",
    ),
  };
}

/** Of the variables that direct the AWS SDKs, what can stand in the way of a profile or a server; names alone, no values. */
export interface AwsVariables extends AwsChoice {
  /** Those set of the two that name a container's endpoint. */
  containerUris: readonly string[];
  /** Whether SDKs are kept from asking 169.254.169.254, which on Google Cloud is another server. */
  instanceMetadataOff: boolean;
  /** Those set of the two that name a region; no SDK reads both. */
  regions: readonly string[];
  /** The proxy for plain http, which other programs take for the metadata server too. */
  httpProxy: boolean;
  /** What `~` stands for; empty where there is none. */
  home: string;
  /** Where programs are looked for by their names. */
  path: readonly string[];
}

/** What of the AWS SDKs the environment asks for, that older ones do not have. */
export interface ClientFeatures {
  webIdentity: boolean;
  /** Endpoints of other services' names than AWS's own. */
  endpoints: boolean;
  /** The token of a container's endpoint in a file. */
  authorizationFile: boolean;
}

export function clientFeatures(env: Environment): ClientFeatures {
  const isSet = (name: string) => (env[name] ?? "") !== "";
  return {
    webIdentity: isSet("AWS_WEB_IDENTITY_TOKEN_FILE"),
    endpoints: Object.keys(env).some((name) => name.startsWith("AWS_ENDPOINT_URL") && isSet(name)),
    authorizationFile: isSet("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
  };
}

export function awsVariables(env: Environment): AwsVariables {
  const set = (...names: string[]) => names.filter((name) => (env[name] ?? "") !== "");
  const choice = awsChoice(env);
  return {
    ...choice,
    containerUris: set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    instanceMetadataOff: isOn(env, "AWS_EC2_METADATA_DISABLED"),
    regions: set("AWS_REGION", "AWS_DEFAULT_REGION"),
    httpProxy: set("http_proxy", "HTTP_PROXY").length > 0,
    home: trimSlashes(env["HOME"] ?? ""),
    path: (env["PATH"] ?? "").split(":").filter((directory) => directory !== ""),
  };
}

/** The variables that name this endpoint of STS, in the order in which they are looked at. */
export function endpointVariables(env: Environment, endpoint: string): string[] {
  const own = variableOf(flagOf("stsEndpoint"));
  return [own, "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"].filter((name) => env[name] === endpoint);
}

/** Other credentials, and where IAM is: for a look at the role that was asked for. */
export interface IamAccess {
  keys: { accessKeyId: string; secretAccessKey: string; sessionToken: string | undefined };
  /** Given by hand. */
  endpoint: string | undefined;
}

/**
 * The keys in the environment, where there are some.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function iamAccess(env: Environment): IamAccess | undefined {
  const accessKeyId = env["AWS_ACCESS_KEY_ID"] ?? "";
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"] ?? "";
  if (accessKeyId === "" || secretAccessKey === "") return undefined;
  const sessionToken = env["AWS_SESSION_TOKEN"] ?? "";
  const endpoint = isOn(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
    ? undefined
    : (variable("stsEndpoint", env, "AWS_ENDPOINT_URL_IAM") ?? variable("stsEndpoint", env, "AWS_ENDPOINT_URL"));
  return {
    keys: { accessKeyId, secretAccessKey, sessionToken: sessionToken === "" ? undefined : sessionToken },
    endpoint,
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
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `HOME ${quoted(home)}: must be the absolute path of a directory`, {
      hint: `set HOME, or ${name} to the file itself`,
    });
  }
  if (/^~(?!\/)|[$\0\ufffd]|\/$/.test(path) || (inHome && !isPath(home))) {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `${name} ${quoted(given)}: must be the path of a file`, {
      hint: `for example ${name}=/home/team-a/.aws/${usual}; without it, HOME must be set`,
    });
  }
  return inHome ? `${home}${path.slice(1)}` : path;
}

import { isEndpointUrl, parseUrl } from "../endpoint-url.ts";
import { Gcp2awsError, quoted } from "../errors.ts";
import { flagOf, isPath, variableOf } from "../flags.ts";
import {
  asSourceKind,
  type Caller,
  chooseSource,
  type SourceConfig,
  type SourceKind,
  type SourceReason,
} from "../source-config.ts";
import { splitCommand } from "../split-command.ts";
import { type FlagValues, type Environment, read, required, trimSlashes } from "./read.ts";

/** A token in the environment itself. */
export const TOKEN_VARIABLE = "GCP2AWS_IDENTITY_TOKEN";
/** The file of application default credentials (https://cloud.google.com/docs/authentication/application-default-credentials). */
const CREDENTIALS_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

export function reasonsOf(given: FlagValues, env: Environment): SourceReason[] {
  const setUp: SourceKind[] = [];
  if (read("impersonateServiceAccount", given, env) !== undefined) setUp.push("impersonation");
  if (read("identityTokenFile", given, env) !== undefined) setUp.push("file");
  if (read("identityTokenCommand", given, env) !== undefined) setUp.push("command");
  if ((env[TOKEN_VARIABLE] ?? "") !== "") setUp.push("variable");
  if ((env[CREDENTIALS_VARIABLE] ?? "") !== "") setUp.push("application-default");
  return chooseSource({ chosen: asSourceKind(read("source", given, env) ?? ""), setUp });
}

export function sourceOf(reasons: readonly SourceReason[], given: FlagValues, env: Environment): SourceConfig {
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

export function credentialsFile(env: Environment): string | undefined {
  const given = env[CREDENTIALS_VARIABLE] ?? "";
  if (given === "") return undefined;
  if (isPath(given)) return given;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `${CREDENTIALS_VARIABLE} ${quoted(given)}: must be the absolute path of a file`,
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
      `${name} ${quoted(address)}: must be a host name or address, with a port if needed`,
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
    `${name} ${quoted(given)}: must be an https URL (http on loopback only) without user name, query and fragment`,
    { hint: `for example ${name}=https://iamcredentials-team-a.p.googleapis.com/` },
  );
}

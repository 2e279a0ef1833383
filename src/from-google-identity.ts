import type { Config } from "./config.ts";
import type { FlagValues } from "./config/read.ts";
import { readConfig } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import { Gcp2awsError, printable } from "./errors.ts";
import type { Host } from "./host.ts";
import { processHost } from "./host/process.ts";
import { createKeeper, type Keeper } from "./keeper.ts";
import { obtain } from "./obtain.ts";

/** What is left out comes from the variables of `gcp2aws credential-process` (`GCP2AWS_…`, `AWS_REGION`, …), else its defaults. */
export interface GoogleIdentityOptions {
  /** The AWS role to assume. */
  roleArn: string;
  /** The token's audience: what the role's trust policy compares with `accounts.google.com:oaud`; not of a token that is given. */
  audience?: string;
  /** Where the identity token comes from. Default: the first that is set up, see docs/sources.md. */
  source?: "impersonation" | "file" | "command" | "variable" | "application-default" | "metadata";
  /** A file that something else keeps a token in: its absolute path. */
  identityTokenFile?: string;
  /** A program that prints a token: its absolute path and its arguments, split at spaces; double quotes hold an argument together. */
  identityTokenCommand?: string;
  /** The email of a service account whose token is asked for, which grants that to this workload's. */
  impersonateServiceAccount?: string;
  /** The emails of those on the way to it. */
  impersonationDelegates?: readonly string[];
  /** What an impersonated account's token says in `azp`. Default `numeric`. */
  azp?: "numeric" | "email";
  /** Which service account of this workload: `default` or an email. */
  serviceAccount?: string;
  /** Whether a VM's token names its instance and project. Default `full`. */
  tokenFormat?: "standard" | "full";
  /** Puts the license codes of the VM's images into a full token. */
  licenses?: boolean;
  /** The session's name, a template over the token's claims. Default `{sub}`. */
  roleSessionName?: string;
  /** How long the credentials live: 900 to 43200 seconds, at most the role's MaxSessionDuration; `max`: that itself. Default 3600. */
  durationSeconds?: number | "max";
  /** A session policy, as JSON: the credentials may do only what the role and this allow. */
  policy?: string;
  /** The same from a file: its absolute path. It is read once. */
  policyFile?: string;
  /** ARNs of up to 10 managed policies as session policies. */
  policyArns?: readonly string[];
  /** The AWS accounts whose roles may be assumed. Default: any. */
  allowedAccounts?: readonly string[];
  /** ARNs of roles to assume before that one, each by the one before it, the first by the token. See docs/roles.md. */
  via?: readonly string[];
  /** With `via`: the external ID that trust policies ask for. */
  externalId?: string;
  /** With `via`: the source identity that CloudTrail shows for all that follows, a template over the token's claims. */
  sourceIdentity?: string;
  /** With `via`: session tags by key. A comma can be in none of them, and `=` in no key. */
  sessionTags?: Readonly<Record<string, string>>;
  /** With `via`: the keys of those tags that all later roles inherit. */
  transitiveTags?: readonly string[];
  /** The region of the STS endpoint; `auto`: the nearest to this workload. */
  region?: string;
  /** Another STS endpoint: https, or http on loopback. */
  stsEndpoint?: string;
  /** Regions whose STS is asked in this order where the first is away. */
  fallbackRegions?: readonly string[];
  /** For how long a young pod's metadata server is waited for: 1 to 600 seconds, at most `timeoutSeconds`. */
  waitSeconds?: number;
  /** A file of the certificate authorities to believe, in PEM, in place of the runtime's own: its absolute path. */
  caBundle?: string;
  /** For everything together: 1 to 600 seconds. Default 30. */
  timeoutSeconds?: number;
  /**
   * Keep credentials also in the files of the command's cache, for other processes of this user: many that start together
   * make one call to AWS. Default false: in memory only.
   */
  sharedCache?: boolean;
  /** Called with what did not keep credentials from being handed over. Nothing is ever written to the terminal. */
  onWarning?: (problem: Gcp2awsError) => void;
}

/**
 * A credential provider for the AWS SDK for JavaScript v3: the Google identity of this workload, exchanged for the
 * credentials of an AWS role. Credentials are kept and renewed long before they expire, without anybody waiting for it;
 * calls that come together share one exchange; while credentials live they are handed over, whatever happens to AWS STS. No
 * timer is left running.
 *
 * @example
 * ```ts
 * import { S3Client } from "@aws-sdk/client-s3";
 * import { fromGoogleIdentity } from "gcp2aws";
 *
 * const s3 = new S3Client({
 *   region: "eu-central-1",
 *   credentials: fromGoogleIdentity({
 *     roleArn: "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA",
 *     audience: "https://aws.example.com",
 *   }),
 * });
 * ```
 * @returns a function that is an `AwsCredentialIdentityProvider`. It throws Gcp2awsError: by `code` one of docs/errors.md, with
 *   `tryNextLink` true where this is no Google Cloud workload, so that a chain of providers goes on.
 */
export function fromGoogleIdentity(options: GoogleIdentityOptions): () => Promise<Credentials> {
  let keeper: Keeper | undefined;
  return async () => {
    keeper ??= createKeeper(configOf(options), hostFor(options), obtain);
    const { credentials } = await keeper.ask();
    // The SDK marks what it is given with where it came from.
    return { ...credentials };
  };
}

function configOf(options: GoogleIdentityOptions): Config {
  const given: FlagValues = {
    roleArn: options.roleArn,
    audience: options.audience,
    source: options.source,
    identityTokenFile: options.identityTokenFile,
    identityTokenCommand: options.identityTokenCommand,
    impersonateServiceAccount: options.impersonateServiceAccount,
    impersonationDelegates: options.impersonationDelegates?.join(","),
    azp: options.azp,
    serviceAccount: options.serviceAccount,
    tokenFormat: options.tokenFormat,
    licenses: textOf(options.licenses),
    roleSessionName: options.roleSessionName,
    durationSeconds: textOf(options.durationSeconds),
    policy: options.policy,
    policyFile: options.policyFile,
    policyArn: options.policyArns?.join(","),
    allowedAccount: options.allowedAccounts?.join(","),
    via: options.via?.join(","),
    externalId: options.externalId,
    sourceIdentity: options.sourceIdentity,
    sessionTags: tagsText(options.sessionTags),
    transitiveTags: options.transitiveTags?.join(","),
    region: options.region,
    stsEndpoint: options.stsEndpoint,
    fallbackRegion: options.fallbackRegions?.join(","),
    wait: textOf(options.waitSeconds),
    caBundle: options.caBundle,
    timeout: textOf(options.timeoutSeconds),
    cache: options.sharedCache === true ? "on" : "off",
  };
  return readConfig(given, processHost.env, processHost.readText);
}

function hostFor({ onWarning }: GoogleIdentityOptions): Host {
  const warn = async (problem: Gcp2awsError) => onWarning?.(problem);
  // What somebody else's function throws must keep nobody from credentials, nor end the process of a refresh in the background.
  return { ...processHost, stderrIsTerminal: () => false, warn: (problem) => void warn(problem).catch(() => {}) };
}

/** As the flag has them. What the flag cannot say must not become another tag. */
function tagsText(tags: Readonly<Record<string, string>> | undefined): string | undefined {
  if (tags === undefined) return undefined;
  for (const [key, value] of Object.entries(tags)) {
    if (!key.includes("=") && !`${key}${value}`.includes(",")) continue;
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `session tag "${printable(key, 100)}": has a character that no tag can have here`,
      {
        hint: "leave out commas, and = in keys",
      },
    );
  }
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function textOf(value: number | boolean | string | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

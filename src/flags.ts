import { isEndpointUrl } from "./endpoint-url.ts";
import { asSourceKind } from "./source-config.ts";
import { splitCommand } from "./split-command.ts";
import { isRegion } from "./sts/endpoint.ts";
import { parseRoleArn, splitRoleArns } from "./sts/role-arn.ts";
import { AUTO } from "./sts-config.ts";
import { isSessionNameTemplate } from "./sts/session-name.ts";
import { parseSessionTags } from "./sts/session-tags.ts";
import { isPolicyArnList, minimalPolicy } from "./sts/session-policy.ts";

export type FlagKey =
  | "roleArn"
  | "audience"
  | "source"
  | "identityTokenFile"
  | "identityTokenCommand"
  | "impersonateServiceAccount"
  | "impersonationDelegates"
  | "azp"
  | "serviceAccount"
  | "tokenFormat"
  | "licenses"
  | "roleSessionName"
  | "durationSeconds"
  | "policy"
  | "policyFile"
  | "policyArn"
  | "allowedAccount"
  | "via"
  | "externalId"
  | "sourceIdentity"
  | "sessionTags"
  | "transitiveTags"
  | "region"
  | "stsEndpoint"
  | "fallbackRegion"
  | "caBundle"
  | "wait"
  | "config"
  | "timeout"
  | "cache";

/** A flag as help, the parser and the documentation see it. */
export interface Flag {
  key: FlagKey;
  name: string;
  /** What stands for its value in help; a flag without one is a switch. */
  value?: string;
  /** Its variable, where that is not the name in capitals. */
  variable?: string;
  /** What giving a switch means, in the words of its variable; `true` where this is left out. */
  given?: string;
  description: string;
  /** What a value must be, as an error says it: `must be …`. */
  rule: string;
  example: string;
  valid: (text: string) => boolean;
}

const isSwitch = (text: string) => text === "true" || text === "false";
const isIntegerBetween = (low: number, high: number) => (text: string) =>
  /^[1-9]\d{0,8}$/.test(text) && Number(text) >= low && Number(text) <= high;

const isEmail = (text: string) => text.length <= 320 && /^\w[\w.+-]*@[\w-]+(\.[\w-]+)+$/.test(text);
const isFilePath = (text: string) => isPath(text) && !text.endsWith("/");

/** In place of a duration: as long as the role allows. */
export const MAX = "max";

const TEMPLATE =
  "2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ - and claims in braces: {sub} {email} {aud} {azp} {instance_id} {instance_name} {project_id} {project_number} {zone}";

/** What a session policy must be, in a flag or in a file. */
export const SESSION_POLICY =
  "a JSON object of at most 2048 characters, white space between its parts not counted, none above U+00FF";

export const flags: readonly Flag[] = [
  {
    key: "roleArn",
    name: "role-arn",
    value: "ARN",
    description: "the AWS role to assume (required)",
    rule: "the ARN of an IAM role",
    example: "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA",
    valid: (text) => parseRoleArn(text) !== undefined,
  },
  {
    key: "audience",
    name: "audience",
    value: "URI",
    description:
      "the token's audience: what the role's trust policy compares with accounts.google.com:oaud (required, unless the token is given)",
    rule: "1 to 1024 characters without spaces or control characters",
    example: "https://aws.example.com",
    // The second expression takes long to be made, and is hardly ever needed.
    valid: (text) => text.length <= 1024 && (/^[!-~]+$/.test(text) || /^[^\s\p{C}\ufffd]+$/u.test(text)),
  },
  {
    key: "source",
    name: "source",
    value: "SOURCE",
    description:
      "where the identity token comes from: impersonation, file, command, variable, application-default or metadata (default: the first that is set up)",
    rule: "impersonation, file, command, variable, application-default or metadata",
    example: "metadata",
    valid: (text) => asSourceKind(text) !== undefined,
  },
  {
    key: "identityTokenFile",
    name: "identity-token-file",
    value: "FILE",
    description:
      "a file that something else keeps a token in, such as a projected volume of Kubernetes; read anew each time",
    rule: "the absolute path of a file",
    example: "/var/run/secrets/tokens/aws",
    valid: isFilePath,
  },
  {
    key: "identityTokenCommand",
    name: "identity-token-command",
    value: "COMMAND",
    description: "a program that prints a token, run without a shell; double quotes hold an argument together",
    rule: "the absolute path of a program and its arguments, split at spaces; double quotes hold an argument together",
    example: "/opt/team-a/print-token",
    valid: (text) => {
      const program = splitCommand(text)?.[0];
      return program !== undefined && isFilePath(program) && !/[\p{C}\ufffd]/u.test(text);
    },
  },
  {
    key: "impersonateServiceAccount",
    name: "impersonate-service-account",
    value: "EMAIL",
    description:
      "the token of another service account, which grants this one roles/iam.serviceAccountOpenIdTokenCreator",
    rule: "the email of a service account",
    example: "team-a@blog-project.iam.gserviceaccount.com",
    valid: isEmail,
  },
  {
    key: "impersonationDelegates",
    name: "impersonation-delegates",
    value: "EMAIL,…",
    description: "the service accounts on the way to that one, each of which may impersonate the next",
    rule: "the emails of up to 10 service accounts, joined by commas",
    example: "between@blog-project.iam.gserviceaccount.com",
    valid: (text) => text.split(",").length <= 10 && text.split(",").every(isEmail),
  },
  {
    key: "azp",
    name: "azp",
    value: "numeric|email",
    description:
      "what an impersonated account's token says in azp, which the trust policy calls accounts.google.com:aud (default: numeric)",
    rule: "numeric or email",
    example: "numeric",
    valid: (text) => text === "numeric" || text === "email",
  },
  {
    key: "serviceAccount",
    name: "service-account",
    value: "default|EMAIL",
    description: "which service account of this workload (default: default)",
    rule: "default or the email of a service account",
    example: "team-a@blog-project.iam.gserviceaccount.com",
    valid: (text) => text === "default" || isEmail(text),
  },
  {
    key: "tokenFormat",
    name: "token-format",
    value: "standard|full",
    description: "whether a VM's token names its instance and project (default: full)",
    rule: "standard or full",
    example: "full",
    valid: (text) => text === "standard" || text === "full",
  },
  {
    key: "licenses",
    name: "licenses",
    description: "put the license codes of the VM's images into a full token",
    rule: "true or false",
    example: "true",
    valid: isSwitch,
  },
  {
    key: "roleSessionName",
    name: "role-session-name",
    value: "TEMPLATE",
    description:
      "the session's name in CloudTrail, from the claims {sub}, {email}, {aud}, {azp}, {instance_id}, {instance_name}, {project_id}, {project_number}, {zone} (default: {sub})",
    rule: TEMPLATE,
    example: "{project_id}.{instance_name}",
    valid: isSessionNameTemplate,
  },
  {
    key: "durationSeconds",
    name: "duration-seconds",
    value: "SECONDS|max",
    description: "how long the credentials live, at most the role's MaxSessionDuration, or that itself (default: 3600)",
    rule: "a whole number from 900 to 43200, or max",
    example: "3600",
    valid: (text) => text === MAX || isIntegerBetween(900, 43_200)(text),
  },
  {
    key: "policy",
    name: "policy",
    value: "JSON",
    description: "a session policy: the credentials may do only what the role and this allow",
    rule: SESSION_POLICY,
    example: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}',
    valid: (text) => minimalPolicy(text) !== undefined,
  },
  {
    key: "policyFile",
    name: "policy-file",
    value: "FILE",
    description: "a file with the session policy, in place of --policy",
    rule: "the absolute path of a file",
    example: "/etc/gcp2aws/policy.json",
    valid: isFilePath,
  },
  {
    key: "policyArn",
    name: "policy-arn",
    value: "ARN[,ARN]",
    description: "managed policies as session policies",
    rule: "the ARNs of 1 to 10 managed policies, with commas between them",
    example: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    valid: isPolicyArnList,
  },
  {
    key: "allowedAccount",
    name: "allowed-account",
    value: "ID[,ID]",
    description: "the AWS accounts whose roles may be assumed (default: any)",
    rule: "IDs of AWS accounts, 12 digits each, with commas between them",
    example: "111122223333",
    valid: (text) => /^\d{12}(,\d{12})*$/.test(text),
  },
  {
    key: "via",
    name: "via",
    value: "ARN[,ARN]",
    description: "roles to assume before that one, each by the one before it, the first by the token",
    rule: "the ARNs of IAM roles, with commas between them",
    example: "arn:aws:iam::111122223333:role/Hub",
    valid: (text) => splitRoleArns(text).every((arn) => parseRoleArn(arn) !== undefined),
  },
  {
    key: "externalId",
    name: "external-id",
    value: "ID",
    description: "with --via: the external ID that trust policies ask for",
    rule: "2 to 1224 of the characters A-Z a-z 0-9 _ + = , . @ : / -",
    example: "team-a-at-example",
    valid: (text) => text.length <= 1224 && /^[\w+=,.@:/-]{2,}$/.test(text),
  },
  {
    key: "sourceIdentity",
    name: "source-identity",
    value: "TEMPLATE",
    description:
      "with --via: the source identity that CloudTrail shows for all that follows, a template as --role-session-name",
    rule: TEMPLATE,
    example: "{sub}",
    valid: isSessionNameTemplate,
  },
  {
    key: "sessionTags",
    name: "session-tags",
    value: "KEY=VALUE[,KEY=VALUE]",
    description: "with --via: session tags, for aws:PrincipalTag in policies",
    rule: "up to 50 times KEY=VALUE, with commas between them, of letters, digits, spaces and _ . : / = + - @; keys differ and do not begin with aws:",
    example: "team=a,cost-center=7",
    valid: (text) => parseSessionTags(text) !== undefined,
  },
  {
    key: "transitiveTags",
    name: "transitive-tags",
    value: "KEY[,KEY]",
    description: "with --via: which of the session tags all later roles inherit, unchangeable",
    rule: "keys of --session-tags, with commas between them",
    example: "team",
    valid: (text) => /^[^,]+(,[^,]+)*$/.test(text),
  },
  {
    key: "region",
    name: "region",
    value: "REGION|auto",
    description:
      "the region of the STS endpoint; auto: the nearest to this workload (default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1)",
    rule: "the name of an AWS region, or auto",
    example: "eu-central-1",
    valid: (text) => text === AUTO || isRegion(text),
  },
  {
    key: "stsEndpoint",
    name: "sts-endpoint",
    value: "URL",
    description: "another STS endpoint (default: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the region's own)",
    rule: "an https URL (http on loopback only) without user name, query and fragment",
    example: "https://vpce-0a1b2c.sts.eu-central-1.vpce.amazonaws.com",
    valid: isEndpointUrl,
  },
  {
    key: "fallbackRegion",
    name: "fallback-region",
    value: "REGION,…",
    description: "regions whose STS is asked in this order where the first is away; never after a denial",
    rule: "the names of up to 5 AWS regions, joined by commas",
    example: "eu-west-1,eu-north-1",
    valid: (text) => text.split(",").length <= 5 && text.split(",").every(isRegion),
  },
  {
    key: "caBundle",
    name: "ca-bundle",
    value: "FILE",
    description:
      "the certificate authorities to believe, in PEM, in place of the usual ones (default: AWS_CA_BUNDLE for AWS, SSL_CERT_FILE)",
    rule: "the absolute path of a file",
    example: "/etc/ssl/certs/company.pem",
    valid: isFilePath,
  },
  {
    key: "wait",
    name: "wait",
    value: "SECONDS",
    description:
      "how long to go on asking a metadata server that is not ready, as a young pod's: it refuses, or says 404 or 500 (default: 12, and not after 404)",
    rule: "a whole number from 1 to 600",
    example: "30s",
    valid: (text) => isIntegerBetween(1, 600)(text.replace(/s$/, "")),
  },
  {
    key: "config",
    name: "config",
    value: "FILE",
    description: "where the target that is named is looked for (default: gcp2aws/config.yaml in ~/.config)",
    rule: "the absolute path of a file",
    example: "/etc/gcp2aws/config.yaml",
    valid: isFilePath,
  },
  {
    key: "timeout",
    name: "timeout",
    value: "SECONDS",
    description: "for everything together (default: 30; some SDKs give up after 60)",
    rule: "a whole number from 1 to 600",
    example: "30",
    valid: isIntegerBetween(1, 600),
  },
  {
    key: "cache",
    name: "no-cache",
    variable: "GCP2AWS_CACHE",
    given: "off",
    description: "neither read nor write the cache (as GCP2AWS_CACHE=off)",
    rule: "on or off",
    example: "off",
    valid: (text) => text === "on" || text === "off",
  },
];

const byKey: ReadonlyMap<string, Flag> = new Map(flags.map((flag) => [flag.key, flag]));

export function flagOf(key: FlagKey): Flag {
  const flag = byKey.get(key);
  if (flag === undefined) throw new Error("every key has its flag");
  return flag;
}

/** `role-arn` → `GCP2AWS_ROLE_ARN`, unless the flag names another. */
export function variableOf(flag: Pick<Flag, "name" | "variable">): string {
  return flag.variable ?? `GCP2AWS_${flag.name.toUpperCase().replace(/-/g, "_")}`;
}

/** Whether `text` is an absolute path. Bytes that are no UTF-8 would name another directory: a runtime reads each as U+FFFD. */
export function isPath(text: string): boolean {
  return text.startsWith("/") && !text.includes("\ufffd");
}

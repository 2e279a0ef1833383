import { type Credentials, formatExpiration } from "../credentials.ts";
import { Gcp2awsError } from "../errors.ts";

export const environmentFormats = ["sh", "fish", "powershell", "dotenv", "json", "github-actions"] as const;
export type EnvironmentFormat = (typeof environmentFormats)[number];

/** Name and value; a name is one that every shell takes. */
export type Variable = readonly [name: string, value: string];

/** The variables that carry credentials into a program: they are read once and never refreshed. */
export function credentialVariables(credentials: Credentials, region: string): Variable[] {
  return [
    ["AWS_ACCESS_KEY_ID", credentials.accessKeyId],
    ["AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey],
    ["AWS_SESSION_TOKEN", credentials.sessionToken],
    // With it botocore says that they are over, instead of signing with them.
    ["AWS_CREDENTIAL_EXPIRATION", formatExpiration(credentials.expiration)],
    ["AWS_ACCOUNT_ID", credentials.accountId],
    ...regionVariables(region),
  ];
}

/** Both: botocore reads only AWS_DEFAULT_REGION, the SDKs for JavaScript and Go read AWS_REGION. */
export function regionVariables(region: string): Variable[] {
  return [
    ["AWS_REGION", region],
    ["AWS_DEFAULT_REGION", region],
  ];
}

/**
 * What decides in an AWS SDK whose credentials it uses, or is mixed with them. Whoever hands over credentials, by
 * variables or by an endpoint, unsets all of it that it does not set.
 */
export const conflictingVariables: readonly string[] = [
  // Static keys come first everywhere. AWS_ACCESS_KEY and AWS_SECRET_KEY are other names for them in the SDKs for Go and
  // Java; AWS_SECURITY_TOKEN is one for the session token that botocore prefers to AWS_SESSION_TOKEN.
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_ACCESS_KEY",
  "AWS_SECRET_KEY",
  "AWS_SECURITY_TOKEN",
  // Of static keys, not of ours.
  "AWS_CREDENTIAL_EXPIRATION",
  "AWS_CREDENTIAL_SCOPE",
  "AWS_ACCOUNT_ID",
  // With a profile the SDKs for JavaScript and Go pass over keys in the environment.
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  // Come before a container's endpoint.
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  // A file of the first EC2 tools, which botocore still reads before a container's endpoint.
  "AWS_CREDENTIAL_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/** Variables whose values are secrets; an access key id is none, but masked in logs by AWS's own action too. */
const secretVariables: ReadonlySet<string> = new Set([
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
]);

/**
 * The text that sets and unsets variables, for whatever reads that format. `dotenv` and `github-actions` can set only.
 * @param set values without NUL
 * @param unset those that are also set are left out
 * @throws Gcp2awsError USAGE_INVALID_VALUE where dotenv cannot carry a value; the value is not shown
 */
export function formatEnvironment(
  format: EnvironmentFormat,
  set: readonly Variable[],
  unset: readonly string[],
): string {
  const given = new Set(set.map(([name]) => name));
  return lines(
    writers[format](
      set,
      unset.filter((name) => !given.has(name)),
    ),
  );
}

/** The lines of each format. */
const writers: Readonly<
  Record<EnvironmentFormat, (set: readonly Variable[], unset: readonly string[]) => readonly string[]>
> = {
  sh: (set, unset) => [
    ...(unset.length === 0 ? [] : [`unset ${unset.join(" ")}`]),
    ...set.map(([name, value]) => `export ${name}=${quoteSh(value)}`),
  ],
  fish: (set, unset) => [
    // Only those of this shell: a universal one would be erased for every other shell too. One that is not there fails, and
    // `set -gx` leaves the status as it is.
    ...(unset.length === 0 ? [] : [`set -eg ${unset.join(" ")}; true`]),
    ...set.map(([name, value]) => `set -gx ${name} ${quoteFish(value)}`),
  ],
  powershell: (set, unset) => [
    ...unset.map((name) => `Remove-Item -ErrorAction Ignore Env:${name}`),
    ...set.map(([name, value]) => `$env:${name} = ${quotePowerShell(value)}`),
  ],
  dotenv: (set) => set.map(([name, value]) => `${name}=${plainForDotenv(name, value)}`),
  json: (set, unset) => [JSON.stringify({ set: Object.fromEntries(set), unset })],
  "github-actions": (set) => {
    const delimiter = absentFrom(set.map(([, value]) => value));
    return set.flatMap(([name, value]) => [`${name}<<${delimiter}`, value, delimiter]);
  },
};

/**
 * The commands that keep secrets out of a GitHub Actions log: they go to stdout before anything else knows the values
 * (https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#masking-a-value-in-a-log).
 */
export function maskSecrets(set: readonly Variable[]): string {
  const secrets = set.filter(([name, value]) => secretVariables.has(name) && value !== "");
  return lines(
    secrets.map(([, value]) => {
      const escaped = value.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
      return `::add-mask::${escaped}`;
    }),
  );
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

/** Within single quotes nothing is special but the quote itself (POSIX.1-2024, Shell Command Language, 2.2.2). */
function quoteSh(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/** Within single quotes only the quote and the backslash are special: https://fishshell.com/docs/current/language.html#quotes */
function quoteFish(value: string): string {
  return `'${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}

/**
 * Single quotes, doubled within. PowerShell takes typographic quotes for quotes too, splits output at line breaks and
 * reads it in the console's code page, so whatever is not printable ASCII is written by number, one UTF-16 unit each
 * (https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules).
 */
function quotePowerShell(value: string): string {
  const quoted = value.replaceAll("'", "''");
  return `'${quoted.replaceAll(/[^ -~]/g, (unit) => `' + [char]${unit.charCodeAt(0)} + '`)}'`;
}

/**
 * There is no rule of quoting that all readers share: `docker run --env-file` takes quotes for part of the value, others
 * cut at ` #`, expand `$`, or trim. Without any of that, all read the same.
 */
function plainForDotenv(name: string, value: string): string {
  if (/^[!-~]*$/.test(value) && !/[#$'"`\\]/.test(value)) return value;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `--format dotenv: ${name} holds a character that readers of such files take differently`,
    { hint: "use another format, such as json" },
  );
}

/**
 * The line that ends a value in the file of GITHUB_ENV, which no value may hold: it could set other variables.
 * https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#multiline-strings
 */
function absentFrom(values: readonly string[]): string {
  let delimiter = "GCP2AWS_END";
  while (values.some((value) => value.includes(delimiter))) delimiter += "_";
  return delimiter;
}

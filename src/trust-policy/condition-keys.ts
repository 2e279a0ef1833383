/** What IAM has keys for of a token of Google's, by what follows the colon, and the claim that each is compared with. */
export const googleKeys: ReadonlyMap<string, string> = new Map([
  ["aud", "azp"],
  ["oaud", "aud"],
  ["sub", "sub"],
  ["email", "email"],
  ["amr", "amr"],
  ["google/organization_number", "google.organization_number"],
]);

/** The same of an OIDC provider that an account has made. */
export const providerKeys: readonly string[] = ["aud", "sub", "amr"];

/**
 * Keys of other origin that the exchange of a token can have: of STS, and of the request, which no token says.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export const requestKeys: readonly string[] = [
  "sts:RoleSessionName",
  "sts:SourceIdentity",
  "sts:RoleAuthorizedByIdp",
  "sts:TransitiveTagKeys",
  "aws:CurrentTime",
  "aws:EpochTime",
  "aws:FederatedProvider",
  "aws:Referer",
  "aws:RequestedRegion",
  "aws:ResourceAccount",
  "aws:ResourceOrgID",
  "aws:ResourceOrgPaths",
  "aws:SecureTransport",
  "aws:SourceIp",
  "aws:SourceVpc",
  "aws:SourceVpcArn",
  "aws:SourceVpce",
  "aws:TagKeys",
  "aws:UserAgent",
  "aws:VpceAccount",
  "aws:VpceOrgID",
  "aws:VpceOrgPaths",
  "aws:VpcSourceIp",
];

/** Those of them that every exchange has, and no claim of the token says. */
export const everyRequestKeys: ReadonlySet<string> = new Set(
  [
    "sts:RoleSessionName",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:RequestedRegion",
    "aws:SourceIp",
    "aws:UserAgent",
  ].map((key) => key.toLowerCase()),
);

/**
 * Global keys that other requests have: of callers with a session or of services, of which the exchange of a token knows nothing.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export const absentKeys: ReadonlySet<string> = new Set(
  [
    "CalledVia CalledViaFirst CalledViaLast ViaAWSService AssumedRoot ChatbotSourceArn",
    "MultiFactorAuthAge MultiFactorAuthPresent TokenIssueTime SourceIdentity userid username",
    "PrincipalAccount PrincipalArn PrincipalIsAWSService PrincipalOrgID PrincipalOrgPaths",
    "PrincipalServiceName PrincipalServiceNamesList PrincipalType",
    "Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc",
    "SourceAccount SourceArn SourceOrgID SourceOrgPaths",
  ].flatMap((names) => names.split(" ").map((name) => `aws:${name}`.toLowerCase())),
);

/** Whether no exchange of a token has the key, whoever asks for it. */
export function isAbsent(key: string): boolean {
  const lower = key.toLowerCase();
  return absentKeys.has(lower) || lower === "sts:externalid" || lower.startsWith("aws:principaltag/");
}

/** `aws:RequestTag/KEY`, and the tags of the role. */
export const tagKeys: readonly string[] = ["aws:RequestTag/", "aws:ResourceTag/", "iam:ResourceTag/"];

/** A condition key in its two parts, in lower case, as keys compare: `accounts.google.com`, `sub`. */
export function splitKey(key: string): { prefix: string; name: string } {
  // A tag's key may have colons, and so may the host of an issuer.
  const colon = /^(aws|sts|iam):/i.test(key) ? key.indexOf(":") : key.lastIndexOf(":");
  return { prefix: key.slice(0, Math.max(0, colon)).toLowerCase(), name: key.slice(colon + 1).toLowerCase() };
}

import { type FlagValues, read } from "../config/read.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { parseRoleArn } from "../sts/role-arn.ts";
import { isPolicyArnList } from "../sts/session-policy.ts";
import type { RoleDefinition } from "../trust-policy/formats/role.ts";
import { policyText, trustGoogle, trustProvider } from "../trust-policy/generate.ts";
import type { PolicyDocument } from "../trust-policy/policy.ts";
import { policySize, TRUST_POLICY_QUOTA } from "../trust-policy/quota.ts";
import { audienceKey, googleName } from "../trust-policy/web-identity.ts";
import type { Identity } from "./trusted-identities.ts";

/** What the name of a role must be, as an error says it. */
export const ROLE_NAME = "1 to 64 of the characters A-Z a-z 0-9 _ + = , . @ - and not begin with -";

/** IAM would take a hyphen at the beginning too; the AWS CLI takes it for an option. */
export function isRoleName(text: string): boolean {
  return /^(?!-)[\w+=,.@-]{1,64}$/.test(text);
}

/**
 * Name and path in a role's ARN; no name where it is none.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function nameOfArn(arn: string): Pick<RoleDefinition, "name" | "path"> {
  const name = parseRoleArn(arn)?.name ?? "";
  if (name !== "" && !isRoleName(name)) {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `--role-arn: the name of the role, ${name}, must be ${ROLE_NAME}`, {
      hint: "the AWS CLI would take such a name for an option; give the role another",
    });
  }
  return { name, path: /:role(\/.*\/|\/)/.exec(arn)?.[1] ?? "/" };
}

/**
 * The managed policies of the flag.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function permissionsOf(text: string | undefined): string[] {
  if (text === undefined || text === "") return [];
  if (isPolicyArnList(text)) return [...new Set(text.split(","))];
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `--permissions "${printable(text, 100)}": must be the ARNs of 1 to 10 managed policies, with commas between them`,
    { hint: "for example --permissions arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" },
  );
}

/**
 * The hour that IAM gives by itself will do unless the flag `--duration-seconds` asks for more. Its variable may be another's where the
 * role is used.
 */
export function maxSessionOf(given: FlagValues): RoleDefinition["maxSessionSeconds"] {
  const seconds = Number(read("durationSeconds", given, {}));
  return seconds > 3600 ? seconds : undefined;
}

/** The ARN of the IAM OIDC provider for an issuer that IAM does not know by itself, in the account of a role. */
export function providerArnOf(issuer: string, roleArn: string): string {
  const { partition = "", accountId = "" } = parseRoleArn(roleArn) ?? {};
  return `arn:${partition}:iam::${accountId}:oidc-provider/${issuer.replace(/^https:\/\//, "")}`;
}

/**
 * The trust policy for these identities, each with its own audience, and the provider that it needs.
 * @param identities of one issuer; one stands there once for each of its audiences
 * @param roleArn asked for where the account must be known
 */
export function trustOf(
  identities: readonly TrustedFor[],
  roleArn: () => string,
): Pick<RoleDefinition, "trust" | "provider"> {
  const issuer = identities[0]?.issuer ?? "";
  if (issuer === `https://${googleName}`) {
    const sharing = sharingOf(identities);
    return { trust: together(sharing.map((one) => trustGoogle(one.identities, one.audiences))), provider: undefined };
  }
  const arn = providerArnOf(issuer, roleArn());
  // There is no key for the audience of a token that has an azp, and the provider must list that too.
  const sharing = sharingOf(
    identities.map((one) =>
      Object.assign({}, one, { audience: audienceKey({ azp: one.azp ?? undefined, aud: one.audience }) }),
    ),
  );
  const policies = sharing.map((one) =>
    trustProvider(
      arn,
      one.identities.map(({ sub }) => sub),
      one.audiences,
    ),
  );
  const audiences = sharing.flatMap((one) => one.audiences);
  return { trust: together(policies), provider: { url: issuer, audiences } };
}

/** An identity, and what its tokens are for. */
export type TrustedFor = Identity & { audience: string };

/** Audiences with all those who may ask for each of them, so that nobody gets the audience of another. */
function sharingOf(identities: readonly TrustedFor[]): { identities: readonly TrustedFor[]; audiences: string[] }[] {
  const askers = [...Map.groupBy(identities, ({ audience }) => audience)];
  const whose = ([, all]: (typeof askers)[number]) =>
    [...new Set(all.map(({ sub, azp }) => JSON.stringify({ sub, azp })))].toSorted().join();
  return [...Map.groupBy(askers, whose).values()].map((same) => {
    return { identities: same[0]?.[1] ?? [], audiences: same.map(([audience]) => audience) };
  });
}

function together(policies: readonly PolicyDocument[]): PolicyDocument {
  return { version: "2012-10-17", statements: policies.flatMap(({ statements }) => statements) };
}

/**
 * Says where AWS would not take the policy.
 * @throws Gcp2awsError USAGE_POLICY_SIZE where it never would
 */
export function checkSize(role: RoleDefinition, host: Host): RoleDefinition {
  const size = policySize(policyText(role.trust));
  if (size <= TRUST_POLICY_QUOTA.usual) return role;
  const { usual, most } = TRUST_POLICY_QUOTA;
  const problem = new Gcp2awsError(
    "USAGE_POLICY_SIZE",
    `trust policy of ${size} characters: AWS takes ${usual}, and ${most} where the account's quota was raised`,
    { hint: "make several roles, or leave out --azp: identities of which it is not compared share a statement" },
  );
  if (size > most) throw problem;
  host.warn(problem);
  return role;
}

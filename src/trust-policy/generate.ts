import { asciiJson } from "../ascii-json.ts";
import { type ConditionBlock, formatPolicy, type PolicyDocument, type Statement } from "./policy.ts";
import { TRUST_POLICY_QUOTA } from "./quota.ts";
import { googleName } from "./web-identity.ts";

/** Whose tokens a role is to take. */
export interface TrustedIdentity {
  /** The claim `sub`. */
  sub: string;
  /**
   * The claim `azp`, which `accounts.google.com:aud` sees; null where the tokens have none, so that it sees the audience. Left out where it depends on how
   * each token is made, and is not compared.
   */
  azp?: string | null | undefined;
}

/** The role before this one in a chain, and what a session of it must hand over to assume this one. */
export interface ChainLink {
  /** The ARN of the role before. */
  roleArn: string;
  /** `sts:ExternalId`; none where it is empty. */
  externalId: string;
  /** Any of these; where there is none, no source identity may be handed over. */
  sourceIdentities: readonly string[];
  /** These and no others; those that are inherited are with the caller already, and not among those of the request. */
  tags: readonly { key: string; value: string; inherited: boolean }[];
  /** Of the tags of the request, those that later roles are to inherit. */
  transitiveTags: readonly string[];
}

/**
 * The least trust policy for tokens of Google itself: everything that a token says of its identity is compared, and with no
 * wildcard. Identities share a statement only where `azp` is the same, as one that lists two would also take the `sub` of one with the
 * `azp` of another.
 * @param identities one or more
 * @param audiences one or more, each of which any of the identities may ask for: the claim `aud`
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
 */
export function trustGoogle(identities: readonly TrustedIdentity[], audiences: readonly string[]): PolicyDocument {
  return document(
    distinct(identities.map(({ azp }) => azp)).flatMap((azp) => {
      const subs = identities.filter((identity) => identity.azp === azp).map(({ sub }) => sub);
      if (azp === null) return distinct(audiences).map((audience) => googleStatement(subs, audience, [audience]));
      return [googleStatement(subs, azp, audiences)];
    }),
  );
}

function googleStatement(subs: readonly string[], aud: string | undefined, audiences: readonly string[]): Statement {
  return statement(
    "sts:AssumeRoleWithWebIdentity",
    { Federated: [googleName] },
    {
      StringEquals: {
        [`${googleName}:sub`]: values(subs),
        ...(aud !== undefined && { [`${googleName}:aud`]: values([aud]) }),
        [`${googleName}:oaud`]: values(audiences),
      },
    },
  );
}

/**
 * The same for tokens of another issuer, such as a GKE cluster, that an IAM OIDC provider of the account stands for.
 * @param providerArn as `arn:aws:iam::111122223333:oidc-provider/container.googleapis.com/v1/projects/…`
 */
export function trustProvider(
  providerArn: string,
  subs: readonly string[],
  audiences: readonly string[],
): PolicyDocument {
  const name = providerArn.slice(providerArn.indexOf("/") + 1);
  return document([
    statement(
      "sts:AssumeRoleWithWebIdentity",
      { Federated: [providerArn] },
      {
        StringEquals: { [`${name}:sub`]: values(subs), [`${name}:aud`]: values(audiences) },
      },
    ),
  ]);
}

/**
 * The least trust policy of a role that is assumed by another. A source identity and session tags are actions of their own, also
 * where they are only inherited.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
export function trustRole({ roleArn, externalId, sourceIdentities, tags, transitiveTags }: ChainLink): PolicyDocument {
  const principal = { AWS: [roleArn] };
  const statements = [
    statement(
      "sts:AssumeRole",
      principal,
      externalId === "" ? {} : { StringEquals: { "sts:ExternalId": values([externalId]) } },
    ),
  ];
  if (sourceIdentities.length > 0) {
    const condition = { StringEquals: { "sts:SourceIdentity": values(sourceIdentities) } };
    statements.push(statement("sts:SetSourceIdentity", principal, condition));
  }
  if (tags.length > 0) {
    const passed = tags.filter(({ inherited }) => !inherited).map(({ key }) => key);
    const valuesOfTags = tags.map(({ key, value, inherited }) => {
      return [`aws:${inherited ? "PrincipalTag" : "RequestTag"}/${key}`, values([value])];
    });
    statements.push(
      statement("sts:TagSession", principal, {
        StringEquals: Object.fromEntries(valuesOfTags),
        // No others. That a request without any tag passes this operator does no harm: it has the keys above.
        ...(passed.length > 0
          ? { "ForAllValues:StringEquals": keysOf(passed, transitiveTags) }
          : { Null: { "aws:TagKeys": ["true"] } }),
        ...(passed.length > 0 && transitiveTags.length === 0 && { Null: { "sts:TransitiveTagKeys": ["true"] } }),
      }),
    );
  }
  return document(statements);
}

function keysOf(passed: readonly string[], transitive: readonly string[]): ConditionBlock[string] {
  return {
    "aws:TagKeys": values(passed),
    ...(transitive.length > 0 && { "sts:TransitiveTagKeys": values(transitive) }),
  };
}

/**
 * The policy's JSON, in ASCII, as IAM takes no character above U+00FF as it is: indented, or where only that keeps it within the usual quota, without white space. AWS says not to count white space in policies that are attached to a role;
 * of trust policies it says nothing.
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html AssumeRolePolicyDocument, "Pattern"
 */
export function policyText(policy: PolicyDocument): string {
  const indented = asciiJson(formatPolicy(policy), 2);
  return indented.length <= TRUST_POLICY_QUOTA.usual ? indented : asciiJson(formatPolicy(policy));
}

function document(statements: readonly Statement[]): PolicyDocument {
  return { version: "2012-10-17", statements };
}

function statement(
  action: string,
  principal: Exclude<Statement["principal"], undefined>,
  condition: ConditionBlock,
): Statement {
  const hasCondition = Object.keys(condition).length > 0;
  return { effect: "Allow", principal, action: [action], ...(hasCondition && { condition }) };
}

/** Once each, and `${` written so that it begins no policy variable. */
function values(texts: readonly string[]): string[] {
  return distinct(texts).map((text) => text.replaceAll("${", "${$}{"));
}

function distinct<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}

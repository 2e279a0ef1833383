import { Gcp2awsError, printable } from "../errors.ts";
import { type FlagKey, flagOf, MAX, SESSION_POLICY } from "../flags.ts";
import { type RoleChain, type SessionPolicies } from "../session-config.ts";
import { parseRoleArn, splitRoleArns } from "../sts/role-arn.ts";
import { minimalPolicy } from "../sts/session-policy.ts";
import { parseSessionTags } from "../sts/session-tags.ts";
import { type FlagValues, type Environment, read } from "./read.ts";

export type ReadText = (path: string) => string;

export const noFiles: ReadText = () => {
  throw new Gcp2awsError("INTERNAL", "no file can be read here");
};

/** What only AssumeRole takes, and so no role that is assumed by the token. */
const forLaterRoles: readonly FlagKey[] = ["externalId", "sourceIdentity", "sessionTags", "transitiveTags"];
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining */
const LONGEST_IN_CHAIN_SECONDS = 3600;

export function chainOf(given: FlagValues, env: Environment, roleArn: string): RoleChain {
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

export function durationOf(
  given: FlagValues,
  env: Environment,
  { via }: RoleChain,
): { durationSeconds: number | undefined; longest: boolean } {
  const text = read("durationSeconds", given, env);
  if (text === undefined) return { durationSeconds: undefined, longest: false };
  if (text !== MAX) return { durationSeconds: Number(text), longest: false };
  // In a chain that needs no search: every role allows an hour.
  return via.length > 0
    ? { durationSeconds: LONGEST_IN_CHAIN_SECONDS, longest: false }
    : { durationSeconds: undefined, longest: true };
}

/** A role's ARN says whose it is, so nobody need be asked. */
export function checkAccounts(roles: readonly string[], given: FlagValues, env: Environment): void {
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
export function sessionPoliciesOf(given: FlagValues, env: Environment, readText: ReadText): SessionPolicies {
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

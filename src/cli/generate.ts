import { type FlagValues, read, required } from "../config/read.ts";
import { chainOf } from "../config/session.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { renderSessionName } from "../sts/session-name.ts";
import { gcloud, googleTerraform, type GoogleWorkload, workloadOf } from "../trust-policy/formats/google.ts";
import type { RoleDefinition } from "../trust-policy/formats/role.ts";
import { policyText, trustRole } from "../trust-policy/generate.ts";
import { formatRole, type RoleFormat } from "./role-formats.ts";
import type { IdentityOptions } from "./identity-flags.ts";
import { type Identity, readIdentities } from "./trusted-identities.ts";
import {
  checkSize,
  isRoleName,
  maxSessionOf,
  nameOfArn,
  permissionsOf,
  ROLE_NAME,
  type TrustedFor,
  trustOf,
} from "./trusted-role.ts";

export interface GenerateOptions extends IdentityOptions {
  audience?: readonly string[];
  roleName?: string;
  permissions?: string;
  format: "json" | RoleFormat;
  oidcProvider: boolean;
  google?: string;
  vm?: string;
  zone?: string;
}

/**
 * Prints what the flags ask for.
 * @param given the pipe's flags
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, USAGE_POLICY_SIZE, and what {@link readIdentities} throws
 */
export async function generate(options: GenerateOptions, given: FlagValues, host: Host): Promise<void> {
  if (options.google !== undefined) {
    host.writeStdout(await googleSide(options, given, host));
    return;
  }
  const role = await roleOf(options, given, host);
  const { format } = options;
  host.writeStdout(format === "json" ? `${policyText(role.trust)}\n` : formatRole(named(role, options), format));
}

/** A policy alone needs no name. */
function named(role: RoleDefinition, { format }: GenerateOptions): RoleDefinition {
  if (role.name !== "") return role;
  throw new Gcp2awsError("USAGE_MISSING_FLAG", `--role-name is missing: --format ${format} makes the role`, {
    hint: "give --role-name, or --role-arn with its account and path",
  });
}

/** The role that the flags tell of, with its trust policy. */
async function roleOf(options: GenerateOptions, given: FlagValues, host: Host): Promise<RoleDefinition> {
  const role = {
    ...nameOf(options, given, host),
    permissions: permissionsOf(options.permissions),
    maxSessionSeconds: maxSessionOf(given),
  };
  const roleArn = read("roleArn", given, host.env);
  const isChained = read("via", given, host.env) !== undefined;
  const chain = chainOf(given, host.env, isChained ? required("roleArn", given, host.env) : (roleArn ?? ""));
  const before = chain.via.at(-1);
  if (before === undefined) {
    const identities = withAudiences(await readIdentities(options, given, host), options, given, host);
    const { trust, provider } = trustOf(identities, () => required("roleArn", given, host.env));
    return checkSize({ ...role, trust, provider: options.oidcProvider ? provider : undefined }, host);
  }
  // See chain.ts: what is inherited is given once, to the first of the roles that are assumed by another.
  const isFirst = chain.via.length === 1;
  const trust = trustRole({
    roleArn: before,
    externalId: chain.externalId,
    sourceIdentities: await sourceIdentities(chain.sourceIdentity, options, given, host),
    tags: chain.tags.map(({ key, value }) => ({
      key,
      value,
      inherited: !isFirst && chain.transitiveTags.includes(key),
    })),
    transitiveTags: isFirst ? chain.transitiveTags : [],
  });
  return checkSize({ ...role, trust, provider: undefined }, host);
}

function nameOf({ roleName }: GenerateOptions, given: FlagValues, host: Host): Pick<RoleDefinition, "name" | "path"> {
  if (roleName === undefined) return nameOfArn(read("roleArn", given, host.env) ?? "");
  if (given["roleArn"] !== undefined)
    throw invalid("--role-name and --role-arn: both name the role", "leave out one of them");
  if (isRoleName(roleName)) return { name: roleName, path: "/" };
  throw invalid(
    `--role-name "${printable(roleName, 100)}": must be ${ROLE_NAME}`,
    "for example --role-name RoleForAccessFromGCPTeamA",
  );
}

/** Each with each of the audiences that are given; where none is, with the one that its token says. */
function withAudiences(
  identities: readonly Identity[],
  { audience: asked = [] }: GenerateOptions,
  given: FlagValues,
  host: Host,
): TrustedFor[] {
  // Each by the rule of the flag.
  const audiences = asked.map((audience) => required("audience", { audience }, {}));
  return identities.flatMap((identity) => {
    const own = audiences.length > 0 ? audiences : [identity.audience ?? required("audience", given, host.env)];
    return own.map((audience) => Object.assign({}, identity, { audience }));
  });
}

async function sourceIdentities(
  template: string,
  options: GenerateOptions,
  given: FlagValues,
  host: Host,
): Promise<string[]> {
  if (template === "") return [];
  if (!template.includes("{")) return [template];
  const identities = await readIdentities(options, given, host);
  return identities.map(({ claims }) => renderSessionName(template, claims, "source identity"));
}

async function googleSide(options: GenerateOptions, given: FlagValues, host: Host): Promise<string> {
  const [identity] = options.email === undefined ? await readIdentities(options, given, host) : [];
  const email = options.email?.[0] ?? identity?.email;
  if (email === undefined) throw invalid("--google: the token names no email", "give --email");
  const { vm: name = identity?.claims.values["instance_name"], zone = identity?.claims.values["zone"] } = options;
  if ((name === undefined) !== (zone === undefined))
    throw invalid("--vm and --zone: one goes with the other", "give both");
  const vm: GoogleWorkload["vm"] = name === undefined || zone === undefined ? undefined : { name, zone };
  if (vm !== undefined && ![vm.name, vm.zone].every((text) => /^[a-z][a-z\d-]{0,62}$/.test(text))) {
    throw invalid("--vm and --zone: must be small letters, digits and -", "for example --vm vm-1 --zone us-central1-a");
  }
  const workload = workloadOf(email, vm);
  if (workload === undefined) {
    throw invalid(
      `--google: ${printable(email, 100)} is not NAME@PROJECT.iam.gserviceaccount.com`,
      "accounts that Google makes itself need no commands; an account of your own is better, as no other workload has it",
    );
  }
  return options.google === "terraform" ? googleTerraform(workload) : gcloud(workload);
}

function invalid(what: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", what, { hint });
}

import { type Command, Option } from "commander";
import { type FlagValues, read, required } from "../config/read.ts";
import { chainOf } from "../config/session.ts";
import { flagsOfCredentials } from "../config.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { FlagKey } from "../flags.ts";
import type { Host } from "../host.ts";
import { parseRoleArn } from "../sts/role-arn.ts";
import { renderSessionName } from "../sts/session-name.ts";
import { isPolicyArnList } from "../sts/session-policy.ts";
import type { GoogleWorkload } from "../trust-policy/formats/google.ts";
import type { RoleDefinition } from "../trust-policy/formats/role.ts";
import type { CommandContext } from "./commands.ts";
import { addPipeFlags, addTarget, flagsOf } from "./pipe-flags.ts";
import { addIdentityFlags, type Identity, type IdentityOptions, readIdentities } from "./trusted-identities.ts";

interface GenerateOptions extends IdentityOptions {
  audience: readonly string[];
  roleName?: string;
  permissions?: string;
  format: string;
  google?: string;
  vm?: string;
  zone?: string;
}

/** Each way to write a role down; loaded with its format, as one needs a package. */
const formats: Readonly<Record<string, (role: RoleDefinition) => Promise<string>>> = {
  "aws-cli": async (role) => (await import("../trust-policy/formats/aws-cli.ts")).awsCli(role),
  terraform: async (role) => (await import("../trust-policy/formats/terraform.ts")).terraform(role),
  cloudformation: async (role) => (await import("../trust-policy/formats/cloudformation.ts")).cloudformation(role),
  cdk: async (role) => (await import("../trust-policy/formats/typescript.ts")).cdk(role),
  pulumi: async (role) => (await import("../trust-policy/formats/typescript.ts")).pulumi(role),
};

/** The role, and what a role that is reached by others gets. */
const ofChain: ReadonlySet<FlagKey> = new Set<FlagKey>([
  "roleArn",
  "via",
  "externalId",
  "sourceIdentity",
  "sessionTags",
  "transitiveTags",
]);

/** `gcp2aws trust-policy generate`: the least trust policy for an identity, in the form that somebody can use. */
export function defineGenerate(parent: Command, { host }: CommandContext): void {
  const command = parent
    .command("generate")
    .summary("write the least trust policy for an identity")
    .description(
      "Writes the trust policy that takes tokens of these identities for these audiences, and no others: of this workload itself, " +
        "of a token, or of values that are given. With --via it is the one of a role that is assumed by another.",
    )
    .usage("--audience URI [--format FORMAT --role-name NAME] [flags] | TARGET");
  addIdentityFlags(command)
    .option(
      "--audience <URI>",
      "an audience that its tokens may be for (repeatable; the first is that of the token that is looked at)",
      (value: string, previous: readonly string[]) => [...previous, value],
      [],
    )
    .option("--role-name <NAME>", "the name of the role, where --role-arn is not given; for every format but json")
    .option("--permissions <ARN[,ARN]>", "managed policies that say what the role may do")
    .addOption(
      new Option("--format <FORMAT>", "json is the policy alone, the others make the role too")
        .choices(["json", ...Object.keys(formats)])
        .default("json"),
    )
    .addOption(
      new Option("--google <FORMAT>", "the other side instead: the service account, and the VM that has it").choices([
        "gcloud",
        "terraform",
      ]),
    )
    .option("--vm <NAME>", "with --google: the name of the VM (default: what the token says)")
    .option("--zone <ZONE>", "with --google: its zone (default: what the token says)");
  addPipeFlags(addTarget(command), ["audience", ...flagsOfCredentials.filter((key) => !ofChain.has(key))]).action(
    (_, options: GenerateOptions) => generate(command, options, host),
  );
}

async function generate(command: Command, options: GenerateOptions, host: Host): Promise<void> {
  const [first] = options.audience;
  const given = await flagsOf(command, host, first === undefined ? {} : { audience: first });
  if (options.google !== undefined) {
    host.writeStdout(await googleSide(options, given, host));
    return;
  }
  const role = await roleOf(options, given, host);
  const { policyText } = await import("../trust-policy/generate.ts");
  const format = formats[options.format];
  host.writeStdout(format === undefined ? `${policyText(role.trust)}\n` : await format(named(role, options)));
}

/** A policy alone needs no name. */
function named(role: RoleDefinition, { format }: GenerateOptions): RoleDefinition {
  if (role.name !== "") return role;
  throw new Gcp2awsError("USAGE_MISSING_FLAG", `--role-name is missing: --format ${format} makes the role`, {
    hint: "give --role-name, or --role-arn with its account and path",
  });
}

/**
 * The role that the flags tell of, with its trust policy.
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, USAGE_POLICY_SIZE, and what {@link readIdentities} throws
 */
async function roleOf(options: GenerateOptions, given: FlagValues, host: Host): Promise<RoleDefinition> {
  const { trustRole } = await import("../trust-policy/generate.ts");
  const role = { ...nameOf(options, given, host), permissions: permissionsOf(options) };
  const roleArn = read("roleArn", given, host.env);
  const isChained = read("via", given, host.env) !== undefined;
  const chain = chainOf(given, host.env, isChained ? required("roleArn", given, host.env) : (roleArn ?? ""));
  const before = chain.via.at(-1);
  if (before === undefined) {
    const identities = await readIdentities(options, given, host);
    return checked({ ...role, ...(await trustOf(identities, options, given, host)) }, host);
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
  return checked({ ...role, trust, provider: undefined }, host);
}

function nameOf({ roleName }: GenerateOptions, given: FlagValues, host: Host): Pick<RoleDefinition, "name" | "path"> {
  const arn = read("roleArn", given, host.env);
  if (roleName !== undefined) {
    if (given["roleArn"] !== undefined)
      throw invalid("--role-name and --role-arn: both name the role", "leave out one of them");
    if (/^[\w+=,.@-]{1,64}$/.test(roleName)) return { name: roleName, path: "/" };
    throw invalid(
      `--role-name "${printable(roleName, 100)}": must be 1 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -`,
      "for example --role-name RoleForAccessFromGCPTeamA",
    );
  }
  return { name: parseRoleArn(arn ?? "")?.name ?? "", path: /:role(\/.*\/|\/)/.exec(arn ?? "")?.[1] ?? "/" };
}

function permissionsOf({ permissions }: GenerateOptions): string[] {
  if (permissions === undefined) return [];
  if (isPolicyArnList(permissions)) return permissions.split(",");
  throw invalid(
    `--permissions "${printable(permissions, 100)}": must be the ARNs of 1 to 10 managed policies, with commas between them`,
    "for example --permissions arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
  );
}

async function trustOf(
  identities: readonly Identity[],
  options: GenerateOptions,
  given: FlagValues,
  host: Host,
): Promise<Pick<RoleDefinition, "trust" | "provider">> {
  const { GOOGLE, trustGoogle, trustProvider } = await import("../trust-policy/generate.ts");
  const audiences = audiencesOf(identities, options, given, host);
  const issuer = identities[0]?.issuer ?? "";
  if (issuer === `https://${GOOGLE}`) {
    return { trust: trustGoogle(identities, audiences), provider: undefined };
  }
  const role = parseRoleArn(required("roleArn", given, host.env));
  const name = issuer.replace(/^https:\/\//, "");
  const arn = `arn:${role?.partition ?? ""}:iam::${role?.accountId ?? ""}:oidc-provider/${name}`;
  const trust = trustProvider(
    arn,
    identities.map(({ sub }) => sub),
    audiences,
  );
  return { trust, provider: { url: issuer, audiences } };
}

function audiencesOf(
  identities: readonly Identity[],
  { audience: asked }: GenerateOptions,
  given: FlagValues,
  host: Host,
): string[] {
  // Each by the rule of the flag.
  if (asked.length > 0) return asked.map((audience) => required("audience", { audience }, {}));
  const said = identities.flatMap(({ audience }) => (audience === undefined ? [] : [audience]));
  return said.length > 0 ? [...new Set(said)] : [required("audience", given, host.env)];
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
  const { gcloud, googleTerraform, workloadOf } = await import("../trust-policy/formats/google.ts");
  const [identity] = options.email.length > 0 ? [] : await readIdentities(options, given, host);
  const email = options.email[0] ?? identity?.email;
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

/** Says where AWS would not take the policy. */
async function checked(role: RoleDefinition, host: Host): Promise<RoleDefinition> {
  const { policySize, TRUST_POLICY_QUOTA: quota } = await import("../trust-policy/generate.ts");
  const size = policySize(role.trust);
  if (size <= quota.usual) return role;
  const problem = new Gcp2awsError(
    "USAGE_POLICY_SIZE",
    `trust policy of ${size} characters: AWS takes ${quota.usual}, and ${quota.most} where the account's quota was raised`,
    { hint: "make several roles, or leave out --azp: identities of which it is not compared share a statement" },
  );
  if (size > quota.most) throw problem;
  host.warn(problem);
  return role;
}

function invalid(what: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", what, { hint });
}

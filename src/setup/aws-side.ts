import { Gcp2awsError, printable } from "../errors.ts";
import { addAudience, attach, createProvider, createRole } from "../trust-policy/formats/aws-cli.ts";
import type { RoleDefinition } from "../trust-policy/formats/role.ts";
import type { Argv } from "../trust-policy/formats/shell.ts";
import type { PolicyRequest } from "../trust-policy/evaluate.ts";
import { policyText } from "../trust-policy/generate.ts";
import { readJsonText } from "../trust-policy/json-text.ts";
import { parsePolicy, PolicyError, type PolicyDocument } from "../trust-policy/policy.ts";
import { checkClosed, joined, takes } from "./held-policy.ts";
import type { Commands } from "./run-command.ts";

/** The role that is to be there when all is done. */
export interface AwsSide {
  roleArn: string;
  accountId: string;
  /** The audience that tokens for it have. */
  audience: string;
  role: RoleDefinition;
  /** The ARN of its OIDC provider; empty where IAM knows the issuer by itself. */
  providerArn: string;
  /** What a token of the identity asks of the role. */
  request: PolicyRequest;
}

/** Everything that may be run, as if nothing were there yet. */
export function awsCommandsOf(side: AwsSide): Argv[] {
  const { role } = side;
  const makes = role.provider === undefined ? [] : [getProvider(side.providerArn), createProvider(role.provider)];
  const attaches = role.permissions.length === 0 ? [] : [listAttached(role), ...attach(role)];
  return [getAccount, getRole(role), ...makes, createRole(role), ...attaches];
}

/**
 * That the AWS CLI has credentials, and of the role's account.
 * @throws Gcp2awsError LOCAL_COMMAND where it has none, or is not there; USAGE_INVALID_VALUE for another account
 */
export async function checkAccount({ accountId }: AwsSide, commands: Commands): Promise<void> {
  const end = await commands.try(getAccount);
  if (!end.isDone) {
    throw new Gcp2awsError("LOCAL_COMMAND", `aws sts get-caller-identity failed: ${end.why}`, {
      hint: `set AWS_PROFILE to an administrator's profile of account ${accountId}; or make the role elsewhere, by what gcp2aws setup shows without --yes, and run it here with --skip-aws`,
    });
  }
  const account = end.stdout.trim();
  if (account === accountId) return;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `the credentials of the AWS CLI are of account ${printable(account, 20)}, and the role is of ${accountId}`,
    { hint: "set AWS_PROFILE to an administrator's profile of that account, or give another --role-arn" },
  );
}

/**
 * Makes the role, or lets the one that is there take this identity too and have these permissions. Nothing is taken away, and what is
 * so already is left. Where somebody has limited or forbidden just that, or strangers get in by what is there, it ends.
 * @returns whether something is another now
 * @throws Gcp2awsError LOCAL_COMMAND, USAGE_INVALID_VALUE, USAGE_POLICY_SIZE, POLICY_FINDINGS
 */
export async function makeRole(side: AwsSide, commands: Commands): Promise<boolean> {
  const { role, roleArn } = side;
  const held = await readRole(side, commands);
  // Whatever is wrong with it is found before anything is made.
  const more = held === undefined || takes(held, side.request, roleArn) ? undefined : joined(held, role.trust, roleArn);
  if (held !== undefined) checkClosed(held, roleArn);
  let isChanged = await makeProvider(side, commands);
  if (held === undefined) {
    await commands.run(createRole(role));
    isChanged = true;
  } else if (more !== undefined) {
    await replaceTrust(held, more, side, commands);
    isChanged = true;
  }
  if (role.permissions.length === 0) return isChanged;
  const attached = held === undefined ? [] : stringsIn(await commands.run(listAttached(role)));
  for (const command of attach({ ...role, permissions: role.permissions.filter((arn) => !attached.includes(arn)) })) {
    await commands.run(command);
    isChanged = true;
  }
  return isChanged;
}

/**
 * Replaces the role's policy by one that has more. IAM has no way to do so only where it is still the one that was read, so it is read again as
 * late as can be: whoever is asked may think about it for long.
 */
async function replaceTrust(
  held: PolicyDocument,
  more: PolicyDocument,
  side: AwsSide,
  commands: Commands,
): Promise<void> {
  const { role, roleArn } = side;
  const update = updateTrust(role.name, more);
  const notRun = (why: string, hint: string) =>
    new Gcp2awsError("LOCAL_COMMAND", `${update.slice(0, 3).join(" ")} not run: ${why}`, { hint });
  const what =
    "AWS: the role is there, and does not take this identity yet. This adds to its trust policy, whose statements stay.";
  if (!(await commands.agree(what, [update])))
    throw notRun("there is no consent", "run gcp2aws setup again, with --skip-aws where the role is as it should be");
  const now = await readRole(side, commands);
  if (now === undefined || policyText(now) !== policyText(held))
    throw notRun(`the trust policy of ${roleArn} was changed meanwhile`, "run gcp2aws setup again: it reads it anew");
  await commands.run(update);
}

async function makeProvider({ role: { provider }, providerArn }: AwsSide, commands: Commands): Promise<boolean> {
  if (provider === undefined) return false;
  const found = await look(getProvider(providerArn), commands);
  if (found === undefined) {
    await commands.run(createProvider(provider));
    return true;
  }
  const held = stringsIn(found["ClientIDList"]);
  const missing = provider.audiences.filter((audience) => !held.includes(audience));
  for (const audience of missing) await commands.run(addAudience(providerArn, audience));
  return missing.length > 0;
}

/** The trust policy of the role that is there; undefined where there is none. */
async function readRole({ role, roleArn }: AwsSide, commands: Commands): Promise<PolicyDocument | undefined> {
  const found = await look(getRole(role), commands);
  if (found === undefined) return undefined;
  const held = propertiesOf(found["Role"]);
  const arn = held["Arn"];
  if (arn !== roleArn) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `role ${role.name} is there as ${typeof arn === "string" ? printable(arn, 200) : "something else"}, not as ${roleArn}`,
      { hint: "give the ARN that it has, or another name: one account has a name once, whatever the path" },
    );
  }
  try {
    return parsePolicy(held["AssumeRolePolicyDocument"]);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new Gcp2awsError("LOCAL_COMMAND", `trust policy of ${roleArn} not understood: ${printable(error.message)}`, {
      hint: "add the statements of gcp2aws trust-policy generate to it by hand, then run setup with --skip-aws",
    });
  }
}

/** Undefined where IAM has no such thing. */
async function look(argv: Argv, commands: Commands): Promise<Record<string, unknown> | undefined> {
  const end = await commands.try(argv);
  if (end.isDone) return propertiesOf(jsonOf(end.stdout));
  if (end.stderr.includes("(NoSuchEntity)")) return undefined;
  throw new Gcp2awsError("LOCAL_COMMAND", `${argv.slice(0, 3).join(" ")} failed: ${end.why}`, {
    hint: "the credentials of the AWS CLI must be those of an administrator of IAM (AWS_PROFILE says whose they are); where they are elsewhere, make the role there, and run gcp2aws setup with --skip-aws",
  });
}

/** None where it is no object. */
function propertiesOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function stringsIn(value: unknown): string[] {
  const list = typeof value === "string" ? jsonOf(value) : value;
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === "string") : [];
}

/** With all digits of an ID that stands without quotes, as the policy is written back. */
function jsonOf(text: string): unknown {
  try {
    return readJsonText(text).value;
  } catch {
    return undefined;
  }
}

const getAccount: Argv = ["aws", "sts", "get-caller-identity", "--query", "Account", "--output", "text"];

function getRole({ name }: RoleDefinition): Argv {
  return ["aws", "iam", "get-role", "--role-name", name, "--output", "json"];
}

function updateTrust(name: string, policy: PolicyDocument): Argv {
  const document = ["--policy-document", policyText(policy)];
  return ["aws", "iam", "update-assume-role-policy", "--role-name", name, ...document];
}

function listAttached({ name }: RoleDefinition): Argv {
  const query = ["--query", "AttachedPolicies[].PolicyArn", "--output", "json"];
  return ["aws", "iam", "list-attached-role-policies", "--role-name", name, ...query];
}

function getProvider(arn: string): Argv {
  return ["aws", "iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", arn, "--output", "json"];
}

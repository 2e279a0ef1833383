import { Gcp2awsError, printable } from "../errors.ts";
import { type Json, type JsonObject, objectOf, parseJson } from "../json.ts";
import { attach, createProvider, createRole } from "../trust-policy/formats/aws-cli.ts";
import type { RoleDefinition } from "../trust-policy/formats/role.ts";
import type { Argv } from "../trust-policy/formats/shell.ts";
import { evaluate, type PolicyRequest } from "../trust-policy/evaluate.ts";
import { policyText } from "../trust-policy/generate.ts";
import { parsePolicy, PolicyError, type PolicyDocument } from "../trust-policy/policy.ts";
import { policySize, TRUST_POLICY_QUOTA } from "../trust-policy/quota.ts";
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
  return [getAccount, ...makes, getRole(role), createRole(role), ...attaches];
}

/**
 * Makes the role, or lets the one that is there take this identity too and have these permissions. Nothing is taken away, and what is
 * so already is left.
 * @returns whether something is another now
 * @throws Gcp2awsError LOCAL_COMMAND, USAGE_INVALID_VALUE, USAGE_POLICY_SIZE
 */
export async function makeRole(side: AwsSide, commands: Commands): Promise<boolean> {
  const { role, accountId } = side;
  const account = (await commands.run(getAccount)).trim();
  if (account !== accountId) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `the credentials of the AWS CLI are of account ${printable(account, 20)}, and the role is of ${accountId}`,
      { hint: "set AWS_PROFILE to an administrator's profile of that account, or give another --role-arn" },
    );
  }
  let isChanged = await makeProvider(side, commands);
  const held = await readRole(side, commands);
  if (held === undefined) {
    await commands.run(createRole(role));
    isChanged = true;
  } else if (evaluate([held], side.request).decision === "denied") {
    await commands.run(updateTrust(role.name, joined(held, role.trust)));
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
  const held = objectOf(found["Role"]);
  const arn = held?.["Arn"];
  if (held === undefined || arn !== roleArn) {
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

/** What is there may be of use to somebody, so it stays. */
function joined(held: PolicyDocument, trust: PolicyDocument): PolicyDocument {
  const policy = { ...held, statements: [...held.statements, ...trust.statements] };
  const size = policySize(policyText(policy));
  if (size <= TRUST_POLICY_QUOTA.most) return policy;
  throw new Gcp2awsError(
    "USAGE_POLICY_SIZE",
    `trust policy of ${size} characters with the statements that are there: AWS takes at most ${TRUST_POLICY_QUOTA.most}`,
    { hint: "give another role, or remove statements that are not needed any more" },
  );
}

/** Undefined where IAM has no such thing. */
async function look(argv: Argv, commands: Commands): Promise<JsonObject | undefined> {
  const end = await commands.try(argv);
  if (end.isDone) return objectOf(jsonOf(end.stdout)) ?? {};
  if (end.why.includes("(NoSuchEntity)")) return undefined;
  throw new Gcp2awsError("LOCAL_COMMAND", `${argv.slice(0, 3).join(" ")} failed: ${end.why}`, {
    hint: "the credentials of the AWS CLI must be those of an administrator of IAM",
  });
}

function stringsIn(value: string | Json | undefined): string[] {
  const list = typeof value === "string" ? jsonOf(value) : value;
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

function jsonOf(text: string): Json | undefined {
  try {
    return parseJson(text);
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

function addAudience(arn: string, audience: string): Argv {
  const ids = ["--open-id-connect-provider-arn", arn, "--client-id", audience];
  return ["aws", "iam", "add-client-id-to-open-id-connect-provider", ...ids];
}

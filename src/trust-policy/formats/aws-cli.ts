import { policyText } from "../generate.ts";
import type { RoleDefinition } from "./role.ts";
import { type Argv, shellLine } from "./shell.ts";

/** Commands of the AWS CLI that make the role. */
export function awsCommands(role: RoleDefinition): Argv[] {
  return [...(role.provider === undefined ? [] : [createProvider(role.provider)]), createRole(role), ...attach(role)];
}

/** The same as lines for a shell. */
export function awsCli(role: RoleDefinition): string {
  return `${awsCommands(role).map(shellLine).join("\n")}\n`;
}

export function createRole({ name, path, trust }: RoleDefinition): Argv {
  return [
    "aws",
    "iam",
    "create-role",
    "--role-name",
    name,
    ...(path === "/" ? [] : ["--path", path]),
    "--assume-role-policy-document",
    policyText(trust),
  ];
}

export function createProvider({ url, audiences }: Exclude<RoleDefinition["provider"], undefined>): Argv {
  return ["aws", "iam", "create-open-id-connect-provider", "--url", url, "--client-id-list", ...audiences];
}

/** AWS does nothing where it is attached already. */
export function attach({ name, permissions }: RoleDefinition): Argv[] {
  return permissions.map((arn) => ["aws", "iam", "attach-role-policy", "--role-name", name, "--policy-arn", arn]);
}

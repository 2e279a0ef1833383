import { asciiJson } from "../../ascii-json.ts";
import { policyText } from "../generate.ts";
import type { RoleDefinition } from "./role.ts";
import { type Argv, shellLine } from "./shell.ts";

// The AWS CLI takes a value that begins with a hyphen for an option, reads the file of one that begins with file://, and in version 1 fetches
// one that begins with https://. Names and ARNs cannot begin so; what comes from a token stands inside of JSON.

/** Commands of the AWS CLI that make the role. */
export function awsCommands(role: RoleDefinition): Argv[] {
  return [...(role.provider === undefined ? [] : [createProvider(role.provider)]), createRole(role), ...attach(role)];
}

/** The same as lines for a shell. */
export function awsCli(role: RoleDefinition): string {
  return `${awsCommands(role).map(shellLine).join("\n")}\n`;
}

export function createRole({ name, path, trust, maxSessionSeconds }: RoleDefinition): Argv {
  return [
    "aws",
    "iam",
    "create-role",
    "--role-name",
    name,
    ...(path === "/" ? [] : ["--path", path]),
    "--assume-role-policy-document",
    policyText(trust),
    ...(maxSessionSeconds === undefined ? [] : ["--max-session-duration", String(maxSessionSeconds)]),
  ];
}

export function createProvider({ url, audiences }: Exclude<RoleDefinition["provider"], undefined>): Argv {
  return ["aws", "iam", "create-open-id-connect-provider", "--url", url, "--client-id-list", asciiJson(audiences)];
}

/** @param arn of the provider */
export function addAudience(arn: string, audience: string): Argv {
  const input = asciiJson({ OpenIDConnectProviderArn: arn, ClientID: audience });
  return ["aws", "iam", "add-client-id-to-open-id-connect-provider", "--cli-input-json", input];
}

/** AWS does nothing where it is attached already. */
export function attach({ name, permissions }: RoleDefinition): Argv[] {
  return permissions.map((arn) => ["aws", "iam", "attach-role-policy", "--role-name", name, "--policy-arn", arn]);
}

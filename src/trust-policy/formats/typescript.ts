import { formatPolicy } from "../policy.ts";
import { distinctNames, identifier, policyName, type RoleDefinition } from "./role.ts";

/**
 * A construct of the AWS CDK, version 2. It is of the first level, which takes a trust policy as it is; those of the second make
 * up their own from principals.
 */
export function cdk({ name, path, trust, permissions, provider, maxSessionSeconds }: RoleDefinition): string {
  const properties = {
    roleName: name,
    ...(path !== "/" && { path }),
    ...(maxSessionSeconds !== undefined && { maxSessionDuration: maxSessionSeconds }),
    assumeRolePolicyDocument: formatPolicy(trust),
    ...(permissions.length > 0 && { managedPolicyArns: permissions }),
  };
  const makesProvider =
    provider === undefined
      ? ""
      : `    const provider = new CfnOIDCProvider(this, "Provider", ${literal({ url: provider.url, clientIdList: provider.audiences }, 4)});
`;
  const waits = provider === undefined ? "" : "    this.role.node.addDependency(provider);\n";
  return `import { ${provider === undefined ? "" : "CfnOIDCProvider, "}CfnRole } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";

export class ${className(name)} extends Construct {
  readonly role: CfnRole;

  constructor(scope: Construct, id: string) {
    super(scope, id);
${makesProvider}    this.role = new CfnRole(this, "Role", ${literal(properties, 4)});
${waits}  }
}
`;
}

/** A program for Pulumi's package `@pulumi/aws`. */
export function pulumi({ name, path, trust, permissions, provider, maxSessionSeconds }: RoleDefinition): string {
  const lines = [`import * as aws from "@pulumi/aws";`, ""];
  if (provider !== undefined) {
    const properties = literal({ url: provider.url, clientIdLists: provider.audiences }, 0);
    lines.push(`const provider = new aws.iam.OpenIdConnectProvider(${literal(name, 0)}, ${properties});`, "");
  }
  const properties = [
    `  name: ${literal(name, 0)},`,
    ...(path === "/" ? [] : [`  path: ${literal(path, 0)},`]),
    ...(maxSessionSeconds === undefined ? [] : [`  maxSessionDuration: ${maxSessionSeconds},`]),
    `  assumeRolePolicy: JSON.stringify(${literal(formatPolicy(trust), 2)}),`,
  ];
  const options = provider === undefined ? "" : ", { dependsOn: [provider] }";
  lines.push(`export const role = new aws.iam.Role(${literal(name, 0)}, {`, ...properties, `}${options});`);
  const attachments = distinctNames(permissions.map((arn) => `${name}-${policyName(arn)}`));
  for (const [at, arn] of permissions.entries()) {
    const label = literal(attachments[at], 0);
    lines.push("", `new aws.iam.RolePolicyAttachment(${label}, { role: role.name, policyArn: ${literal(arn, 0)} });`);
  }
  return `${lines.join("\n")}\n`;
}

/** JSON is TypeScript; only keys that need no quotes go without. */
function literal(value: unknown, indent: number): string {
  const text = JSON.stringify(value, undefined, 2).replace(/^(\s*)"([A-Za-z_]\w*)":/gm, "$1$2:");
  return text.replaceAll("\n", `\n${" ".repeat(indent)}`);
}

/** The name of a class, which is none of those that the program imports or that TypeScript keeps for itself. */
function className(name: string): string {
  const pascal = identifier(name).replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return /^(Construct|CfnRole|Object)$/.test(pascal) ? `${pascal}Role` : pascal;
}

import { formatPolicy } from "../policy.ts";
import { type Block, call, formatHcl, type Hcl } from "./hcl.ts";
import { distinctNames, identifier, policyName, type RoleDefinition } from "./role.ts";

/** The role for Terraform's and OpenTofu's provider `hashicorp/aws`. */
export function terraform({ name, path, trust, permissions, provider, maxSessionSeconds }: RoleDefinition): string {
  const label = identifier(name);
  const blocks: Block[] = [];
  if (provider !== undefined) {
    blocks.push({
      head: ["resource", "aws_iam_openid_connect_provider", label],
      body: [
        ["url", provider.url],
        ["client_id_list", provider.audiences],
      ],
    });
  }
  const policy: Hcl = JSON.parse(JSON.stringify(formatPolicy(trust)));
  blocks.push({
    head: ["resource", "aws_iam_role", label],
    body: [
      ["name", name],
      ...(path === "/" ? [] : [["path", path] as const]),
      ...(maxSessionSeconds === undefined
        ? []
        : [["max_session_duration", { reference: String(maxSessionSeconds) }] as const]),
      ["assume_role_policy", call("jsonencode", policy)],
      ...(provider === undefined
        ? []
        : [["depends_on", [{ reference: `aws_iam_openid_connect_provider.${label}` }]] as const]),
    ],
  });
  const attachments = distinctNames(permissions.map((arn) => `${label}_${identifier(policyName(arn))}`));
  for (const [at, arn] of permissions.entries()) {
    blocks.push({
      head: ["resource", "aws_iam_role_policy_attachment", attachments[at] ?? ""],
      body: [
        ["role", { reference: `aws_iam_role.${label}.name` }],
        ["policy_arn", arn],
      ],
    });
  }
  blocks.push({ head: ["output", `${label}_arn`], body: [["value", { reference: `aws_iam_role.${label}.arn` }]] });
  return formatHcl(blocks);
}

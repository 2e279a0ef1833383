import { Gcp2awsError, printable } from "../errors.ts";
import { awsCli } from "../trust-policy/formats/aws-cli.ts";
import { cloudformation } from "../trust-policy/formats/cloudformation.ts";
import type { RoleDefinition } from "../trust-policy/formats/role.ts";
import { formatPolicy } from "../trust-policy/policy.ts";
import { terraform } from "../trust-policy/formats/terraform.ts";
import { cdk, pulumi } from "../trust-policy/formats/typescript.ts";

/** What a role can be written as. */
export type RoleFormat = "aws-cli" | FileFormat;
/** Of these, what is kept as a file and deployed by its own tool. */
export type FileFormat = "terraform" | "cloudformation" | "cdk" | "pulumi";

const writers: Readonly<Record<RoleFormat, (role: RoleDefinition) => string>> = {
  "aws-cli": awsCli,
  terraform,
  cloudformation,
  cdk,
  pulumi,
};

/** What a tool replaces in any text, and has no way to write as it is. */
const replaced: Readonly<Partial<Record<RoleFormat, RegExp>>> = {
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
  cloudformation: /\{\{resolve:/,
  // It makes a template of CloudFormation, and has marks of its own for what is not known yet (https://docs.aws.amazon.com/cdk/v2/guide/tokens.html).
  cdk: /\{\{resolve:|[$#]\{Token\[/,
};

/**
 * The role in the words of a tool.
 * @throws Gcp2awsError USAGE_INVALID_VALUE where a value would be another there, or IAM would not take what it gets by it
 */
export function formatRole(role: RoleDefinition, format: RoleFormat): string {
  const { trust, ...rest } = role;
  for (const text of textsOf({ ...rest, trust: formatPolicy(trust) })) {
    const [mark] = replaced[format]?.exec(text) ?? [];
    const value = `--format ${format}: "${printable(text, 100)}"`;
    if (mark !== undefined) {
      throw new Gcp2awsError(
        "USAGE_INVALID_VALUE",
        `${value}: whatever stands behind ${mark} there is replaced when it is deployed, by a secret, say`,
        { hint: "whoever chose that value may mean harm; if it is right, use another format" },
      );
    }
    // The other tools write the policy's JSON themselves.
    if (format !== "aws-cli" && /[^\0-\u00ff]/.test(text)) {
      throw new Gcp2awsError(
        "USAGE_INVALID_VALUE",
        `${value}: has a character above U+00FF, which IAM takes only as an escape of JSON`,
        { hint: "gcp2aws trust-policy generate writes it so with --format json and aws-cli; or choose another value" },
      );
    }
  }
  return writers[format](role);
}

/** Every text in it, and every name. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.entries(value).flat().flatMap(textsOf) : [];
}

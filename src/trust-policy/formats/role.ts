import type { PolicyDocument } from "../policy.ts";

/** A role as it is to be made, whatever by. */
export interface RoleDefinition {
  /** 1 to 64 characters. */
  name: string;
  /** Begins and ends with a slash; `/` for none. */
  path: string;
  trust: PolicyDocument;
  /** ARNs of the managed policies that say what the role may do. */
  permissions: readonly string[];
  /** The IAM OIDC provider that the policy names, to be made with the role. */
  provider: { url: string; audiences: readonly string[] } | undefined;
}

/** A name made a part of a program: small letters, digits and `_`, not beginning with a digit. */
export function identifier(text: string): string {
  const name = text
    .replace(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3_$2$4")
    .toLowerCase()
    .replace(/[^a-z\d]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[a-z]/.test(name) ? name : `role_${name}`;
}

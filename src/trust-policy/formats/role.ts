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
  /** How long its sessions may live, 3601 to 43200 seconds; undefined for the hour that IAM gives by itself. */
  maxSessionSeconds: number | undefined;
}

/** Each by its own name, which ends in `_2`, `_3` where others before have it already. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let count = 2; taken.has(own); count++) own = `${name}_${count}`;
    taken.add(own);
    return own;
  });
}

/** What a managed policy is called: the last part of its ARN. */
export function policyName(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
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

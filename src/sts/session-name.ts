import { Gcp2awsError } from "../errors.ts";
import { type Claims, type TemplateClaim, templateClaims } from "../identity-token/claims.ts";

const PLACEHOLDER = /\{([^{}]*)\}/g;

/**
 * Whether `template` can give a session name: known placeholders in braces, and between them only what STS allows in a
 * RoleSessionName, `[\w+=,.@-]`; without a placeholder 2 to 64 of these.
 */
export function isSessionNameTemplate(template: string): boolean {
  const literal = template.replace(PLACEHOLDER, "");
  if (!/^[\w+=,.@-]*$/.test(literal)) return false;
  if (literal === template) return literal.length >= 2 && literal.length <= 64;
  return [...template.matchAll(PLACEHOLDER)].every(([, name]) => isTemplateClaim(name));
}

/**
 * Fills a template from the token's claims and makes it a valid RoleSessionName: other characters become `-`, the
 * result is cut at 64 and, where it is a single character, filled up to 2 with `-`.
 * @throws Gcp2awsError USAGE_MISSING_CLAIM when the token lacks a claim that the template names
 */
export function renderSessionName(template: string, claims: Claims): string {
  const filled = template.replace(PLACEHOLDER, (_, name: string) => {
    const value = isTemplateClaim(name) ? claims[name] : undefined;
    if (value === undefined || value === "") throw missingClaim(name);
    return value;
  });
  return filled
    .replace(/[^\w+=,.@-]/g, "-")
    .slice(0, 64)
    .padEnd(2, "-");
}

function isTemplateClaim(name: string | undefined): name is TemplateClaim {
  return templateClaims.some((claim) => claim === name);
}

function missingClaim(name: string): Gcp2awsError {
  return new Gcp2awsError(
    "USAGE_MISSING_CLAIM",
    `role session name not made: the identity token has no claim "${name}"`,
    {
      hint:
        name === "sub" || name === "email" || name === "azp" || name === "aud"
          ? "a VM's standard token has no email: use --token-format full, or another --role-session-name"
          : "only a full token of a Compute Engine VM names its instance and project; on GKE and Cloud Run use {sub} or {email}",
    },
  );
}

import { Gcp2awsError } from "../errors.ts";
import { type Claims, templateClaims } from "../identity-token/claims.ts";

const PLACEHOLDER = /\{([^{}]*)\}/g;

/**
 * Whether `template` can give a session name: known placeholders in braces, and between them only what STS allows in a
 * RoleSessionName, `[\w+=,.@-]`; without a placeholder 2 to 64 of these.
 */
export function isSessionNameTemplate(template: string): boolean {
  const literal = template.replace(PLACEHOLDER, "");
  if (!/^[\w+=,.@-]*$/.test(literal)) return false;
  if (literal === template) return literal.length >= 2 && literal.length <= 64;
  return [...template.matchAll(PLACEHOLDER)].every((match) => templateClaims.includes(match[1] ?? ""));
}

/**
 * Fills a template from the token's claims and makes it a valid RoleSessionName, or SourceIdentity, which has the same rule: other
 * characters become `-`, the result is cut at 64 and, where it is a single character, filled up to 2 with `-`.
 * @param what is made, for the error
 * @throws Gcp2awsError USAGE_MISSING_CLAIM when the token lacks a claim that the template names
 */
export function renderSessionName(template: string, claims: Claims, what = "role session name"): string {
  let filled = "";
  let at = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const name = match[1] ?? "";
    const value = claims.values[name] ?? "";
    if (value === "" || !templateClaims.includes(name)) throw missingClaim(name, what);
    filled += template.slice(at, match.index) + value;
    at = match.index + match[0].length;
  }
  return (filled + template.slice(at))
    .replace(/[^\w+=,.@-]/g, "-")
    .slice(0, 64)
    .padEnd(2, "-");
}

function missingClaim(name: string, what: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_MISSING_CLAIM", `${what} not made: the identity token has no claim "${name}"`, {
    hint:
      name === "sub" || name === "email" || name === "azp" || name === "aud"
        ? "a VM's standard token has no email: use --token-format full, or another template"
        : "only a full token of a Compute Engine VM names its instance and project; on GKE and Cloud Run use {sub} or {email}",
  });
}

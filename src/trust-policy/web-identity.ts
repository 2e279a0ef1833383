import * as v from "valibot";
import type { Context } from "./condition.ts";

/** Google is known to IAM: an account has no provider of its own for it. The name in trust policies and condition keys. */
export const googleName = "accounts.google.com";

const text = v.string("must be text");
const claimsSchema = v.object(
  {
    iss: text,
    sub: v.pipe(text, v.nonEmpty("must not be empty")),
    aud: v.union([text, v.pipe(v.array(text), v.nonEmpty())], "must be text or a list of text"),
    azp: v.optional(text),
    email: v.optional(text),
    amr: v.optional(v.array(text, "must be a list of text")),
    exp: v.optional(v.number("must be a number")),
    google: v.optional(v.object({ organization_number: v.optional(v.union([v.number(), v.string()])) })),
  },
  "must be an object",
);

/** The claims of an identity token that IAM has condition keys for, and when it ends (seconds since the epoch). */
export type TokenClaims = v.InferOutput<typeof claimsSchema>;

/** @returns the claims, or which claim is not what a token has, and why */
export function readClaims(value: unknown): { claims: TokenClaims } | { claim: string; message: string } {
  const result = v.safeParse(claimsSchema, value);
  if (result.success) return { claims: result.output };
  const [issue] = result.issues;
  const missing = issue.received === "undefined";
  return { claim: v.getDotPath(issue) ?? "claims", message: missing ? "is missing" : issue.message };
}

/** What the condition keys of an issuer have before the colon: `iss` without its scheme. */
export function keyPrefixOf({ iss }: Pick<TokenClaims, "iss">): string {
  return iss.replace(/^https:\/\//, "");
}

/**
 * The `:aud` key holds the token's `azp` when it has one; the audience that was asked for is under `:oaud`.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
 */
export function audienceKey({ azp, aud }: Pick<TokenClaims, "azp" | "aud">): string {
  return azp ?? [aud].flat()[0] ?? "";
}

/** The keys of a trust policy that come from the token. `oaud`, `email` and the organization's number are Google's alone. */
export function tokenContext(claims: TokenClaims, keyPrefix: string): Context {
  const session = sessionContext(claims, keyPrefix);
  if (keyPrefix !== googleName) return session;
  const organization = claims.google?.organization_number;
  return {
    ...session,
    [`${keyPrefix}:oaud`]: [claims.aud].flat(),
    [`${keyPrefix}:email`]: claims.email === undefined ? [] : [claims.email],
    [`${keyPrefix}:google/organization_number`]: organization === undefined ? [] : [String(organization)],
  };
}

/** Those of them that stay with the session, for later calls. */
export function sessionContext(claims: TokenClaims, keyPrefix: string): Context {
  return {
    [`${keyPrefix}:aud`]: [audienceKey(claims)],
    [`${keyPrefix}:sub`]: [claims.sub],
    [`${keyPrefix}:amr`]: claims.amr ?? [],
  };
}

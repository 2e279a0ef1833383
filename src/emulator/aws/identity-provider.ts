import type { JSONWebKeySet } from "jose";
import { googleName } from "../../trust-policy/web-identity.ts";
import type { OidcProvider } from "../definition.ts";

/** Somebody whose tokens the account takes. */
export interface IdentityProvider {
  /** What a trust policy has under `Principal.Federated`: a name that IAM knows by itself, or an ARN. */
  federated: string;
  /** What its condition keys have before the colon. */
  keyPrefix: string;
  /** Values of `iss`. */
  issuers: readonly string[];
  /** The public keys, asked for anew by every call, so that a rotation is seen; undefined where nobody answers. */
  keys: () => Promise<JSONWebKeySet | undefined>;
  /** The audiences that it takes; undefined where that is left to the trust policy. */
  clientIds: readonly string[] | undefined;
}

/** Google is known to IAM: an account has no provider of its own for it. */
export function googleProvider(keys: () => Promise<JSONWebKeySet>): IdentityProvider {
  const issuers = [`https://${googleName}`, googleName];
  return { federated: googleName, keyPrefix: googleName, issuers, keys, clientIds: undefined };
}

/**
 * An OIDC provider that the account has made.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
 */
export function accountProvider(
  accountId: string,
  { url, clientIds }: OidcProvider,
  keys: IdentityProvider["keys"],
): IdentityProvider {
  const name = url.replace(/^https:\/\//, "");
  return {
    federated: `arn:aws:iam::${accountId}:oidc-provider/${name}`,
    keyPrefix: name,
    issuers: [url],
    keys,
    clientIds,
  };
}

import { fromNow } from "../duration.ts";
import { printable } from "../errors.ts";
import type { Claims } from "../identity-token/claims.ts";

/**
 * Which key of a trust policy looks at which claim, as AWS maps Google's tokens: `:aud` is azp where there is one, and
 * the token's own aud is `:oaud`
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html).
 */
export function trustPolicyKeys(claims: Claims): { name: string; key: string }[] {
  const issuer = (claims.values["iss"] ?? "").replace(/^https:\/\//, "");
  // Any other issuer, a GKE cluster's say, is trusted by an IAM OIDC provider of its own, which names the keys.
  if (issuer !== "" && issuer !== "accounts.google.com") {
    const provider = printable(issuer, 200);
    return [
      { name: "iss", key: `Principal {"Federated": "arn:aws:iam::ACCOUNT:oidc-provider/${provider}"}` },
      { name: "aud", key: `${provider}:aud, which is also in the provider's list of audiences` },
      { name: "sub", key: `${provider}:sub` },
    ];
  }
  const hasAzp = claims.values["azp"] !== undefined;
  return [
    { name: "iss", key: 'Principal {"Federated": "accounts.google.com"}' },
    { name: "aud", key: hasAzp ? "accounts.google.com:oaud" : "accounts.google.com:oaud and :aud" },
    { name: "azp", key: hasAzp ? "accounts.google.com:aud" : "accounts.google.com:aud is aud, as there is no azp" },
    { name: "sub", key: "accounts.google.com:sub" },
    { name: "email", key: "accounts.google.com:email (AWS documents it both ways; use :sub)" },
  ];
}

/** What the refused token said, and the trust policy key that each claim is compared with; never the token itself. */
export function explainDenial(claims: Claims, now: number): string[] {
  const rows = trustPolicyKeys(claims).map(({ name, key }) => ({
    name,
    value: printable(claims.values[name] ?? "(none)", 200),
    key,
  }));
  const width = Math.min(60, Math.max(...rows.map(({ value }) => value.length)));
  const lines = rows.map(({ name, value, key }) => `${name.padEnd(5)}  ${value.padEnd(width)}  → ${key}`);
  return [...lines, `exp    ${expiry(claims.exp, now)}`];
}

function expiry(exp: number | undefined, now: number): string {
  if (exp === undefined || Math.abs(exp) > 8.64e12) return "(none)";
  return `${new Date(exp * 1000).toISOString().slice(0, 19)}Z (${fromNow(exp * 1000 - now)} by this machine's clock)`;
}

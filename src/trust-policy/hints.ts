// Why a part of a statement does not match a token of Google's, in the words that its author needs.
import { suggest } from "../suggest.ts";
import { codePoint } from "./code-point.ts";
import type { ConditionResult } from "./condition.ts";
import { everyRequestKeys, googleKeys, providerKeys, requestKeys, splitKey, tagKeys } from "./condition-keys.ts";
import { isClientId } from "./oauth-client.ts";
import { readOperator } from "./operator.ts";
import { audienceKey, googleName, keyPrefixOf, type TokenClaims } from "./web-identity.ts";

/** Undefined where there is nothing to say but that the values differ, and for what matches by a value that is known. */
export function hintForCondition(result: ConditionResult, claims: TokenClaims, version: string): string | undefined {
  const { operator, key, wanted, actual } = result;
  if (actual === undefined && everyRequestKeys.has(key.toLowerCase()))
    return `every request has ${key}, but what it is here was not said: trust-policy evaluate --context ${key}=VALUE tries one`;
  if (result.matched) return undefined;
  const use = readOperator(operator);
  const unknown = unknownKey(key, keyPrefixOf(claims));
  if (unknown !== undefined) return unknown;
  if (actual === undefined) return missing(key, claims);
  // That a value is there says all of a negated operator's failure, and of Null's.
  if (use?.operator === undefined || use.operator.negated) return undefined;
  return (
    misplaced(key, wanted, claims) ??
    wanted.map((value) => nearly(value, actual, operator, version)).find((hint) => hint !== undefined)
  );
}

/** For a key that no request has; undefined for one that can be there. */
export function unknownKey(key: string, issuer: string): string | undefined {
  const { prefix, name } = splitKey(key);
  const lower = key.toLowerCase();
  if (prefix === "aws" || prefix === "sts" || prefix === "iam") {
    if (requestKeys.some((known) => known.toLowerCase() === lower)) return undefined;
    if (tagKeys.some((known) => lower.startsWith(known.toLowerCase()))) return undefined;
    const close = suggest(key, requestKeys);
    return `no exchange of a token has the key ${key}${close === undefined ? "" : `; ${close} is meant?`}`;
  }
  const names = issuer === googleName ? [...googleKeys.keys()] : providerKeys;
  if (prefix === issuer.toLowerCase()) {
    if (names.includes(name)) return undefined;
    if (name === "azp") return `there is no key ${issuer}:azp: azp is compared under ${issuer}:aud`;
    const close = suggest(name, names);
    const why =
      close === undefined ? `of ${issuer} IAM has the keys ${names.join(", ")} alone` : `${issuer}:${close} is meant?`;
    return `there is no key ${key}: ${why}`;
  }
  if (prefix.replace(/^https:\/\//, "").replace(/\/$/, "") === issuer.toLowerCase())
    return `the keys of this issuer begin with ${issuer}: without https:// and a slash at the end`;
  const close = suggest(prefix, [issuer]);
  if (close !== undefined) return `the keys of this issuer begin with ${issuer}:, not ${prefix}:`;
  return `${key} is a key of another issuer: this token's begin with ${issuer}:`;
}

function missing(key: string, claims: TokenClaims): string {
  const { prefix, name } = splitKey(key);
  if (prefix !== keyPrefixOf(claims).toLowerCase()) return "the key comes from the request itself, not from the token";
  if (name === "email")
    return "the token has no email: that of a VM has one in the format full alone; compare sub, which every token has";
  return `the token has no ${googleKeys.get(name) ?? name}`;
}

/** A value that the token has, but not where this key looks. */
function misplaced(key: string, wanted: readonly string[], claims: TokenClaims): string | undefined {
  const { name } = splitKey(key);
  const issuer = keyPrefixOf(claims);
  const { azp, sub, email } = claims;
  const audiences = [claims.aud].flat();
  const has = (value: string | undefined): value is string => value !== undefined && wanted.includes(value);
  if (issuer === googleName && name === "aud") {
    const audience = audiences.find(has);
    if (audience !== undefined)
      return `${key} is compared with azp = ${audienceKey(claims)}; ${audience} is the token's aud, which belongs under ${issuer}:oaud`;
    if (has(sub))
      return `${key} is compared with azp = ${audienceKey(claims)}; this token was not minted by the metadata server, which puts the numeric ID there`;
    if (has(email))
      return `${key} is compared with azp = ${audienceKey(claims)}; only tokens made with a service account's key, or with useEmailAzp, have the email there`;
    if (wanted.some(isAudience))
      return `${key} is compared with azp = ${audienceKey(claims)}; an audience belongs under ${issuer}:oaud`;
  }
  if (name === "oaud" && (has(azp) || has(sub)))
    return `${key} is compared with the token's aud = ${audiences.join(", ")}; the numeric ID belongs under ${issuer}:sub and ${issuer}:aud`;
  if (name === "sub" && issuer === googleName) {
    if (has(email)) return `${key} is compared with the numeric ID ${sub}; the email is under ${issuer}:email`;
    if (wanted.some((value) => value.includes("@"))) return `${key} is compared with a numeric ID, never with an email`;
  }
  return undefined;
}

/** A URL or a name with a dot: neither a numeric ID nor an email nor the client ID of an OAuth application. */
export function isAudience(value: string): boolean {
  if (isClientId(value)) return false;
  return /^[\w+.-]+:\/\//.test(value) || (!value.includes("@") && !/^\d+$/.test(value) && !/[*?$]/.test(value));
}

/** A value that differs in what is easily overlooked. */
function nearly(wanted: string, actual: readonly string[], operator: string, version: string): string | undefined {
  for (const value of actual) {
    if (wanted === value) continue;
    if (wanted.toLowerCase() === value.toLowerCase()) return "the two differ in capital letters alone";
    if (wanted.trim() === value) return "the policy's value has white space around it";
    const invisible = /\p{Cf}/u.exec(wanted + value)?.[0];
    if (invisible !== undefined && visible(wanted) === visible(value))
      return `the two differ in characters that cannot be seen, as ${codePoint(invisible)}`;
    if (wanted.replace(/\/$/, "") === value.replace(/\/$/, "")) return "the two differ in the slash at the end alone";
    if (wanted.replace(/^https?:\/\//, "") === value.replace(/^https?:\/\//, ""))
      return "the two differ in what stands before :// alone";
    if (/^(ForA\w+:)?StringEquals/.test(operator) && /[*?]/.test(wanted) && looksLike(wanted, value))
      return `${operator} takes * and ? as they stand; StringLike knows them as wildcards`;
    if (version === "2008-10-17" && wanted.includes("${"))
      return 'without "Version": "2012-10-17" a variable is plain text';
  }
  return undefined;
}

function visible(text: string): string {
  return text.replace(/\p{Cf}/gu, "");
}

function looksLike(wanted: string, value: string): boolean {
  const [start = ""] = wanted.split(/[*?]/, 1);
  return value.startsWith(start);
}

/** @param wanted as `Federated accounts.google.com` */
export function hintForPrincipal(wanted: readonly string[], claims: TokenClaims): string | undefined {
  const issuer = keyPrefixOf(claims);
  const values = wanted.flatMap((name) => (name.startsWith("Federated ") ? [name.slice("Federated ".length)] : []));
  if (issuer === googleName) {
    if (values.some((value) => value.endsWith(`:oidc-provider/${googleName}`)))
      return `Google is built into AWS under the name ${googleName}; an IAM OIDC provider for it takes that over, and lets in only tokens whose azp it lists: what that is in the account is not known here`;
    // A cluster's provider has a name of its own, and its statement is for the tokens of pods.
    const isMeant = values.some((value) => value.includes("google") && !value.includes("container.googleapis.com"));
    if (isMeant) return `Google's name in a trust policy is ${googleName}, and nothing before or after it`;
  } else if (values.some((value) => value.includes(issuer.split("/")[0] ?? issuer))) {
    return `the provider of this issuer is arn:aws:iam::ACCOUNT:oidc-provider/${issuer}`;
  }
  if (wanted.some((name) => name.startsWith("AWS ") || name.startsWith("Service ")))
    return "the statement is for callers that AWS knows already, not for tokens";
  return undefined;
}

export function hintForAction(wanted: readonly string[]): string | undefined {
  return wanted.some((name) => /^sts:AssumeRole$/i.test(name))
    ? "sts:AssumeRole is for callers that have AWS credentials; a token asks for sts:AssumeRoleWithWebIdentity"
    : undefined;
}

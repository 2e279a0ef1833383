import type { Held } from "../credentials.ts";
import { type JsonObject, objectOf, parseJson } from "../json.ts";
import { FORMAT_VERSION } from "./key.ts";

/** Credentials as they lie in the cache. */
export interface Entry extends Held {
  /** From here on they are refreshed in the background. */
  refreshAt: number;
  /** For people: what the credentials are for. */
  roleArn: string;
  audience: string;
  source: string;
}

/** The last attempt to refresh an entry, when it failed. */
export interface Failure {
  code: string;
  message: string;
  hint: string | undefined;
  details: readonly string[];
  failedAt: number;
  /** Nobody asks again before this moment. */
  retryAt: number;
  /** Failures in a row. */
  count: number;
  /** How long the attempt could take, in milliseconds, where more time could have helped; else more than anybody has. */
  allowedMs: number;
  /** For people, as in an entry. */
  roleArn: string;
}

type Sha256 = (text: string) => string;

export function formatEntry(entry: Entry, sha256: Sha256): string {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, accountId } = entry.credentials;
  return frame(
    JSON.stringify({
      accessKeyId,
      secretAccessKey,
      sessionToken,
      accountId,
      expiration: expiration.getTime(),
      issuedAt: entry.issuedAt,
      expiresAt: entry.expiresAt,
      refreshAt: entry.refreshAt,
      roleArn: entry.roleArn,
      audience: entry.audience,
      source: entry.source,
    }),
    sha256,
  );
}

/** The entry that {@link formatEntry} wrote; undefined for any other text: cut off, changed, of another version. */
export function parseEntry(text: string, sha256: Sha256): Entry | undefined {
  const fields = unframe(text, sha256);
  if (fields === undefined) return undefined;
  const expiration = numberIn(fields, "expiration");
  const issuedAt = numberIn(fields, "issuedAt");
  const expiresAt = numberIn(fields, "expiresAt");
  const refreshAt = numberIn(fields, "refreshAt");
  const accessKeyId = textIn(fields, "accessKeyId");
  const secretAccessKey = textIn(fields, "secretAccessKey");
  const sessionToken = textIn(fields, "sessionToken");
  const accountId = textIn(fields, "accountId");
  const roleArn = textIn(fields, "roleArn");
  const audience = textIn(fields, "audience");
  const source = textIn(fields, "source");
  if (expiration === undefined) return undefined;
  if (issuedAt === undefined || expiresAt === undefined || refreshAt === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined) return undefined;
  if (accountId === undefined || roleArn === undefined || audience === undefined || source === undefined)
    return undefined;
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken, expiration: moment(expiration), accountId },
    issuedAt,
    expiresAt,
    refreshAt,
    roleArn,
    audience,
    source,
  };
}

export function formatFailure(failure: Failure, sha256: Sha256): string {
  const { code, message, hint, details, failedAt, retryAt, count, allowedMs, roleArn } = failure;
  return frame(
    JSON.stringify({
      code,
      message,
      hint: hint ?? "",
      details: details.join("\n"),
      failedAt,
      retryAt,
      count,
      allowedMs,
      roleArn,
    }),
    sha256,
  );
}

/** The failure that {@link formatFailure} wrote; undefined for any other text. */
export function parseFailure(text: string, sha256: Sha256): Failure | undefined {
  const fields = unframe(text, sha256);
  if (fields === undefined) return undefined;
  const code = textIn(fields, "code");
  const message = textIn(fields, "message");
  const hint = textIn(fields, "hint");
  const details = textIn(fields, "details");
  const failedAt = numberIn(fields, "failedAt");
  const retryAt = numberIn(fields, "retryAt");
  const count = numberIn(fields, "count");
  const allowedMs = numberIn(fields, "allowedMs");
  const roleArn = textIn(fields, "roleArn");
  if (code === undefined || message === undefined || hint === undefined || details === undefined) return undefined;
  if (failedAt === undefined || retryAt === undefined || count === undefined) return undefined;
  if (allowedMs === undefined || roleArn === undefined) return undefined;
  return {
    code,
    message,
    hint: hint === "" ? undefined : hint,
    details: details === "" ? [] : details.split("\n"),
    failedAt,
    retryAt,
    count,
    allowedMs,
    roleArn,
  };
}

/**
 * A first line with the version and the hash of the rest. Rename makes a write whole or nothing, but not against a
 * broken disk or a copied file, and half a session token looks like a whole one.
 */
function frame(json: string, sha256: Sha256): string {
  return `gcp2aws-cache ${FORMAT_VERSION} ${sha256(json)}\n${json}\n`;
}

function unframe(text: string, sha256: Sha256): JsonObject | undefined {
  const head = text.indexOf("\n");
  if (head === -1 || !text.endsWith("\n")) return undefined;
  const json = text.slice(head + 1, -1);
  if (text.slice(0, head) !== `gcp2aws-cache ${FORMAT_VERSION} ${sha256(json)}`) return undefined;
  try {
    return objectOf(parseJson(json));
  } catch {
    return undefined;
  }
}

function moment(time: number): Date {
  return new Date(time);
}

function textIn(fields: JsonObject, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}

/** A moment or a count: what a Date can hold. */
function numberIn(fields: JsonObject, name: string): number | undefined {
  const value = fields[name];
  return typeof value === "number" && Math.abs(value) <= 8.64e15 ? value : undefined;
}

import { asciiJson } from "../ascii-json.ts";
import { fromNow } from "../duration.ts";
import type { JsonObject } from "../json.ts";
import { decodeWhole } from "./claims.ts";

/**
 * What a token says, as JSON in plain ASCII, and its times in words; never its signature.
 * @param now milliseconds since the epoch
 * @param indent as for JSON.stringify
 * @throws Gcp2awsError IDENTITY_BAD_TOKEN
 */
export function describeToken(token: string, now: number, indent: number | undefined): string {
  const { header, claims } = decodeWhole(token);
  const times = { issued: moment(claims, "iat", now), expires: moment(claims, "exp", now) };
  return `${asciiJson({ header, claims, times }, indent)}\n`;
}

/** `2026-11-23T13:00:00Z, in 59 min`; null where the token does not say. */
function moment(claims: JsonObject, name: string, now: number): string | null {
  const seconds = claims[name];
  if (typeof seconds !== "number" || Math.abs(seconds) > 8.64e12) return null;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z, ${fromNow(seconds * 1000 - now)}`;
}

import { Gcp2awsError } from "../errors.ts";
import { type Json, type JsonObject, objectOf, parseJson } from "../json.ts";

/** The claims of a Google ID token that gcp2aws reads; nothing here has been verified. */
export interface Claims {
  /**
   * By name: iss and those that a session name template may name. Those of `google.compute_engine` are only in a full
   * token of a Compute Engine VM.
   */
  values: Readonly<Record<string, string>>;
  /** Seconds since the epoch. */
  exp: number | undefined;
}

/** Claims that a session name template may name. */
export const templateClaims: readonly string[] = [
  "sub",
  "email",
  "aud",
  "azp",
  "instance_id",
  "instance_name",
  "project_id",
  "project_number",
  "zone",
];

const IN_ENGINE: ReadonlySet<string> = new Set([
  "instance_id",
  "instance_name",
  "project_id",
  "project_number",
  "zone",
]);

/** The longest token that STS takes (WebIdentityToken, AssumeRoleWithWebIdentity API reference). */
const MAX_TOKEN_CHARACTERS = 20_000;

/**
 * Decodes a JWT's claims for display and for the session name. It verifies nothing: AWS does.
 * @throws Gcp2awsError IDENTITY_BAD_TOKEN when `token` is not a JWT that STS could take; the text is not repeated
 */
export function decodeClaims(token: string): Claims {
  return claimsOf(decodePart(token, 1, "claims"));
}

/** The same of claims that are decoded already. */
export function claimsOf(root: JsonObject): Claims {
  const engine = objectOf(objectOf(root["google"])?.["compute_engine"]) ?? {};

  const values: Record<string, string> = {};
  for (const name of ["iss", ...templateClaims]) {
    const value = IN_ENGINE.has(name) ? engine[name] : root[name];
    if (typeof value === "string") values[name] = value;
    else if (typeof value === "number") values[name] = String(value);
    // A projected token of Kubernetes has a list.
    else if (name === "aud" && Array.isArray(value) && typeof value[0] === "string") values[name] = value[0];
  }
  const exp = root["exp"];
  return { values, exp: typeof exp === "number" ? exp : undefined };
}

/**
 * A JWT's header and all of its claims, for display.
 * @throws Gcp2awsError IDENTITY_BAD_TOKEN as {@link decodeClaims}
 */
export function decodeWhole(token: string): { header: JsonObject; claims: JsonObject } {
  return { header: decodePart(token, 0, "header fields"), claims: decodePart(token, 1, "claims") };
}

function decodePart(token: string, index: number, what: string): JsonObject {
  if (token.length > MAX_TOKEN_CHARACTERS) throw bad(`${token.length} characters, STS takes at most 20000`);
  const parts = token.split(".");
  const part = parts[index];
  if (parts.length !== 3 || part === undefined || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
    throw bad("not three base64url parts joined by dots");
  }
  let decoded: Json;
  try {
    decoded = parseJson(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    throw bad(`its ${what} are not JSON`);
  }
  const root = objectOf(decoded);
  if (root === undefined) throw bad(`its ${what} are not a JSON object`);
  return root;
}

function bad(why: string): Gcp2awsError {
  return new Gcp2awsError("IDENTITY_BAD_TOKEN", `not an identity token: ${why}`, {
    hint: "look at where it comes from: GCE_METADATA_HOST and GCE_METADATA_IP for the metadata server, else the file, the command or the variable",
  });
}

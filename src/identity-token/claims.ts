import { Gcp2awsError } from "../errors.ts";

/** The claims of a Google ID token that gcp2aws reads; nothing here has been verified. */
export interface Claims {
  iss?: string;
  aud?: string;
  azp?: string;
  sub?: string;
  email?: string;
  /** Seconds since the epoch. */
  exp?: number;
  /** Of `google.compute_engine`: only in a full token of a Compute Engine VM. */
  instance_id?: string;
  instance_name?: string;
  project_id?: string;
  project_number?: string;
  zone?: string;
}

/** Claims that a session name template may name. */
export const templateClaims = [
  "sub",
  "email",
  "aud",
  "azp",
  "instance_id",
  "instance_name",
  "project_id",
  "project_number",
  "zone",
] as const;

export type TemplateClaim = (typeof templateClaims)[number];

/** The longest token that STS takes (WebIdentityToken, AssumeRoleWithWebIdentity API reference). */
const MAX_TOKEN_CHARACTERS = 20_000;

/**
 * Decodes a JWT's claims for display and for the session name. It verifies nothing: AWS does.
 * @throws Gcp2awsError IDENTITY_BAD_TOKEN when `token` is not a JWT that STS could take; the text is not repeated
 */
export function decodeClaims(token: string): Claims {
  const bad = (why: string) =>
    new Gcp2awsError("IDENTITY_BAD_TOKEN", `the metadata server's answer is not an identity token: ${why}`, {
      hint: "something other than Google's metadata server may be answering at that address; check GCE_METADATA_HOST and GCE_METADATA_IP",
    });
  if (token.length > MAX_TOKEN_CHARACTERS) throw bad(`${token.length} characters, STS takes at most 20000`);
  const parts = token.split(".");
  const payload = parts[1];
  if (parts.length !== 3 || payload === undefined || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
    throw bad("not three base64url parts joined by dots");
  }
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    throw bad("its claims are not JSON");
  }
  const root = record(decoded);
  if (root === undefined) throw bad("its claims are not a JSON object");
  const engine = record(record(root["google"])?.["compute_engine"]) ?? {};

  const claims: Claims = {};
  for (const name of ["iss", "aud", "azp", "sub", "email"] as const) assign(claims, name, root[name]);
  for (const name of ["instance_id", "instance_name", "project_id", "project_number", "zone"] as const) {
    assign(claims, name, engine[name]);
  }
  if (typeof root["exp"] === "number" && Number.isFinite(root["exp"])) claims.exp = root["exp"];
  return claims;
}

function assign(claims: Claims, name: Exclude<keyof Claims, "exp">, value: unknown): void {
  if (typeof value === "string") claims[name] = value;
  else if (typeof value === "number") claims[name] = String(value);
}

function record(value: unknown): Record<string, unknown> | undefined {
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

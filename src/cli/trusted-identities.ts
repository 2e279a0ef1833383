import { type FlagValues, read } from "../config/read.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { type Claims, claimsOf } from "../identity-token/claims.ts";
import type { IdentityOptions } from "./identity-flags.ts";
import { readGivenClaims } from "./given-claims.ts";
import { googleName } from "../trust-policy/web-identity.ts";
import type { Json, JsonObject } from "../json.ts";

const GOOGLE_ISSUER = `https://${googleName}`;

/** Somebody whom a policy is to trust, as the tokens say. */
export interface Identity {
  /** As in a token: with `https://`. */
  issuer: string;
  sub: string;
  /** Null where the token has none; undefined where it depends on how each token is made. */
  azp: string | null | undefined;
  audience: string | undefined;
  email: string | undefined;
  /** For session names. */
  claims: Claims;
}

/**
 * Those that the flags tell of, one or more, of one issuer.
 * @param given the pipe's flags
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, LOCAL_FILE, IDENTITY_BAD_TOKEN, and what a source throws
 */
export async function readIdentities(options: IdentityOptions, given: FlagValues, host: Host): Promise<Identity[]> {
  const [way, another] = Object.entries({
    "--claims": options.claims !== undefined,
    "--token-file": options.tokenFile !== undefined,
    "--sub": options.sub !== undefined,
  }).flatMap(([name, isGiven]) => (isGiven ? [name] : []));
  if (another !== undefined)
    throw invalid(`${way} and ${another}: there is one place where the identity comes from`, "leave out one of them");
  if (way === "--sub") return fromValues(options, given, host);
  if (options.issuer !== undefined) throw invalid("--issuer: goes with --sub", "a token says its issuer itself");
  const { from, roots } = await readGivenClaims(options, given, host);
  const identities = roots.map((root) => identityOf(root, from));
  const [first] = identities;
  const stranger = identities.find(({ issuer }) => issuer !== first?.issuer);
  if (stranger !== undefined) {
    const issuers = `${printable(first?.issuer ?? "")} and ${printable(stranger.issuer)}`;
    throw invalid(`the identities have more than one issuer: ${issuers}`, "make a role for each");
  }
  return identities;
}

/** @param from where the claims are from, for errors */
function identityOf(root: JsonObject, from: string): Identity {
  const text = (name: string) => claimText(root[name], name, from);
  const sub = text("sub");
  const issuer = text("iss");
  const { aud } = root;
  if (sub === undefined || issuer === undefined) throw unusable(from, `it has no ${sub === undefined ? "sub" : "iss"}`);
  if (Array.isArray(aud) && aud.length !== 1) throw unusable(from, "its aud is a list, of which AWS compares only one");
  const audience = claimText(Array.isArray(aud) ? aud[0] : aud, "aud", from);
  const isGoogle = issuer === googleName || issuer === GOOGLE_ISSUER;
  const isUrl = /^https:\/\/[\w.-]+(:\d+)?(\/[\w./~-]*)?$/.test(issuer);
  if (!isGoogle && !isUrl) throw unusable(from, `its issuer ${printable(issuer)} is no https URL`);
  return {
    issuer: isGoogle ? GOOGLE_ISSUER : issuer,
    sub,
    azp: text("azp") ?? (audience === undefined ? undefined : null),
    audience,
    email: text("email"),
    claims: claimsOf({ ...root, aud: audience }),
  };
}

/** What is compared must not look like something else to who reads the policy. */
function claimText(value: Json | undefined, name: string, from: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && value.length <= 1024 && /^[^\s\p{C}\ufffd]+$/u.test(value)) return value;
  throw unusable(from, `its ${name} is not a text of 1 to 1024 characters without spaces and control characters`);
}

function fromValues(
  { sub: subs = [], email: emails = [], issuer }: IdentityOptions,
  given: FlagValues,
  host: Host,
): Identity[] {
  const azp = read("azp", given, host.env);
  const isGoogle = issuer === undefined || issuer === GOOGLE_ISSUER;
  if (azp !== undefined && !isGoogle)
    throw invalid("--azp: only tokens of Google have it", "leave out --azp or --issuer");
  if (emails.length > subs.length || (azp === "email" && emails.length < subs.length)) {
    throw invalid(
      `--email: given ${emails.length} times, and --sub ${subs.length} times`,
      "each --email is the one of the --sub in the same place; --azp email needs them all",
    );
  }
  return subs.map((sub, at) => {
    const email = emails[at];
    if (isGoogle && !/^\d{1,255}$/.test(sub)) {
      throw invalid(
        `--sub "${printable(sub, 100)}": must be the numeric ID of a service account`,
        "gcloud iam service-accounts describe EMAIL --format 'value(uniqueId)' shows it; AWS compares it, not the email",
      );
    }
    return identityOf(
      { iss: issuer ?? GOOGLE_ISSUER, sub, azp: azp === "email" ? email : azp === "numeric" ? sub : undefined, email },
      "--sub",
    );
  });
}

function unusable(from: string, why: string): Gcp2awsError {
  return new Gcp2awsError("IDENTITY_BAD_TOKEN", `${printable(from)}: no identity to trust: ${why}`, {
    hint: "gcp2aws token --claims shows what a token says",
  });
}

function invalid(what: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", what, { hint });
}

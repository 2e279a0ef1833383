import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { CryptoKey, JSONWebKeySet, JWK, JWTPayload } from "jose";
import type { Clock, EmulatorResponse, Handler } from "./http.ts";

/** What Google's tokens carry in `iss`; the discovery document names the same. */
export const GOOGLE_ISSUER = "https://accounts.google.com";

export interface MintOptions {
  /** Seconds from `iat` to `exp`. Default 3600, what Google gives. */
  lifetimeSeconds?: number;
  /** The moment of issue, milliseconds since the epoch. Default: the issuer's clock. */
  now?: number;
}

export interface Issuer {
  /** Serves discovery and JWKS, and rotates the keys on `POST /emulator/rotate-keys`. */
  handler: Handler;
  /**
   * Signs any claims: `iss`, `iat` and `exp` are added where `claims` lacks them, nothing is checked. That is what lets
   * a test make a token that is expired, too old or from elsewhere.
   */
  mint: (claims: JWTPayload, options?: MintOptions) => Promise<string>;
  /** The published keys, newest first. */
  keys: () => Promise<JSONWebKeySet>;
  /** A new signing key. The previous one stays published, the one before it no longer. */
  rotate: () => Promise<void>;
}

interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  publicKey: JWK;
}

/**
 * An OpenID Connect issuer that signs as Google does: RSA 2048, RS256, `kid` and `typ` in the header, whole seconds in
 * the time claims.
 *
 * @param options.baseUrl where the handler is served, for `jwks_uri`, read at each request since a port can be known late. Default:
 *   Google's own address
 * @param options.issuer what tokens carry in `iss`. Default: Google
 */
export function createIssuer({
  clock,
  baseUrl,
  issuer = GOOGLE_ISSUER,
}: {
  clock: Clock;
  baseUrl?: () => string | undefined;
  issuer?: string;
}): Issuer {
  let signing = generateSigningKey();
  let previous: Promise<SigningKey> | undefined;

  async function keys(): Promise<JSONWebKeySet> {
    const published = await Promise.all(previous === undefined ? [signing] : [signing, previous]);
    return { keys: published.map((key) => key.publicKey) };
  }

  async function rotate(): Promise<void> {
    previous = signing;
    signing = generateSigningKey();
    await signing;
  }

  async function mint(claims: JWTPayload, options: MintOptions = {}): Promise<string> {
    const { kid, privateKey } = await signing;
    const iat = Math.floor((options.now ?? clock()) / 1000);
    const exp = iat + (options.lifetimeSeconds ?? 3600);
    return new SignJWT({ iss: issuer, iat, exp, ...claims })
      .setProtectedHeader({ alg: "RS256", kid, typ: "JWT" })
      .sign(privateKey);
  }

  const handler: Handler = async ({ method, path }) => {
    switch (`${method} ${path}`) {
      case "GET /.well-known/openid-configuration":
        return json(discoveryDocument(issuer, baseUrl?.() ?? "https://www.googleapis.com"), {
          "Cache-Control": "public, max-age=3600",
        });
      case "GET /oauth2/v3/certs":
        return json(await keys(), { "Cache-Control": "public, max-age=19800, must-revalidate, no-transform" });
      case "POST /emulator/rotate-keys":
        await rotate();
        return json(await keys(), { "Cache-Control": "no-store" });
      default:
        return { status: 404, headers: { "Content-Type": "text/plain" }, body: "Not Found" };
    }
  };

  return { handler, mint, keys, rotate };
}

async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { modulusLength: 2048 });
  const kid = randomBytes(20).toString("hex");
  return { kid, privateKey, publicKey: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
}

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
function discoveryDocument(issuer: string, baseUrl: string) {
  return {
    issuer,
    authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
    jwks_uri: `${baseUrl}/oauth2/v3/certs`,
    response_types_supported: ["code", "token", "id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    claims_supported: ["aud", "email", "email_verified", "exp", "iat", "iss", "sub"],
  };
}

function json(value: unknown, headers: Record<string, string>): EmulatorResponse {
  return {
    status: 200,
    headers: { "Content-Type": "application/json; charset=UTF-8", ...headers },
    body: JSON.stringify(value),
  };
}

import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JSONWebKeySet, type JWTPayload } from "jose";
import type { ServiceAccount } from "../definition.ts";
import type { Clock, EmulatorRequest, EmulatorResponse } from "../http.ts";
import type { Issuer } from "../issuer.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { json } from "./api-error.ts";
import type { Logins } from "./logins.ts";
import { OAuthError } from "./oauth-error.ts";

export interface OAuthToken {
  serviceAccounts: readonly ServiceAccount[];
  logins: Logins;
  accessTokens: AccessTokens;
  issuer: Issuer;
  clock: Clock;
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** How far apart the clocks may be, in seconds. */
const SKEW_SECONDS = 300;

/**
 * `POST /token` of oauth2.googleapis.com: an assertion signed with a service account's key becomes an ID token or an access token, a
 * refresh token of a user an access token.
 *
 * @throws OAuthError
 * @see https://developers.google.com/identity/protocols/oauth2/service-account
 */
export async function oauthToken(options: OAuthToken, request: EmulatorRequest): Promise<EmulatorResponse> {
  const form = new URLSearchParams(new TextDecoder().decode(request.body));
  const grant = form.get("grant_type") ?? "";
  if (grant === JWT_BEARER) return jwtBearer(options, form.get("assertion") ?? "", request.headers["host"] ?? "");
  if (grant === "refresh_token") return refresh(options, form);
  throw new OAuthError("unsupported_grant_type", `Invalid grant_type: ${grant}`);
}

async function jwtBearer(options: OAuthToken, assertion: string, host: string): Promise<EmulatorResponse> {
  const { logins, serviceAccounts, accessTokens, issuer } = options;
  const claims = decode(assertion);
  const account = serviceAccounts.find(({ email }) => email === claims.iss);
  if (account === undefined) throw new OAuthError("invalid_grant", "Invalid grant: account not found");
  if (!(await isSignedBy(logins.keysOf(account.email), assertion))) {
    throw new OAuthError("invalid_grant", "Invalid JWT Signature.");
  }
  checkAssertion(claims, options.clock, host);

  const { email, uniqueId } = account;
  const audience = claims["target_audience"];
  if (typeof audience === "string" && audience !== "") {
    // The email in azp, unlike on the metadata server: https://github.com/googleapis/google-auth-library-python/issues/746
    const token = await issuer.mint({ aud: audience, azp: email, sub: uniqueId, email, email_verified: true });
    return json(200, { id_token: token });
  }
  const scope = claims["scope"];
  if (typeof scope !== "string" || scope === "") {
    throw new OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
  }
  return accessToken(options, accessTokens.issue({ member: `serviceAccount:${email}`, scopes: scope.split(" ") }));
}

function decode(assertion: string): JWTPayload {
  try {
    return decodeJwt(assertion);
  } catch {
    throw new OAuthError("invalid_grant", "Invalid JWT: assertion is not a JWT.");
  }
}

/** By the key that its header names, or by any: Google's own libraries name none. */
async function isSignedBy({ keys }: JSONWebKeySet, assertion: string): Promise<boolean> {
  const { kid } = decodeProtectedHeader(assertion);
  const tried = keys.filter((key) => kid === undefined || key.kid === kid);
  const results = await Promise.allSettled(
    tried.map(async (key) => compactVerify(assertion, await importJWK(key), { algorithms: ["RS256"] })),
  );
  return results.some(({ status }) => status === "fulfilled");
}

function checkAssertion({ aud, iat = 0, exp = 0 }: JWTPayload, clock: Clock, host: string): void {
  // As the caller knows this endpoint, or as the world knows the real one.
  if (aud !== `http://${host}/token` && aud !== "https://oauth2.googleapis.com/token")
    throw new OAuthError("invalid_grant", "Invalid JWT: Failed audience check.");
  const now = Math.floor(clock() / 1000);
  if (exp <= now || iat > now + SKEW_SECONDS || exp - iat > 3600) {
    throw new OAuthError(
      "invalid_grant",
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
    );
  }
}

function refresh(options: OAuthToken, form: URLSearchParams): EmulatorResponse {
  const user = options.logins.user;
  if (form.get("client_id") !== user.clientId || form.get("client_secret") !== user.clientSecret) {
    throw new OAuthError("invalid_client", "The provided client secret is invalid.", 401);
  }
  if (form.get("refresh_token") !== user.refreshToken) {
    throw new OAuthError("invalid_grant", "Token has been expired or revoked.");
  }
  const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
  return accessToken(options, options.accessTokens.issue({ member: `user:${user.email}`, scopes }));
}

/** As a token endpoint answers it. */
export function accessToken(
  { clock }: Pick<OAuthToken, "clock">,
  issued: { token: string; expiresAt: number },
  more: Record<string, string> = {},
): EmulatorResponse {
  const expiresIn = issued.expiresAt - Math.floor(clock() / 1000);
  return json(200, { access_token: issued.token, ...more, expires_in: expiresIn, token_type: "Bearer" });
}

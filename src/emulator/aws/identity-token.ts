import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors } from "jose";
import * as v from "valibot";
import { audienceKey } from "../../trust-policy/web-identity.ts";
import { AwsError } from "./error-response.ts";
import type { IdentityProvider } from "./identity-provider.ts";

const seconds = v.pipe(v.number(), v.integer());
const claimsSchema = v.object({
  iss: v.string(),
  sub: v.pipe(v.string(), v.nonEmpty()),
  aud: v.union([v.pipe(v.string(), v.nonEmpty()), v.pipe(v.array(v.string()), v.nonEmpty())]),
  azp: v.optional(v.string()),
  email: v.optional(v.string()),
  amr: v.optional(v.array(v.string())),
  exp: seconds,
  iat: seconds,
});

export type Claims = v.InferOutput<typeof claimsSchema>;

/** How far ahead of AWS's clock a token may be issued. AWS publishes no figure; this is the one of its signatures. */
const skewSeconds = 300;

const notJwt = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
export const noKey =
  "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";
const notValidated =
  "The web identity token that was passed could not be validated by AWS. Get a new identity token from the identity provider and then retry the request.";

export function invalidToken(message: string): AwsError {
  return new AwsError(400, "InvalidIdentityToken", message);
}

/**
 * Verifies issuer, signature and, for a provider of the account's own, the audience of a token; the times are left to
 * `checkTimes`, so that the caller is known by then. Only RS256, the one algorithm that Google and GKE sign with.
 *
 * @throws AwsError InvalidIdentityToken (400).
 */
export async function verifyIdentityToken(
  token: string,
  providers: readonly IdentityProvider[],
): Promise<{ claims: Claims; provider: IdentityProvider }> {
  const { kid, claims } = decode(token);
  const provider = providers.find(({ issuers }) => issuers.includes(claims.iss));
  if (provider === undefined) {
    throw invalidToken(`No OpenIDConnect provider found in your account for ${claims.iss}`);
  }
  const keys = await provider.keys();
  if (kid === undefined || keys === undefined) throw invalidToken(noKey);
  try {
    await compactVerify(token, createLocalJWKSet(keys), { algorithms: ["RS256"] });
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) throw invalidToken(noKey);
    if (error instanceof errors.JOSEError) throw invalidToken(notValidated);
    throw error;
  }
  if (provider.clientIds?.includes(audienceKey(claims)) === false) throw invalidToken("Incorrect token audience");
  return { claims, provider };
}

function decode(token: string): { kid: string | undefined; claims: Claims } {
  try {
    return { kid: decodeProtectedHeader(token).kid, claims: v.parse(claimsSchema, decodeJwt(token)) };
  } catch {
    throw invalidToken(notJwt);
  }
}

/**
 * @param now Milliseconds since the epoch.
 * @throws AwsError ExpiredTokenException, or InvalidIdentityToken for a token from the future (400).
 */
export function checkTimes({ exp, iat }: Claims, now: number): void {
  const current = Math.floor(now / 1000);
  if (current >= exp) {
    const message = `Token expired: current date/time ${current} must be before the expiration date/time ${exp}`;
    throw new AwsError(400, "ExpiredTokenException", message);
  }
  if (iat > current + skewSeconds) throw invalidToken(notValidated);
}

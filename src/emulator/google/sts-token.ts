import { createLocalJWKSet, jwtVerify, type JWTPayload } from "jose";
import type { Clock, EmulatorRequest, EmulatorResponse } from "../http.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { Logins } from "./logins.ts";
import { OAuthError } from "./oauth-error.ts";
import { accessToken } from "./oauth-token.ts";

export interface StsToken {
  logins: Logins;
  accessTokens: AccessTokens;
  clock: Clock;
}

const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/**
 * `POST /v1/token` of sts.googleapis.com: a token of the external identity provider becomes an access token of a workload identity
 * pool's member.
 *
 * @throws OAuthError
 * @see https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 */
export async function stsToken(options: StsToken, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { logins, accessTokens } = options;
  const form = new URLSearchParams(new TextDecoder().decode(request.body));
  const expected = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: ACCESS_TOKEN,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  };
  for (const [name, value] of Object.entries(expected)) {
    if (form.get(name) !== value) throw new OAuthError("invalid_request", `Invalid value for "${name}".`);
  }
  const { provider, pool } = logins.external;
  if (form.get("audience") !== provider) {
    throw new OAuthError(
      "invalid_target",
      'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
    );
  }
  const { sub = "" } = await verify(form.get("subject_token") ?? "", options);
  const member = `principal://iam.googleapis.com/${pool}/subject/${sub}`;
  const issued = accessTokens.issue({ member, scopes: (form.get("scope") ?? "").split(" ") });
  return accessToken(options, issued, { issued_token_type: ACCESS_TOKEN });
}

async function verify(token: string, { logins, clock }: StsToken): Promise<JWTPayload> {
  const { issuer, issuerUrl, provider } = logins.external;
  try {
    const keys = createLocalJWKSet(await issuer.keys());
    const options = { issuer: issuerUrl, audience: `https:${provider}`, currentDate: new Date(clock()) };
    return (await jwtVerify(token, keys, options)).payload;
  } catch {
    throw new OAuthError("invalid_grant", "The given credential is not valid for this provider.");
  }
}

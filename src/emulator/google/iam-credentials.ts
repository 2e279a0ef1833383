import * as v from "valibot";
import type { ServiceAccount } from "../definition.ts";
import type { EmulatorRequest, EmulatorResponse } from "../http.ts";
import type { Issuer } from "../issuer.ts";
import type { AccessTokens, Holder } from "./access-tokens.ts";
import { ApiError, json } from "./api-error.ts";

const SCOPES: ReadonlySet<string> = new Set([
  "https://www.googleapis.com/auth/cloud-platform",
  "https://www.googleapis.com/auth/iam",
]);

const idTokenRequest = v.strictObject({
  audience: v.optional(v.string(), ""),
  delegates: v.optional(v.array(v.string()), []),
  includeEmail: v.optional(v.boolean(), false),
  organizationNumberIncluded: v.optional(v.boolean(), false),
  // Not in the public reference; Google's client libraries send it.
  useEmailAzp: v.optional(v.boolean(), false),
});

export interface IamCredentials {
  serviceAccounts: readonly ServiceAccount[];
  accessTokens: AccessTokens;
  issuer: Issuer;
}

/**
 * `POST /v1/projects/-/serviceAccounts/ACCOUNT:generateIdToken` of the IAM Service Account Credentials API. The caller, and each
 * delegate in turn, must be a token creator of the next; the last one, of the account itself.
 *
 * @param name what stands between `/v1/` and the method, decoded
 * @throws ApiError
 * @see https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken
 */
export async function generateIdToken(
  { serviceAccounts, accessTokens, issuer }: IamCredentials,
  request: EmulatorRequest,
  name: string,
): Promise<EmulatorResponse> {
  const holder = authenticate(request, accessTokens);
  const { audience, delegates, includeEmail, useEmailAzp } = readBody(request.body);
  if (audience === "") throw new ApiError("INVALID_ARGUMENT", "Request contains an invalid argument.");

  const target = [...delegates, name].reduce<{ member: string; account?: ServiceAccount }>(
    ({ member }, next, step) => {
      const account = findAccount(serviceAccounts, next);
      if (!account.tokenCreators.includes(member)) {
        throw denied(
          step < delegates.length ? "iam.serviceAccounts.implicitDelegation" : "iam.serviceAccounts.getOpenIdToken",
        );
      }
      return { member: `serviceAccount:${account.email}`, account };
    },
    { member: holder.member },
  ).account;
  if (target === undefined) throw new Error("the account itself is the last step");

  const email = { email: target.email, email_verified: true };
  const token = await issuer.mint({
    aud: audience,
    azp: useEmailAzp ? target.email : target.uniqueId,
    sub: target.uniqueId,
    ...(includeEmail ? email : {}),
  });
  return json(200, { token });
}

function authenticate({ headers }: EmulatorRequest, accessTokens: AccessTokens): Holder {
  const authorization = headers["authorization"] ?? "";
  if (authorization === "") {
    throw new ApiError(
      "PERMISSION_DENIED",
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    );
  }
  const holder = accessTokens.find(/^Bearer (\S+)$/i.exec(authorization)?.[1] ?? "");
  if (holder === undefined) {
    throw new ApiError(
      "UNAUTHENTICATED",
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    );
  }
  if (!holder.scopes.some((scope) => SCOPES.has(scope))) {
    throw new ApiError("PERMISSION_DENIED", "Request had insufficient authentication scopes.", {
      reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
      domain: "googleapis.com",
      metadata: {
        method: "google.iam.credentials.v1.IAMCredentials.GenerateIdToken",
        service: "iamcredentials.googleapis.com",
      },
    });
  }
  return holder;
}

function readBody(body: Uint8Array): v.InferOutput<typeof idTokenRequest> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new ApiError("INVALID_ARGUMENT", "Invalid JSON payload received. Unexpected end of string.");
  }
  const parsed = v.safeParse(idTokenRequest, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? "";
  throw new ApiError(
    "INVALID_ARGUMENT",
    issue.expected === "never"
      ? `Invalid JSON payload received. Unknown name "${field}": Cannot find field.`
      : `Invalid value at '${field}'`,
  );
}

function findAccount(accounts: readonly ServiceAccount[], name: string): ServiceAccount {
  const id = /^projects\/-\/serviceAccounts\/([^/]+)$/.exec(name)?.[1];
  if (id === undefined) throw new ApiError("INVALID_ARGUMENT", "Request contains an invalid argument.");
  const account = accounts.find(({ email, uniqueId }) => email === id || uniqueId === id);
  if (account === undefined) throw new ApiError("NOT_FOUND", `Not found; Gaia id not found for email ${id}`);
  return account;
}

function denied(permission: string): ApiError {
  return new ApiError("PERMISSION_DENIED", `Permission '${permission}' denied on resource (or it may not exist).`, {
    reason: "IAM_PERMISSION_DENIED",
    domain: "iam.googleapis.com",
    metadata: { permission },
  });
}

import type { EmulatorRequest, EmulatorResponse, Handler } from "../http.ts";
import { ApiError } from "./api-error.ts";
import { generateIdToken, type IamCredentials } from "./iam-credentials.ts";
import { OAuthError } from "./oauth-error.ts";
import { type OAuthToken, oauthToken } from "./oauth-token.ts";
import { stsToken } from "./sts-token.ts";

/** Whether a path is one of Google's APIs, which share an address with the token issuer. */
export function isGoogleApi(path: string): boolean {
  return path === "/token" || path.startsWith("/v1/");
}

/** IAM Credentials, the OAuth token endpoint and Google's STS behind one address: their paths differ. */
export function createGoogleApis(options: IamCredentials & OAuthToken): Handler {
  return async (request) => {
    try {
      return await answer(options, request);
    } catch (error) {
      if (error instanceof ApiError || error instanceof OAuthError) return error.response();
      throw error;
    }
  };
}

async function answer(options: IamCredentials & OAuthToken, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { method, path } = request;
  if (method === "POST" && path === "/token") return oauthToken(options, request);
  if (method === "POST" && path === "/v1/token") return stsToken(options, request);
  // https://google.aip.dev/136: the method stands behind the name of what it is for.
  const name = /^\/v1\/(projects\/.*):generateIdToken$/.exec(decoded(path))?.[1];
  if (method === "POST" && name !== undefined) return generateIdToken(options, request, name);
  throw new ApiError("NOT_FOUND", "Requested entity was not found.");
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}

import { Gcp2awsError } from "../errors.ts";
import { FileError, type Host } from "../host.ts";
import type { ApplicationDefaultSource, Caller } from "../source-config.ts";
import { type AccessToken, metadataAccessToken } from "./access-token.ts";
import {
  type CredentialsFile,
  type ExternalAccount,
  impersonatedAccount,
  readCredentialsFile,
} from "./credentials-file.ts";
import { impersonation } from "./impersonation.ts";
import { accessTokenOfExternal, accessTokenOfKey, accessTokenOfUser, idTokenOfKey } from "./oauth-token.ts";
import type { IdentityTokenSource } from "./source.ts";
import { subjectToken } from "./subject-token.ts";

/**
 * Google-signed ID tokens by a file of application default credentials, read anew each time: a service account's key has them made
 * by itself, the others by impersonation of the account that the file names.
 * @param host sends requests as the configuration's network says
 * @throws Gcp2awsError IDENTITY_REFUSED, IDENTITY_NOT_FOUND, IDENTITY_UNAVAILABLE, IDENTITY_BAD_TOKEN, LOCAL_PACKAGE
 */
export function applicationDefault(
  { path, azp, iamCredentialsUrl, audience }: ApplicationDefaultSource & { audience: string },
  host: Host,
): IdentityTokenSource {
  return async (deadline) => {
    const file = readCredentialsFile(path, host);
    if (file.type === "service_account") return idTokenOfKey(file, audience, host, deadline);
    const { target, delegates, source } = targetOf(file);
    const options = { target, delegates, azp, iamCredentialsUrl, audience };
    return impersonation(options, (until) => login(source, host, until), host)(deadline);
  };
}

/**
 * The access token of whoever asks for the token of another account.
 * @param google sends requests as the configuration's network says
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError of the class `identity`, LOCAL_PACKAGE
 */
export async function callerToken(
  { credentialsFile, orMetadata, metadata }: Caller,
  waitMs: number | undefined,
  host: Host,
  google: Host,
  deadline: number,
): Promise<AccessToken> {
  const isThere = credentialsFile !== "" && !(orMetadata && isAbsent(credentialsFile, host));
  if (!isThere) return metadataAccessToken(metadata, waitMs, host, deadline);
  const file = readCredentialsFile(credentialsFile, host);
  if (file.type !== "impersonated_service_account") return login(file, google, deadline);
  // One step more on the same way: nobody needs the access token of the account between.
  const { target, delegates, source } = targetOf(file);
  return { ...(await login(source, google, deadline)), via: [...delegates, target] };
}

type Login = Exclude<CredentialsFile, { type: "impersonated_service_account" }>;

async function login(file: Login, host: Host, deadline: number): Promise<AccessToken> {
  switch (file.type) {
    case "service_account":
      return {
        token: await accessTokenOfKey(file, host, deadline),
        owner: file.client_email,
        member: () => Promise.resolve(`serviceAccount:${file.client_email}`),
        via: [],
      };
    case "authorized_user":
      return {
        token: await accessTokenOfUser(file, host, deadline),
        owner: "the user who has logged in with gcloud",
        member: () => Promise.resolve("user:EMAIL"),
        via: [],
      };
    default:
      return {
        token: await accessTokenOfExternal(file, await subjectToken(file, host, deadline), host, deadline),
        owner: `the external identity of ${file.audience}`,
        member: () => Promise.resolve(memberOf(file)),
        via: [],
      };
  }
}

/** https://cloud.google.com/iam/docs/principal-identifiers */
function memberOf({ audience }: ExternalAccount): string {
  const pool = /^\/\/iam\.googleapis\.com\/(.+)\/providers\/[^/]+$/.exec(audience)?.[1];
  return `principal://iam.googleapis.com/${pool ?? "POOL"}/subject/SUBJECT`;
}

function targetOf(file: Exclude<CredentialsFile, { type: "service_account" }>): {
  target: string;
  delegates: string[];
  source: Login;
} {
  switch (file.type) {
    case "impersonated_service_account": {
      const delegates = file.delegates.map((name) => name.replace(/^projects\/-\/serviceAccounts\//, ""));
      const target = impersonatedAccount(file.service_account_impersonation_url);
      return { target, delegates, source: file.source_credentials };
    }
    case "external_account": {
      const url = file.service_account_impersonation_url;
      if (url !== undefined) return { target: impersonatedAccount(url), delegates: [], source: file };
      throw noAudience("an external identity has no identity token of Google's own");
    }
    default:
      throw noAudience("a user's identity token has the audience of gcloud, and no other can be chosen");
  }
}

function noAudience(why: string): Gcp2awsError {
  return new Gcp2awsError("IDENTITY_NOT_FOUND", `no identity token by application default credentials: ${why}`, {
    hint: "give the service account whose token it is to be: --impersonate-service-account EMAIL",
  });
}

function isAbsent(path: string, host: Host): boolean {
  try {
    host.files.status(path);
    return false;
  } catch (error) {
    if (error instanceof FileError) return error.code === "ENOENT" || error.code === "ENOTDIR";
    throw error;
  }
}

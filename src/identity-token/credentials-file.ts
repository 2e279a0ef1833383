import * as v from "valibot";
import { isEndpointUrl } from "../endpoint-url.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";

const text = v.pipe(v.string(), v.nonEmpty());
// What errors repeat, in commands to be pasted too.
const email = v.pipe(v.string(), v.regex(/^[\w.+-]+@[\w.-]+$/));
const accountName = v.pipe(v.string(), v.regex(/^(projects\/-\/serviceAccounts\/)?[\w.+@-]+$/));
const resource = v.pipe(v.string(), v.regex(/^\/\/iam\.googleapis\.com\/[\w./-]+$/));
const endpoint = v.pipe(v.string(), v.check(isEndpointUrl));
const GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token";

const serviceAccountKey = v.object({
  type: v.literal("service_account"),
  client_email: email,
  private_key: text,
  private_key_id: text,
  token_uri: v.optional(endpoint, GOOGLE_TOKEN_URL),
});
const authorizedUser = v.object({
  type: v.literal("authorized_user"),
  client_id: text,
  client_secret: text,
  refresh_token: text,
  token_uri: v.optional(endpoint, GOOGLE_TOKEN_URL),
});
/** What google-auth-library needs stays as it is. */
const externalAccount = v.looseObject({
  type: v.literal("external_account"),
  audience: resource,
  subject_token_type: text,
  token_url: endpoint,
  credential_source: v.looseObject({}),
  client_id: v.optional(text),
  client_secret: v.optional(text),
  workforce_pool_user_project: v.optional(text),
  service_account_impersonation_url: v.optional(text),
});
const impersonated = v.object({
  type: v.literal("impersonated_service_account"),
  service_account_impersonation_url: text,
  delegates: v.optional(v.array(accountName), []),
  source_credentials: v.variant("type", [serviceAccountKey, authorizedUser, externalAccount]),
});
const file = v.variant("type", [serviceAccountKey, authorizedUser, externalAccount, impersonated]);

export type ServiceAccountKey = v.InferOutput<typeof serviceAccountKey>;
export type AuthorizedUser = v.InferOutput<typeof authorizedUser>;
export type ExternalAccount = v.InferOutput<typeof externalAccount>;
/** What a file of application default credentials holds; all of it is secret. */
export type CredentialsFile = v.InferOutput<typeof file>;

/**
 * Reads a file of application default credentials. Whatever it names as an endpoint is https, or http on loopback.
 * @throws Gcp2awsError IDENTITY_NOT_FOUND, which names what is wrong and repeats nothing of it
 */
export function readCredentialsFile(path: string, host: Pick<Host, "readText">): CredentialsFile {
  const where = `application default credentials, ${printable(path)}`;
  let content: unknown;
  try {
    content = JSON.parse(host.readText(path));
  } catch (error) {
    const why = error instanceof Gcp2awsError ? error.message : `${where}: not JSON`;
    throw invalid(why, "check GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login");
  }
  const parsed = v.safeParse(file, content);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const at = v.getDotPath(issue) ?? "";
  if (at.endsWith("type")) {
    throw invalid(
      `${where}: ${at} is none of service_account, authorized_user, external_account and impersonated_service_account`,
      "make another file, or choose another source with --source",
    );
  }
  throw invalid(`${where}: ${at === "" ? "not an object" : `${at} is missing or cannot be used`}`, HINT);
}

const HINT = "make the file anew with gcloud; endpoints in it must be https, http on loopback only";

/**
 * The account in the URL of its generateAccessToken.
 * @throws Gcp2awsError IDENTITY_NOT_FOUND
 */
export function impersonatedAccount(url: string): string {
  const account = /\/serviceAccounts\/([\w.+-]+@[\w.-]+):generateAccessToken$/.exec(url)?.[1];
  if (account !== undefined) return account;
  throw invalid("application default credentials: service_account_impersonation_url names no service account", HINT);
}

function invalid(why: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("IDENTITY_NOT_FOUND", `no identity token: ${why}`, { hint });
}

import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { JsonObject } from "../json.ts";
import type { AuthorizedUser, ExternalAccount, ServiceAccountKey } from "./credentials-file.ts";
import { type Advice, callGoogle, type GoogleRefusal } from "./google-api.ts";

/** What generateIdToken asks for. */
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const ASSERTION_SECONDS = 3600;

/**
 * An ID token of a service account by its own key (https://developers.google.com/identity/protocols/oauth2/service-account): a JWT
 * signed here, exchanged for one that Google has signed. Its azp is the account's email.
 * @param host sends requests as the configuration's network says
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError as {@link callGoogle}, and IDENTITY_NOT_FOUND for a key that is none
 */
export async function idTokenOfKey(
  key: ServiceAccountKey,
  audience: string,
  host: Host,
  deadline: number,
): Promise<string> {
  const answer = await jwtBearer(
    key,
    { target_audience: audience },
    `identity token of ${key.client_email}`,
    host,
    deadline,
  );
  return textIn(answer, "id_token", `identity token of ${key.client_email}`);
}

/** An access token of a service account by its own key; otherwise as {@link idTokenOfKey}. */
export async function accessTokenOfKey(key: ServiceAccountKey, host: Host, deadline: number): Promise<string> {
  const answer = await jwtBearer(key, { scope: SCOPE }, `access token of ${key.client_email}`, host, deadline);
  return textIn(answer, "access_token", `access token of ${key.client_email}`);
}

/** An access token of whoever has logged in with gcloud; otherwise as {@link idTokenOfKey}. */
export async function accessTokenOfUser(user: AuthorizedUser, host: Host, deadline: number): Promise<string> {
  const { client_id, client_secret, refresh_token } = user;
  const answer = await post(
    {
      url: user.token_uri,
      what: "access token of the user",
      form: { grant_type: "refresh_token", client_id, client_secret, refresh_token },
      secrets: [client_secret, refresh_token],
      hint: "the login has ended or was revoked: gcloud auth application-default login",
    },
    host,
    deadline,
  );
  return textIn(answer, "access_token", "access token of the user");
}

/**
 * The access token that Google's STS gives for a token of somebody else (RFC 8693,
 * https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token); otherwise as {@link idTokenOfKey}.
 */
export async function accessTokenOfExternal(
  account: ExternalAccount,
  subjectToken: string,
  host: Host,
  deadline: number,
): Promise<string> {
  const { client_id: id, client_secret: secret = "", workforce_pool_user_project: project } = account;
  const what = `access token for ${account.audience}`;
  const answer = await post(
    {
      url: account.token_url,
      what,
      form: {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        audience: account.audience,
        scope: SCOPE,
        requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
        subject_token: subjectToken,
        subject_token_type: account.subject_token_type,
        ...(id === undefined && project !== undefined && { options: JSON.stringify({ userProject: project }) }),
      },
      headers: id === undefined ? {} : { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
      secrets: [subjectToken, secret, Buffer.from(`${id}:${secret}`).toString("base64")],
      hint: "compare the external token's claims with the provider: gcloud iam workload-identity-pools providers describe",
    },
    host,
    deadline,
  );
  return textIn(answer, "access_token", what);
}

async function jwtBearer(
  key: ServiceAccountKey,
  claims: Readonly<Record<string, string>>,
  what: string,
  host: Host,
  deadline: number,
): Promise<JsonObject> {
  const assertion = signJwt(key, claims, host.now());
  return post(
    {
      url: key.token_uri,
      what,
      form: { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion },
      secrets: [assertion],
      hint: "the key may have been deleted, its account disabled, or this machine's clock is off: gcloud iam service-accounts keys list --iam-account EMAIL",
    },
    host,
    deadline,
  );
}

/** @param now milliseconds since the epoch */
function signJwt(key: ServiceAccountKey, claims: Readonly<Record<string, string>>, now: number): string {
  const iat = Math.floor(now / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const header = part({ alg: "RS256", typ: "JWT", kid: key.private_key_id });
  const body = part({ iss: key.client_email, aud: key.token_uri, iat, exp: iat + ASSERTION_SECONDS, ...claims });
  const signature = sign("sha256", Buffer.from(`${header}.${body}`), privateKeyOf(key));
  return `${header}.${body}.${signature.toString("base64url")}`;
}

/** Google's keys are RSA; another kind signs no RS256. */
function privateKeyOf(key: ServiceAccountKey): KeyObject {
  const none = new Gcp2awsError(
    "IDENTITY_NOT_FOUND",
    `no identity token: the private_key of ${key.client_email} is no RSA key`,
    { hint: "make the key file anew: gcloud iam service-accounts keys create" },
  );
  let made: KeyObject;
  try {
    made = createPrivateKey(key.private_key);
  } catch {
    // What is wrong with it could repeat a part of it.
    throw none;
  }
  if (made.asymmetricKeyType !== "rsa") throw none;
  return made;
}

interface TokenRequest {
  url: string;
  what: string;
  form: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  secrets: readonly string[];
  /** Where the credentials themselves are refused. */
  hint: string;
}

function post(
  { url, what, form, headers, secrets, hint }: TokenRequest,
  host: Host,
  deadline: number,
): Promise<JsonObject> {
  return callGoogle(
    {
      what: `${what} from ${url}`,
      url,
      headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
      secrets: secrets.filter((secret) => secret !== ""),
      advise: (refusal) => Promise.resolve(advise(refusal, hint)),
    },
    host,
    deadline,
  );
}

function advise({ reason }: GoogleRefusal, hint: string): Advice {
  if (reason === "invalid_client") return { hint: "client_id and client_secret of the file are not accepted" };
  return { hint };
}

function textIn(answer: JsonObject, name: string, what: string): string {
  const value = answer[name];
  // An access token goes into a header.
  if (typeof value === "string" && /^[!-~]+$/.test(value)) return value;
  throw new Gcp2awsError("IDENTITY_BAD_TOKEN", `no ${what}: the answer does not hold one`, {
    hint: "something other than Google may be answering there",
  });
}

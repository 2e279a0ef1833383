import { generateKeyPairSync, verify } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTokenConfig } from "../../src/config.ts";
import { formatError, Gcp2awsError } from "../../src/errors.ts";
import { ConnectionError, FileError, type HttpRequest, type HttpResponse } from "../../src/host.ts";
import { openSource } from "../../src/identity-token/open-source.ts";
import { fakeHost, START, unsignedToken } from "../fake-host.ts";

const TARGET = "team-a@example-project.iam.gserviceaccount.com";
const OTHER = "team-b@example-project.iam.gserviceaccount.com";
const BETWEEN = "between@example-project.iam.gserviceaccount.com";
const PATH = "/etc/team-a/credentials.json";
const TOKEN = unsignedToken({ sub: "1" });
const ACCESS_TOKEN = "ya29.a-secret-that-nobody-may-see";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const IMPERSONATION_URL = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${TARGET}:generateAccessToken`;
const PROVIDER = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/github";

const ed25519 = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const KEY = {
  type: "service_account",
  project_id: "example-project",
  private_key_id: "k1",
  private_key: PEM,
  client_email: TARGET,
  client_id: "1",
  token_uri: "https://oauth2.googleapis.com/token",
};
const USER = {
  type: "authorized_user",
  client_id: "id",
  client_secret: "d-secret",
  refresh_token: "1//refresh-secret",
};
const IMPERSONATED = {
  type: "impersonated_service_account",
  delegates: [`projects/-/serviceAccounts/${BETWEEN}`],
  service_account_impersonation_url: IMPERSONATION_URL,
  source_credentials: USER,
};
const subjectFile = join(mkdtempSync(join(tmpdir(), "gcp2aws-subject-")), "token");
writeFileSync(subjectFile, "external-secret\n");
const EXTERNAL = {
  type: "external_account",
  audience: PROVIDER,
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: { file: subjectFile },
  service_account_impersonation_url: IMPERSONATION_URL,
};

type Answer = Partial<HttpResponse> | Error;
type Answers = Partial<Record<"key" | "refresh" | "exchange" | "impersonation" | "elsewhere", Answer>>;
const json = (value: object, status = 200): Answer => ({ status, body: JSON.stringify(value) });

/** Google as it should be, but for the answers given. */
function google(answers: Answers) {
  return (request: HttpRequest): Answer => {
    const { url, body = "" } = request;
    if (url.includes("computeMetadata")) {
      return {
        headers: { "metadata-flavor": "Google" },
        body: JSON.stringify({ access_token: "ya29.of-the-workload" }),
      };
    }
    if (url.endsWith(":generateIdToken")) return answers.impersonation ?? json({ token: TOKEN });
    if (url.endsWith("/v1/token")) return answers.exchange ?? json({ access_token: ACCESS_TOKEN });
    if (!url.endsWith("/token")) return answers.elsewhere ?? new Error("no answer planned");
    if (body.includes("refresh_token")) return answers.refresh ?? json({ access_token: ACCESS_TOKEN });
    return (
      answers.key ??
      (assertionOf(request).claims["scope"] === undefined
        ? json({ id_token: TOKEN })
        : json({ access_token: ACCESS_TOKEN }))
    );
  };
}

function assertionOf({ body = "" }: HttpRequest) {
  const assertion = new URLSearchParams(body).get("assertion") ?? "";
  const [header = "", claims = "", signature = ""] = assertion.split(".");
  const decode = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, "base64url").toString());
  return {
    header: decode(header),
    claims: decode(claims),
    isSigned: verify("sha256", Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, "base64url")),
  };
}

interface Machine {
  answers?: Answers;
  flags?: Record<string, string>;
  env?: Record<string, string>;
  /** Where the file is; another place has none. */
  path?: string;
}

async function mint(content: unknown, { answers = {}, flags = {}, env, path = PATH }: Machine = {}) {
  const host = fakeHost(google(answers), {
    readText: (asked) => {
      if (asked !== path) throw new Gcp2awsError("LOCAL_FILE", `${asked} not read: ENOENT`);
      return typeof content === "string" ? content : JSON.stringify(content);
    },
  });
  host.files.status = (asked) => {
    if (asked !== path) throw new FileError("ENOENT");
    return { kind: "file", mode: 0o600, uid: 0, links: 1, modified: 0 };
  };
  const config = readTokenConfig(
    { audience: "https://aws.example.com", ...flags },
    env ?? { GOOGLE_APPLICATION_CREDENTIALS: PATH },
  );
  const source = await openSource(config, host);
  const made = source(host.ticks() + config.timeoutMs);
  return { host, made, urls: () => host.requests.map(({ method, url }) => `${method} ${url}`) };
}

async function failure(content: unknown, machine: Machine = {}): Promise<Gcp2awsError> {
  const { made } = await mint(content, machine);
  const error: unknown = await made.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof Gcp2awsError) return error;
  throw error;
}

const formOf = (request: HttpRequest | undefined) => Object.fromEntries(new URLSearchParams(request?.body ?? ""));
const GENERATE = `POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${TARGET}:generateIdToken`;

describe("application default credentials", () => {
  it("are a service account's key: a signed JWT is exchanged for its token", async () => {
    const { host, made, urls } = await mint(KEY);
    expect(await made).toBe(TOKEN);
    expect(urls()).toEqual(["POST https://oauth2.googleapis.com/token"]);
    const [request] = host.requests;
    expect(request?.headers["Content-Type"]).toBe("application/x-www-form-urlencoded");
    expect(formOf(request)).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: expect.any(String),
    });
    expect(request && assertionOf(request)).toEqual({
      header: { alg: "RS256", typ: "JWT", kid: "k1" },
      claims: {
        iss: TARGET,
        aud: "https://oauth2.googleapis.com/token",
        iat: START / 1000,
        exp: START / 1000 + 3600,
        target_audience: "https://aws.example.com",
      },
      isSigned: true,
    });
  });

  it("are a user who may impersonate an account, with the file's delegates", async () => {
    const { host, made, urls } = await mint(IMPERSONATED, { flags: { azp: "email" } });
    expect(await made).toBe(TOKEN);
    expect(urls()).toEqual(["POST https://oauth2.googleapis.com/token", GENERATE]);
    expect(formOf(host.requests[0])).toEqual({
      grant_type: "refresh_token",
      client_id: "id",
      client_secret: "d-secret",
      refresh_token: "1//refresh-secret",
    });
    expect(host.requests[1]?.headers["Authorization"]).toBe(`Bearer ${ACCESS_TOKEN}`);
    expect(JSON.parse(host.requests[1]?.body ?? "")).toMatchObject({
      delegates: [`projects/-/serviceAccounts/${BETWEEN}`],
      useEmailAzp: true,
    });
  });

  it("are an external identity that may impersonate an account", async () => {
    const { host, made, urls } = await mint(EXTERNAL);
    expect(await made).toBe(TOKEN);
    expect(urls()).toEqual(["POST https://sts.googleapis.com/v1/token", GENERATE]);
    expect(formOf(host.requests[0])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience: PROVIDER,
      scope: "https://www.googleapis.com/auth/cloud-platform",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token: "external-secret",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });
    expect(host.requests[0]?.headers).not.toHaveProperty("Authorization");
  });

  it("show a workforce's project, or their client", async () => {
    const workforce = { ...EXTERNAL, audience: "//iam.googleapis.com/locations/global/workforcePools/p/providers/x" };
    const { host, made } = await mint({ ...workforce, workforce_pool_user_project: "42" });
    await made;
    expect(formOf(host.requests[0])).toMatchObject({ options: '{"userProject":"42"}' });
    const { host: other, made: alsoMade } = await mint({ ...EXTERNAL, client_id: "id", client_secret: "secret" });
    await alsoMade;
    expect(other.requests[0]?.headers["Authorization"]).toBe(`Basic ${Buffer.from("id:secret").toString("base64")}`);
  });

  it("ask at a URL for the external token, as the file says", async () => {
    const credential_source = {
      url: "http://169.254.169.254/metadata/identity/oauth2/token?resource=x",
      headers: { Metadata: "True" },
      format: { type: "json", subject_token_field_name: "access_token" },
    };
    const elsewhere: Answer = {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ access_token: "of-azure" }),
    };
    const { host, made, urls } = await mint({ ...EXTERNAL, credential_source }, { answers: { elsewhere } });
    expect(await made).toBe(TOKEN);
    expect(urls()[0]).toBe(`GET ${credential_source.url}`);
    expect(host.requests[0]?.headers).toMatchObject({ metadata: "True" });
    expect(formOf(host.requests[1])["subject_token"]).toBe("of-azure");
  });

  it.each([
    ["GOOGLE_APPLICATION_CREDENTIALS", { GOOGLE_APPLICATION_CREDENTIALS: PATH }, PATH],
    ["CLOUDSDK_CONFIG", { CLOUDSDK_CONFIG: "/c" }, "/c/application_default_credentials.json"],
    ["HOME", { HOME: "/h" }, "/h/.config/gcloud/application_default_credentials.json"],
  ])("ask for the token of another account, found by %s", async (_, env, path) => {
    const flags = { impersonateServiceAccount: TARGET };
    const { host, made, urls } = await mint({ ...KEY, client_email: OTHER }, { env, path, flags });
    expect(await made).toBe(TOKEN);
    expect(urls()).toEqual(["POST https://oauth2.googleapis.com/token", GENERATE]);
    const [request] = host.requests;
    expect(request && assertionOf(request).claims).toMatchObject({
      iss: OTHER,
      scope: "https://www.googleapis.com/auth/cloud-platform",
    });
    expect(host.requests[1]?.headers["Authorization"]).toBe(`Bearer ${ACCESS_TOKEN}`);
  });

  it("ask by way of the account that the file names, and of those that are named", async () => {
    const flags = { impersonateServiceAccount: TARGET, impersonationDelegates: OTHER };
    const url = IMPERSONATION_URL.replace(TARGET, "first@p.iam.gserviceaccount.com");
    const { host, made } = await mint({ ...IMPERSONATED, service_account_impersonation_url: url }, { flags });
    await made;
    expect(JSON.parse(host.requests[1]?.body ?? "").delegates).toEqual(
      [BETWEEN, "first@p.iam.gserviceaccount.com", OTHER].map((email) => `projects/-/serviceAccounts/${email}`),
    );
  });

  it("give way to the metadata server where gcloud has left none, but not where they are named", async () => {
    const flags = { impersonateServiceAccount: TARGET };
    const { host, made } = await mint(USER, { env: { HOME: "/h" }, flags });
    expect(await made).toBe(TOKEN);
    expect(host.requests.map(({ url }) => url)).toEqual([
      "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token",
      expect.stringContaining(":generateIdToken"),
    ]);
    expect(host.requests[1]?.headers["Authorization"]).toBe("Bearer ya29.of-the-workload");
    expect(await failure(USER, { flags, path: "/elsewhere" })).toMatchObject({ code: "IDENTITY_NOT_FOUND" });
  });

  it("ask Google through the proxy", async () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: PATH, HTTPS_PROXY: "http://proxy:3128" };
    const { host, made } = await mint(IMPERSONATED, { env });
    await made;
    expect(host.requests.map(({ proxy }) => proxy?.origin)).toEqual(["http://proxy:3128", "http://proxy:3128"]);
  });

  it.each<[string, unknown, RegExp]>([
    ["no JSON", "not json", /not JSON/],
    ["no object", "[]", /type is none of|not an object/],
    ["no type", {}, /type is none of service_account/],
    ["a type that is not known", { type: "external_account_authorized_user" }, /type is none of service_account/],
    ["an account that is none", { ...KEY, client_email: "a$(id)@b" }, /client_email is missing or cannot be used/],
    [
      "an audience that is none",
      { ...EXTERNAL, audience: "//iam.googleapis.com/$(id)" },
      /audience is missing or cannot/,
    ],
    ["a delegate that is none", { ...IMPERSONATED, delegates: ["a b"] }, /delegates\.0 is missing or cannot be used/],
    ["no key", { ...KEY, private_key: undefined }, /private_key is missing/],
    ["a key of another kind", { ...KEY, private_key: ed25519 }, /private_key of .* is no RSA key/],
    ["a key that is none", { ...KEY, private_key: "-----BEGIN secret" }, /private_key of .* is no RSA key/],
    ["a plain http endpoint", { ...KEY, token_uri: "http://oauth2.example.com/token" }, /token_uri .*cannot be used/],
    ["an endpoint with a password", { ...KEY, token_uri: "https://u:p@x.example/token" }, /token_uri .*cannot be used/],
    ["a plain http STS", { ...EXTERNAL, token_url: "http://sts.example.com/v1/token" }, /token_url .*cannot be used/],
    [
      "a source that is none",
      { ...IMPERSONATED, source_credentials: { type: "x" } },
      /source_credentials\.type is none of service_account/,
    ],
    [
      "a source without its secret",
      { ...IMPERSONATED, source_credentials: { ...USER, refresh_token: "" } },
      /source_credentials\.refresh_token is missing/,
    ],
    [
      "no account in a URL",
      { ...IMPERSONATED, service_account_impersonation_url: "https://x" },
      /names no service account/,
    ],
    ["a user", USER, /no other can be chosen/],
    [
      "an external identity alone",
      { ...EXTERNAL, service_account_impersonation_url: undefined },
      /--impersonate-service-account/,
    ],
    [
      "no external token",
      { ...EXTERNAL, credential_source: { file: "/nowhere" } },
      /own token was not read: .*\/nowhere/,
    ],
    ["an external token nowhere", { ...EXTERNAL, credential_source: {} }, /own token was not read/],
    [
      "an external token that is no JSON",
      {
        ...EXTERNAL,
        credential_source: { file: subjectFile, format: { type: "json", subject_token_field_name: "x" } },
      },
      /own token was not read: it is not JSON/,
    ],
    [
      "an external token by plain http from afar",
      { ...EXTERNAL, credential_source: { url: "http://token.example.com/" } },
      /own token was not read: http:\/\/token\.example\.com is neither https nor/,
    ],
  ])("are of no use: %s", async (_, content, message) => {
    const error = await failure(content);
    expect(error).toMatchObject({ code: "IDENTITY_NOT_FOUND", tryNextLink: false });
    const shown = formatError(error);
    expect(shown).toMatch(message);
    for (const secret of ["secret", "BEGIN", "u:p"]) expect(shown).not.toContain(secret);
  });

  it("do not follow a redirect for the external token", async () => {
    const credential_source = { url: "https://token.example.com/" };
    const elsewhere = { status: 302, headers: { location: "https://evil.example" } };
    const { made, host } = await mint({ ...EXTERNAL, credential_source }, { answers: { elsewhere } });
    await expect(made).rejects.toMatchObject({ code: "IDENTITY_NOT_FOUND" });
    expect(new Set(host.requests.map(({ url }) => url))).toEqual(new Set(["https://token.example.com/"]));
  });

  const refused = (error: string, description: string, status = 400) =>
    json({ error, error_description: description }, status);

  it.each<[string, unknown, Answers, string, RegExp]>([
    ["a key", KEY, { key: refused("invalid_grant", "Invalid JWT Signature.") }, "IDENTITY_REFUSED", /keys list/],
    [
      "a login",
      IMPERSONATED,
      { refresh: refused("invalid_grant", "Bad Request") },
      "IDENTITY_REFUSED",
      /application-default login/,
    ],
    [
      "a client",
      IMPERSONATED,
      { refresh: refused("invalid_client", "x", 401) },
      "IDENTITY_REFUSED",
      /client_id and client_secret/,
    ],
    [
      "an external token",
      EXTERNAL,
      { exchange: refused("invalid_grant", "x") },
      "IDENTITY_REFUSED",
      /providers describe/,
    ],
    ["nothing", KEY, { key: json({}) }, "IDENTITY_BAD_TOKEN", /does not hold one/],
    [
      "a redirect",
      KEY,
      { key: { status: 307, headers: { location: "https://x" } } },
      "IDENTITY_UNAVAILABLE",
      /not followed/,
    ],
    ["a broken connection", KEY, { key: new ConnectionError("reset", "reset") }, "IDENTITY_UNAVAILABLE", /reset/],
  ])("are refused: %s", async (_, content, answers, code, text) => {
    const error = await failure(content, { answers });
    expect(error.code).toBe(code);
    expect(formatError(error)).toMatch(text);
  });

  it.each<[string, object, string]>([
    ["the service account", { ...KEY, client_email: OTHER }, `serviceAccount:${OTHER}`],
    ["the user", USER, "user:EMAIL"],
    [
      "the external identity",
      EXTERNAL,
      "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/subject/SUBJECT",
    ],
  ])("are told who is to be let in: %s", async (_, content, member) => {
    const denial = { error: { code: 403, message: "denied", details: [{ reason: "IAM_PERMISSION_DENIED" }] } };
    const error = await failure(content, {
      flags: { impersonateServiceAccount: TARGET },
      answers: { impersonation: json(denial, 403) },
    });
    expect(error.details).toEqual([
      `gcloud iam service-accounts add-iam-policy-binding ${TARGET} --role roles/iam.serviceAccountOpenIdTokenCreator --member "${member}"`,
    ]);
  });

  it("are never shown, though an answer repeats them", async () => {
    const echo = (request: HttpRequest): Answer =>
      json(
        {
          error: "invalid_grant",
          error_description: `${request.body} ${[...new URLSearchParams(request.body).values()].join(" ")} ${request.headers["Authorization"]}`,
        },
        400,
      );
    for (const content of [KEY, IMPERSONATED, EXTERNAL]) {
      const host = fakeHost(echo, { readText: () => JSON.stringify(content) });
      const config = readTokenConfig({ audience: "x" }, { GOOGLE_APPLICATION_CREDENTIALS: PATH });
      const error: unknown = await (
        await openSource(config, host)
      )(host.ticks() + 1_000).catch((thrown: unknown) => thrown);
      if (!(error instanceof Gcp2awsError)) throw error;
      const shown = formatError(error);
      for (const secret of ["d-secret", "refresh-secret", "external-secret"]) expect(shown).not.toContain(secret);
      const assertion = new URLSearchParams(host.requests[0]?.body).get("assertion");
      if (assertion !== null) expect(shown).not.toContain(assertion.split(".")[2]);
    }
  });
});

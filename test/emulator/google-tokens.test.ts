import { decodeJwt, importPKCS8, SignJWT, type JWTPayload } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { parseDefinition } from "../../src/emulator/definition.ts";
import { createAccessTokens } from "../../src/emulator/google/access-tokens.ts";
import { createGoogleApis } from "../../src/emulator/google/apis.ts";
import { createLogins } from "../../src/emulator/google/logins.ts";
import { createIssuer } from "../../src/emulator/issuer.ts";
import { request } from "./request.ts";

const NOW = Date.UTC(2026, 0, 1);
const SECONDS = NOW / 1000;
const clock = () => NOW;
const HOST = "127.0.0.1:8081";
const EMAIL = "a@p.example";
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const definition = parseDefinition({
  service_accounts: [
    { email: EMAIL, unique_id: "1" },
    { email: "b@p.example", unique_id: "2", aliases: [] },
  ],
});
const accessTokens = createAccessTokens(clock);
const logins = createLogins(definition, clock);
const apis = createGoogleApis({
  serviceAccounts: definition.serviceAccounts,
  accessTokens,
  issuer: createIssuer({ clock }),
  logins,
  clock,
});

let files: Record<string, string>;
beforeAll(async () => {
  files = await logins.files(`http://${HOST}`, "/d");
});
const file = (name: string): Record<string, string> => JSON.parse(files[name] ?? "");

async function post(path: string, form: Record<string, string>) {
  const body = new TextEncoder().encode(new URLSearchParams(form).toString());
  const answer = await apis(request(path, { method: "POST", headers: { host: HOST }, body }));
  const content: Record<string, string> = JSON.parse(answer.body);
  return { status: answer.status, ...content };
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const whole = { iss: EMAIL, aud: `http://${HOST}/token`, iat: SECONDS, exp: SECONDS + 3600, target_audience: "x" };

async function assertion(claims: JWTPayload, { kid, of = EMAIL }: { kid?: string; of?: string } = {}): Promise<string> {
  const key = file(`${of}.json`);
  const header = { alg: "RS256", kid: kid ?? key["private_key_id"] ?? "" };
  return new SignJWT(claims).setProtectedHeader(header).sign(await importPKCS8(key["private_key"] ?? "", "RS256"));
}

describe("the token endpoint", () => {
  test("makes an ID token of an assertion, with the email in azp", async () => {
    const answer = await post("/token", { grant_type: JWT_BEARER, assertion: await assertion(whole) });
    expect(answer).toEqual({ status: 200, id_token: expect.any(String) });
    expect(decodeJwt("id_token" in answer ? String(answer.id_token) : "")).toMatchObject({
      iss: "https://accounts.google.com",
      aud: "x",
      azp: EMAIL,
      sub: "1",
      email: EMAIL,
    });
  });

  test("makes an access token of an assertion with scopes, and of a refresh token", async () => {
    const { target_audience: _, ...claims } = { ...whole, scope: `email ${SCOPE}` };
    const ofKey = await post("/token", { grant_type: JWT_BEARER, assertion: await assertion(claims) });
    expect(ofKey).toMatchObject({ status: 200, token_type: "Bearer", expires_in: 3599 });
    expect(accessTokens.find(String(Reflect.get(ofKey, "access_token")))).toEqual({
      member: `serviceAccount:${EMAIL}`,
      scopes: ["email", SCOPE],
    });
    const { client_id = "", client_secret = "", refresh_token = "" } = file("authorized-user.json");
    const ofUser = await post("/token", { grant_type: "refresh_token", client_id, client_secret, refresh_token });
    expect(accessTokens.find(String(Reflect.get(ofUser, "access_token")))).toEqual({
      member: "user:developer@example.com",
      scopes: [SCOPE],
    });
  });

  test.each<[string, JWTPayload, { kid?: string; of?: string }, string]>([
    ["another's key", whole, { of: "b@p.example" }, "Invalid JWT Signature"],
    ["an unknown key", whole, { kid: "x" }, "Invalid JWT Signature"],
    ["an unknown account", { ...whole, iss: "z@p.example" }, {}, "account not found"],
    ["another audience", { ...whole, aud: "https://accounts.google.com" }, {}, "Failed audience check"],
    ["a time that is over", { ...whole, iat: SECONDS - 3601, exp: SECONDS - 1 }, {}, "reasonable timeframe"],
    ["a time to come", { ...whole, iat: SECONDS + 301 }, {}, "reasonable timeframe"],
    ["a long time", { ...whole, exp: SECONDS + 3601 }, {}, "reasonable timeframe"],
    ["nothing asked for", { ...whole, target_audience: "" }, {}, "Invalid OAuth scope"],
  ])("refuses %s", async (_, claims, how, message) => {
    const answer = await post("/token", { grant_type: JWT_BEARER, assertion: await assertion(claims, how) });
    expect(answer).toMatchObject({ status: 400, error_description: expect.stringContaining(message) });
  });

  test("takes an assertion that names no key, as Google's own libraries write it", async () => {
    const key = await importPKCS8(file(`${EMAIL}.json`)["private_key"] ?? "", "RS256");
    const unnamed = await new SignJWT(whole).setProtectedHeader({ alg: "RS256" }).sign(key);
    expect(await post("/token", { grant_type: JWT_BEARER, assertion: unnamed })).toMatchObject({ status: 200 });
  });

  test("refuses a signature by another key", async () => {
    const { private_key_id: kid = "" } = file(`${EMAIL}.json`);
    const forged = await assertion(whole, { kid, of: "b@p.example" });
    const answer = await post("/token", { grant_type: JWT_BEARER, assertion: forged });
    expect(answer).toMatchObject({ status: 400, error: "invalid_grant", error_description: "Invalid JWT Signature." });
  });

  test.each<[string, Record<string, string>, number, string]>([
    ["no grant", {}, 400, "unsupported_grant_type"],
    ["no JWT", { grant_type: JWT_BEARER, assertion: "x" }, 400, "invalid_grant"],
    ["another client", { grant_type: "refresh_token", client_secret: "x" }, 401, "invalid_client"],
    ["another refresh token", { grant_type: "refresh_token", refresh_token: "x" }, 400, "invalid_grant"],
  ])("refuses %s", async (_, form, status, error) => {
    const { client_id = "", client_secret = "" } = file("authorized-user.json");
    const whose = form["grant_type"] === "refresh_token" ? { client_id, client_secret } : {};
    expect(await post("/token", { ...whose, ...form })).toMatchObject({ status, error });
  });
});

describe("Google's STS", () => {
  const exchange = () => ({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    audience: logins.external.provider,
    scope: SCOPE,
    subject_token: files["external-token"] ?? "",
  });

  test("makes an access token of a pool's member", async () => {
    const answer = await post("/v1/token", exchange());
    expect(answer).toMatchObject({
      status: 200,
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: 3599,
    });
    expect(accessTokens.find(String(Reflect.get(answer, "access_token")))).toEqual({
      member:
        "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/emulator/subject/team-a",
      scopes: [SCOPE],
    });
  });

  test.each<[string, Record<string, string>, string]>([
    ["another grant", { grant_type: "refresh_token" }, "invalid_request"],
    ["another kind of token", { subject_token_type: "urn:ietf:params:aws:token-type:aws4_request" }, "invalid_request"],
    ["another provider", { audience: "//iam.googleapis.com/x" }, "invalid_target"],
    ["no JWT", { subject_token: "x" }, "invalid_grant"],
  ])("refuses %s", async (_, change, error) => {
    expect(await post("/v1/token", { ...exchange(), ...change })).toMatchObject({ status: 400, error });
  });

  test("refuses a token for another audience, from another issuer, and of another key", async () => {
    const { issuer, issuerUrl, provider } = logins.external;
    const claims = { iss: issuerUrl, aud: `https:${provider}`, sub: "s" };
    const tokens = [
      await issuer.mint({ ...claims, aud: "x" }),
      await issuer.mint({ ...claims, iss: "https://accounts.google.com" }),
      await issuer.mint(claims, { now: NOW - 3_601_000 }),
      await createIssuer({ clock }).mint(claims),
    ];
    for (const token of tokens) {
      expect(await post("/v1/token", { ...exchange(), subject_token: token })).toMatchObject({
        error: "invalid_grant",
      });
    }
    expect(await post("/v1/token", { ...exchange(), subject_token: await issuer.mint(claims) })).toMatchObject({
      status: 200,
    });
  });
});

import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { parseDefinition } from "../../src/emulator/definition.ts";
import { createAccessTokens } from "../../src/emulator/google/access-tokens.ts";
import { createGoogleApis } from "../../src/emulator/google/apis.ts";
import { createLogins } from "../../src/emulator/google/logins.ts";
import { createIssuer } from "../../src/emulator/issuer.ts";
import { request } from "./request.ts";

const NOW = Date.UTC(2026, 0, 1);
let now = NOW;
const clock = () => now;
const SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];
const definition = parseDefinition({
  service_accounts: [
    { email: "a@p.example", unique_id: "1", token_creators: ["serviceAccount:b@p.example"] },
    { email: "b@p.example", unique_id: "2", aliases: [], token_creators: ["serviceAccount:c@p.example"] },
    { email: "c@p.example", unique_id: "3", aliases: [], token_creators: ["user:me@example.com"] },
  ],
});
const accessTokens = createAccessTokens(clock);
const apis = createGoogleApis({
  serviceAccounts: definition.serviceAccounts,
  accessTokens,
  issuer: createIssuer({ clock }),
  logins: createLogins(definition, clock),
  clock,
});

async function ask(
  account: string,
  body: object | string,
  holder = { member: "serviceAccount:b@p.example", scopes: SCOPES },
  token = accessTokens.issue(holder).token,
) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await apis(
    request(`/v1/projects/-/serviceAccounts/${account}:generateIdToken`, {
      method: "POST",
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
      body: new TextEncoder().encode(text),
    }),
  );
  const content: { token?: string; error?: { status: string; message: string; details?: { reason: string }[] } } =
    JSON.parse(answer.body);
  return { status: answer.status, token: content.token ?? "", error: content.error };
}

describe("generateIdToken", () => {
  test.each([
    ["a@p.example", {}, { azp: "1" }],
    ["a%40p.example", {}, { azp: "1" }],
    ["1", { useEmailAzp: true }, { azp: "a@p.example" }],
    ["a@p.example", { includeEmail: true }, { azp: "1", email: "a@p.example", email_verified: true }],
  ])("%s with %j says %j", async (account, body, claims) => {
    const { status, token } = await ask(account, { audience: "x", ...body });
    expect(status).toBe(200);
    expect(decodeJwt(token)).toEqual({
      iss: "https://accounts.google.com",
      iat: NOW / 1000,
      exp: NOW / 1000 + 3600,
      aud: "x",
      sub: "1",
      ...claims,
    });
  });

  const delegates = (...emails: string[]) => ({
    audience: "x",
    delegates: emails.map((email) => `projects/-/serviceAccounts/${email}`),
  });

  test("goes by a chain, each of which may impersonate the next", async () => {
    const user = { member: "user:me@example.com", scopes: SCOPES };
    expect(await ask("a@p.example", delegates("c@p.example", "b@p.example"), user)).toMatchObject({ status: 200 });
  });

  test.each<[string, Parameters<typeof ask>, number, string, string]>([
    ["no token", ["a@p.example", { audience: "x" }, undefined, ""], 403, "PERMISSION_DENIED", "unregistered callers"],
    ["another token", ["a@p.example", { audience: "x" }, undefined, "ya29.x"], 401, "UNAUTHENTICATED", "invalid auth"],
    [
      "too few scopes",
      ["a@p.example", { audience: "x" }, { member: "serviceAccount:b@p.example", scopes: ["email"] }],
      403,
      "PERMISSION_DENIED",
      "insufficient authentication scopes",
    ],
    ["an account on itself", ["b@p.example", { audience: "x" }], 403, "PERMISSION_DENIED", "getOpenIdToken' denied"],
    [
      "a step that is missing",
      ["a@p.example", delegates("c@p.example")],
      403,
      "PERMISSION_DENIED",
      "implicitDelegation",
    ],
    ["no such account", ["z@p.example", { audience: "x" }], 404, "NOT_FOUND", "z@p.example"],
    ["no audience", ["a@p.example", {}], 400, "INVALID_ARGUMENT", "invalid argument"],
    [
      "a delegate by its email alone",
      ["a@p.example", { audience: "x", delegates: ["c@p.example"] }],
      400,
      "INVALID_ARGUMENT",
      "invalid",
    ],
    [
      "an unknown field",
      ["a@p.example", { audience: "x", azp: "email" }],
      400,
      "INVALID_ARGUMENT",
      'Unknown name "azp"',
    ],
    ["a field of another type", ["a@p.example", { audience: 1 }], 400, "INVALID_ARGUMENT", "'audience'"],
    ["no JSON", ["a@p.example", "audience=x"], 400, "INVALID_ARGUMENT", "Invalid JSON"],
  ])("refuses %s", async (_, given, status, name, message) => {
    const { error, ...answer } = await ask(...given);
    expect(answer.status).toBe(status);
    expect(error).toMatchObject({ code: status, status: name, message: expect.stringContaining(message) });
  });

  test("refuses a token that has ended", async () => {
    const { token } = accessTokens.issue({ member: "serviceAccount:b@p.example", scopes: SCOPES });
    now += 3_599_000;
    expect(await ask("a@p.example", { audience: "x" }, undefined, token)).toMatchObject({ status: 401 });
    now = NOW;
  });

  test.each([
    ["GET", "/v1/projects/-/serviceAccounts/a@p.example:generateIdToken"],
    ["POST", "/v1/projects/-/serviceAccounts/a@p.example:signBlob"],
    ["POST", "/v1/projects/%E0%A4%A"],
  ])("%s %s is not found", async (method, path) => {
    expect(await apis(request(path, { method }))).toMatchObject({ status: 404 });
  });
});

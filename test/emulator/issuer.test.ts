import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { createIssuer } from "../../src/emulator/issuer.ts";
import type { Issuer } from "../../src/emulator/issuer.ts";
import { request } from "./request.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const SECONDS = Math.floor(NOW / 1000);
const clock = () => NOW;

async function verifies(issuer: Issuer, token: string): Promise<boolean> {
  const keys = createLocalJWKSet(await issuer.keys());
  return jwtVerify(token, keys, { currentDate: new Date(NOW) }).then(
    () => true,
    () => false,
  );
}

describe("minting", () => {
  let issuer: Issuer;
  beforeAll(() => {
    issuer = createIssuer({ clock });
  });

  test("signs as Google does, in whole seconds, for an hour", async () => {
    const token = await issuer.mint({ aud: "a", sub: "s" });
    const [key] = (await issuer.keys()).keys;
    expect(decodeProtectedHeader(token)).toEqual({ alg: "RS256", kid: key?.kid, typ: "JWT" });
    expect(decodeJwt(token)).toEqual({
      iss: "https://accounts.google.com",
      iat: SECONDS,
      exp: SECONDS + 3600,
      aud: "a",
      sub: "s",
    });
    expect(await verifies(issuer, token)).toBe(true);
  });

  test("publishes public parts only", async () => {
    const { keys } = await issuer.keys();
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([["alg", "e", "kid", "kty", "n", "use"]]);
    expect(Buffer.from(keys[0]?.n ?? "", "base64url")).toHaveLength(256);
  });

  test("takes another lifetime, moment and any claim", async () => {
    expect(decodeJwt(await issuer.mint({}, { lifetimeSeconds: 60, now: 1_999 }))).toMatchObject({ iat: 1, exp: 61 });
    expect(decodeJwt(await issuer.mint({ iss: "https://other.example", exp: 5 }))).toMatchObject({
      iss: "https://other.example",
      exp: 5,
    });
  });
});

test("after a rotation the previous key stays published, the one before does not", async () => {
  const issuer = createIssuer({ clock });
  const first = await issuer.mint({ sub: "1" });
  await issuer.rotate();
  const second = await issuer.mint({ sub: "2" });
  expect(decodeProtectedHeader(second).kid).not.toBe(decodeProtectedHeader(first).kid);
  expect([await verifies(issuer, first), await verifies(issuer, second)]).toEqual([true, true]);
  await issuer.rotate();
  expect([await verifies(issuer, first), await verifies(issuer, second)]).toEqual([false, true]);
});

describe("the handler", () => {
  const issuer = createIssuer({ clock, baseUrl: () => "http://127.0.0.1:8081" });

  test("serves the discovery document with its own key address", async () => {
    const { status, body } = await issuer.handler(request("/.well-known/openid-configuration"));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      issuer: "https://accounts.google.com",
      jwks_uri: "http://127.0.0.1:8081/oauth2/v3/certs",
    });
  });

  test("serves the keys with a lifetime", async () => {
    const { status, headers, body } = await issuer.handler(request("/oauth2/v3/certs"));
    expect(status).toBe(200);
    expect(headers["Cache-Control"]).toMatch(/max-age=\d+/);
    expect(JSON.parse(body)).toEqual(await issuer.keys());
  });

  test("rotates on request", async () => {
    const before = await issuer.keys();
    expect(await issuer.handler(request("/emulator/rotate-keys", { method: "POST" }))).toMatchObject({ status: 200 });
    expect((await issuer.keys()).keys[1]).toEqual(before.keys[0]);
  });

  test.each([
    ["GET", "/emulator/rotate-keys"],
    ["POST", "/oauth2/v3/certs"],
    ["GET", "/"],
  ])("%s %s is not found", async (method, path) => {
    expect(await issuer.handler(request(path, { method }))).toMatchObject({ status: 404 });
  });
});

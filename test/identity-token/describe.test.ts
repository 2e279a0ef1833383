import { describe, expect, it } from "vitest";
import { Gcp2awsError } from "../../src/errors.ts";
import { describeToken } from "../../src/identity-token/describe.ts";
import { CLAIMS, START, unsignedToken } from "../fake-host.ts";

describe("what is in a token", () => {
  it("is shown with its times in words, and without its signature", () => {
    const token = unsignedToken(CLAIMS);
    const text = describeToken(token, START + 60_000, undefined);
    expect(text).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(text)).toEqual({
      header: { alg: "RS256", kid: "k", typ: "JWT" },
      claims: CLAIMS,
      times: { issued: "2026-11-23T12:00:00Z, 1 min ago", expires: "2026-11-23T13:00:00Z, in 59 min" },
    });
    const [, payload = "", signature = ""] = token.split(".");
    for (const part of [payload, signature]) expect(text).not.toContain(part);
    expect(describeToken(token, START, 2)).toContain('\n  "claims": {\n');
  });

  it("moves no terminal, and is still the same JSON", () => {
    const evil = { email: "\u001b[2J\u009b2J\u202e\u2028🔑", iat: 1e300, exp: "soon" };
    const text = describeToken(unsignedToken(evil), START, undefined);
    expect(text).toMatch(/^[ -~]+\n$/);
    expect(JSON.parse(text)).toMatchObject({ claims: evil, times: { issued: null, expires: null } });
  });

  it.each(["", "a.b.c", "a.b", unsignedToken([1]), "e".repeat(20_001)])("refuses what is no token: %#", (text) => {
    expect(() => describeToken(text, START, 2)).toThrow(Gcp2awsError);
  });
});

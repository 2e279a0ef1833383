import { describe, expect, it } from "vitest";
import { explainDenial } from "../../src/sts/explain-denial.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const exp = NOW / 1000 + 3_600;

describe("the explanation of a denial", () => {
  it("maps Google's claims as AWS does", () => {
    const values = { iss: "https://accounts.google.com", aud: "https://aws.example.com", azp: "123", sub: "123" };
    expect(explainDenial({ values, exp }, NOW)).toEqual([
      'iss    https://accounts.google.com  → Principal {"Federated": "accounts.google.com"}',
      "aud    https://aws.example.com      → accounts.google.com:oaud",
      "azp    123                          → accounts.google.com:aud",
      "sub    123                          → accounts.google.com:sub",
      "email  (none)                       → accounts.google.com:email (AWS documents it both ways; use :sub)",
      "exp    2026-11-23T13:00:00Z (in 1 h by this machine's clock)",
    ]);
  });

  it("names the keys of another issuer's own provider", () => {
    const iss = "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c";
    const values = { iss, aud: "sts.amazonaws.com", sub: "system:serviceaccount:default:app" };
    const provider = iss.slice("https://".length);
    expect(explainDenial({ values, exp: undefined }, NOW)).toEqual([
      `iss    ${iss}  → Principal {"Federated": "arn:aws:iam::ACCOUNT:oidc-provider/${provider}"}`,
      `aud    ${"sts.amazonaws.com".padEnd(60)}  → ${provider}:aud, which is also in the provider's list of audiences`,
      `sub    ${"system:serviceaccount:default:app".padEnd(60)}  → ${provider}:sub`,
      "exp    (none)",
    ]);
  });
});

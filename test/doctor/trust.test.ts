import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeTrust, type TrustRequest } from "../../src/doctor/trust.ts";
import { CLAIMS } from "../fake-host.ts";

const request: TrustRequest = {
  claims: CLAIMS,
  roleName: "Team",
  accountId: "111122223333",
  sessionName: "x",
  durationSeconds: 3600,
  choosesAudience: true,
};
const G = "accounts.google.com";
const statement = (condition: object, others: object = {}) => ({
  Effect: "Allow",
  Principal: { Federated: G },
  Action: "sts:AssumeRoleWithWebIdentity",
  Condition: condition,
  ...others,
});
const policy = (...statements: object[]) => ({ Version: "2012-10-17", Statement: statements });
const equals = (keys: Record<string, string>) => statement({ StringEquals: keys });
/** The policy that a remedy's command would set. */
const documentIn = (command: string | undefined): unknown =>
  JSON.parse(/--policy-document '(.*)'$/.exec(command ?? "")?.[1]?.replaceAll(String.raw`'\''`, "'") ?? "null");

describe("a trust policy held against a token", () => {
  it("allows what fits", () => {
    const fits = policy(equals({ [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: CLAIMS.aud, [`${G}:aud`]: CLAIMS.azp }));
    expect(judgeTrust(fits, request).decision).toBe("allowed");
  });

  it.each<[string, object, RegExp]>([
    ["the audience under :aud", equals({ [`${G}:aud`]: CLAIMS.aud }), /belongs under accounts\.google\.com:oaud/],
    ["azp under :oaud", equals({ [`${G}:oaud`]: CLAIMS.azp }), /belongs under accounts\.google\.com:aud/],
    ["the email under :sub", equals({ [`${G}:sub`]: CLAIMS.email }), /compares the number/],
    ["a wildcard", equals({ [`${G}:sub`]: "1*" }), /takes \* and \? as they are/],
    ["a slash", equals({ [`${G}:oaud`]: `${CLAIMS.aud}/` }), /a slash at the end/],
    ["no such key", equals({ [`${G}:iss`]: "x" }), /there is no such key/],
    ["another provider's key", equals({ "example.com:sub": CLAIMS.sub }), /its keys begin with accounts\.google\.com:/],
    ["what is not known here", statement({ IpAddress: { "aws:SourceIp": "10.0.0.0/8" } }), /AWS may know it/],
    ["another principal", statement({}, { Principal: { AWS: "*" } }), /its principal is \{"AWS":\["\*"\]\}/],
    ["another action", statement({}, { Action: "sts:AssumeRole" }), /its action is sts:AssumeRole, that of a token/],
  ])("says what is wrong: %s", (_name, wrong, reason) => {
    const { decision, reasons } = judgeTrust(policy(wrong), request);
    expect(decision).toBe("denied");
    expect(reasons.join("\n")).toMatch(reason);
  });

  it("says which statement denies, and takes nothing out by itself", () => {
    const { reasons, remedy } = judgeTrust(
      policy(equals({ [`${G}:sub`]: CLAIMS.sub }), statement({}, { Effect: "Deny", Sid: "Not" })),
      request,
    );
    expect(reasons).toEqual(["statement 2 (Not) denies this token, whatever the others allow"]);
    expect(remedy?.commands).toBeUndefined();
  });

  it("asks for another audience where that is all, and the audience can be chosen", () => {
    const wants = policy(equals({ [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: "https://other.example.com" }));
    expect(judgeTrust(wants, request).remedy?.flags).toEqual({ audience: "https://other.example.com" });
    expect(judgeTrust(wants, { ...request, choosesAudience: false }).remedy?.flags).toBeUndefined();
  });

  it("knows what is no policy", () => {
    expect(judgeTrust({ Statement: [] }, request)).toMatchObject({ decision: "invalid" });
  });

  it("keeps conditions that are not on the token", () => {
    const old = statement({ StringEquals: { [`${G}:sub`]: "1", "sts:RoleSessionName": "x" } });
    const [command] = judgeTrust(policy(old), request).remedy?.commands ?? [];
    expect(documentIn(command)).toMatchObject({
      Statement: [{ Condition: { StringEquals: { "sts:RoleSessionName": "x", [`${G}:sub`]: CLAIMS.sub } } }],
    });
  });

  it("corrects any policy so that it takes this token, and none that differs in a claim", () => {
    const value = fc.constantFrom(CLAIMS.sub, CLAIMS.email, CLAIMS.aud, "1", "it's", "*");
    const keys = fc.dictionary(fc.constantFrom(`${G}:sub`, `${G}:aud`, `${G}:oaud`, `${G}:azp`, "x:sub"), value);
    const others = fc.record(
      {
        Principal: fc.constantFrom({ Federated: `https://${G}` }, { AWS: "*" }, { Federated: G }),
        Action: fc.constantFrom("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"),
      },
      { requiredKeys: [] },
    );
    const statements = fc.array(
      fc.tuple(keys, others).map(([map, other]) => statement({ StringEquals: map }, other)),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(statements, (list) => {
        const { decision, remedy } = judgeTrust(policy(...list), { ...request, choosesAudience: false });
        if (decision === "allowed") return;
        const corrected = documentIn(remedy?.commands?.[0]);
        expect(judgeTrust(corrected, request).decision).toBe("allowed");
        for (const claim of ["sub", "azp", "aud", "iss"]) {
          const other = { ...request, claims: { ...CLAIMS, [claim]: `${CLAIMS.sub}0` } };
          expect(judgeTrust(corrected, other).decision, claim).toBe("denied");
        }
      }),
    );
  });
});

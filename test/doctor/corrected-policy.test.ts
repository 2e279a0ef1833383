import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeTrust, type RoleRequest } from "../../src/doctor/trust.ts";
import type { Context } from "../../src/trust-policy/condition.ts";
import { evaluate } from "../../src/trust-policy/evaluate.ts";
import { decide } from "../../src/trust-policy/evaluate-trust-policy.ts";
import { parsePolicy, type PolicyDocument } from "../../src/trust-policy/policy.ts";
import type { TokenClaims } from "../../src/trust-policy/web-identity.ts";
import { CLAIMS } from "../fake-host.ts";

const G = "accounts.google.com";
const APP = "arn:aws:iam::111122223333:role/App";
const THEIRS = {
  ...CLAIMS,
  sub: "100999888777666555444",
  azp: "100999888777666555444",
  email: "b@p.iam.gserviceaccount.com",
};
const audiences = [CLAIMS.aud, "https://x.example.com"];
const names = ["ci-bot", "x"];
const addresses = ["192.0.2.1", "198.51.100.1"];

/** All that can be met by somebody, in the place where it belongs or in that of another. */
const line = fc.oneof(
  fc.tuple(
    fc.constantFrom("StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists"),
    fc.constantFrom("sub", "aud", "oaud", "email", "azp").map((name) => `${G}:${name}`),
    fc.uniqueArray(
      fc.constantFrom(CLAIMS.sub, CLAIMS.email, THEIRS.sub, THEIRS.email, ...audiences, "*", "${aws:username}"),
      { minLength: 1, maxLength: 3 },
    ),
  ),
  fc.constantFrom<[string, string, string[]]>(
    ["address", "aws:SourceIp", ["192.0.2.0/24"]],
    ["address", "aws:SourceIp", ["192.0.2.0/24"]],
    ["StringEquals", "sts:RoleSessionName", ["ci-bot"]],
    ["StringEquals", "sts:RoleSessionName", [`\${${G}:sub}`]],
    ["StringEquals", "sts:SourceIdentity", [CLAIMS.sub]],
    ["ArnEquals", "aws:PrincipalArn", [APP]],
  ),
);
const anyStatement = fc.record({
  effect: fc.constantFrom("Allow", "Allow", "Allow", "Deny"),
  principal: fc.constantFrom<object>(
    { Federated: G },
    { Federated: G },
    { Federated: `https://${G}` },
    { AWS: APP },
    { Federated: G, AWS: APP },
    { AWS: "*" },
  ),
  action: fc.constantFrom<string | string[]>(
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRole",
    "sts:SetSourceIdentity",
    ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"],
    "sts:*",
  ),
  lines: fc.array(line, { maxLength: 3 }),
});
/** One that is nearly right, where faults are few. */
const nearStatement = fc
  .record({
    sub: fc.constantFrom([], [CLAIMS.sub], [CLAIMS.sub], [CLAIMS.email], [CLAIMS.sub, THEIRS.sub]),
    aud: fc.constantFrom([], [CLAIMS.azp], audiences, [CLAIMS.email], [CLAIMS.azp, THEIRS.azp]),
    oaud: fc.constantFrom([], audiences.slice(0, 1), audiences.slice(1)),
    lines: fc.array(line, { maxLength: 1 }),
  })
  .map(({ lines, ...keys }) => ({
    effect: "Allow",
    principal: { Federated: G },
    action: "sts:AssumeRoleWithWebIdentity",
    lines: Object.entries(keys)
      .filter(([, wanted]) => wanted.length > 0)
      .map(([key, wanted]): [string, string, string[]] => ["StringEquals", `${G}:${key}`, [...wanted]])
      .concat(lines),
  }));
const statement = fc.oneof(anyStatement, nearStatement);
/** No policy wants of the address what another of its statements does not. */
const policies = fc.tuple(fc.array(statement, { minLength: 1, maxLength: 3 }), fc.boolean()).map(([list, inside]) => ({
  Version: "2012-10-17",
  Statement: list.map(({ effect, principal, action, lines }) => {
    const condition: Record<string, Record<string, string[]>> = {};
    for (const [name, key, wanted] of lines) {
      const isWithin = inside === (effect === "Allow");
      const operator = name === "address" ? (isWithin ? "IpAddress" : "NotIpAddress") : name;
      condition[operator] = { ...condition[operator], [key]: wanted };
    }
    return { Effect: effect, Principal: principal, Action: action, Condition: condition };
  }),
}));

const product = <A, B>(as: readonly A[], bs: readonly B[]): [A, B][] =>
  as.flatMap((a) => bs.map((b): [A, B] => [a, b]));
const makes: readonly TokenClaims[] = [
  CLAIMS,
  { ...CLAIMS, azp: CLAIMS.email },
  { ...CLAIMS, email: undefined },
  THEIRS,
];
const tokens = product(makes, audiences);
const places = product(addresses, names);

/** Every way in that this file knows: by a token, and by a role whose session may come from one. */
function waysIn(policy: PolicyDocument): string[] {
  const byToken = product(tokens, places).filter(
    ([[claims, aud], [address, sessionName]]) =>
      decide(policy, { claims: { ...claims, aud }, sessionName, context: { "aws:SourceIp": [address] } }).decision ===
      "allowed",
  );
  const actions = ["sts:AssumeRole", "sts:SetSourceIdentity"];
  const byRole = product(product(actions, [CLAIMS, THEIRS]), places).filter(
    ([[action, { sub, azp }], [address, sessionName]]) => {
      const context: Context = {
        [`${G}:sub`]: [sub],
        [`${G}:aud`]: [azp],
        "aws:PrincipalArn": [APP],
        "aws:SourceIp": [address],
        "sts:RoleSessionName": [sessionName],
        "sts:SourceIdentity": [sub],
      };
      return evaluate([policy], { action, principal: { type: "AWS", value: APP }, context }).decision === "allowed";
    },
  );
  return [...byToken, ...byRole].map((way) => JSON.stringify(way));
}

describe("a remedy for a trust policy", () => {
  it("lets this token in, takes nobody's way in, and changes at most one statement, of tokens alone", () => {
    const seen = { mended: 0, added: 0, audience: 0, name: 0 };
    fc.assert(
      fc.property(policies, fc.boolean(), fc.constantFrom(...names), (document, choosesAudience, sessionName) => {
        const request: RoleRequest = {
          claims: CLAIMS,
          roleName: "Team",
          accountId: "111122223333",
          sessionName,
          choosesAudience,
        };
        const { decision, remedy } = judgeTrust(JSON.stringify(document), request);
        if (decision !== "denied") return;
        const [command] = remedy?.commands ?? [];
        const policy = parsePolicy(document);
        let corrected = policy;
        if (command !== undefined) {
          const text = /--policy-document '(.*)'$/.exec(command)?.[1] ?? "";
          corrected = parsePolicy(JSON.parse(text));
          const changed = policy.statements.filter((old, at) => {
            return JSON.stringify(old) !== JSON.stringify(corrected.statements[at]);
          });
          const added = corrected.statements.length - policy.statements.length;
          expect(changed.length + added).toBe(1);
          for (const { effect, principal, action } of changed) {
            expect(effect).toBe("Allow");
            const isOfTokens = principal !== "*" && Object.keys(principal ?? {}).join() === "Federated";
            expect(isOfTokens || action?.join() === "sts:AssumeRoleWithWebIdentity").toBe(true);
          }
          const after = new Set(waysIn(corrected));
          expect(waysIn(policy).filter((way) => !after.has(way))).toEqual([]);
          seen[added === 1 ? "added" : "mended"]++;
        }
        const { audience: aud = CLAIMS.aud, "role-session-name": name = sessionName } = remedy?.flags ?? {};
        if (command === undefined && remedy?.flags === undefined) return;
        if (remedy?.flags !== undefined) seen["audience" in remedy.flags ? "audience" : "name"]++;
        const decisions = addresses.map(
          (address) =>
            decide(corrected, {
              claims: { ...CLAIMS, aud: aud ?? "" },
              sessionName: name ?? "",
              context: { "aws:SourceIp": [address] },
            }).decision,
        );
        expect(decisions).toContain("allowed");
      }),
      { numRuns: 300 },
    );
    // Else it would hold of nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
  });
});

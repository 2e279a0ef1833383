import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asciiJson } from "../../src/ascii-json.ts";
import type { Context } from "../../src/trust-policy/condition.ts";
import { evaluate, type PolicyRequest } from "../../src/trust-policy/evaluate.ts";
import {
  policyText,
  type TrustedIdentity,
  trustGoogle,
  trustProvider,
  trustRole,
} from "../../src/trust-policy/generate.ts";
import { lintTrustPolicy } from "../../src/trust-policy/lint/lint.ts";
import { formatPolicy, parsePolicy, type PolicyDocument } from "../../src/trust-policy/policy.ts";
import { policySize } from "../../src/trust-policy/quota.ts";
import { googleName } from "../../src/trust-policy/web-identity.ts";

/** By way of the text that AWS gets. */
function isAllowed(policy: PolicyDocument, request: PolicyRequest): boolean {
  return evaluate([parsePolicy(JSON.parse(policyText(policy)))], request).decision === "allowed";
}

interface Claims {
  sub: string;
  /** As the key sees it. */
  aud: string;
  oaud: string;
}

const asGoogle = ({ sub, aud, oaud }: Claims, federated = googleName): PolicyRequest => ({
  action: "sts:AssumeRoleWithWebIdentity",
  principal: { type: "Federated", value: federated },
  context: { [`${googleName}:sub`]: [sub], [`${googleName}:aud`]: [aud], [`${googleName}:oaud`]: [oaud] },
});

/** Also what means something in a policy, and whatever differs from another by a trifle. */
const text = fc.oneof(
  fc.constantFrom(
    "1",
    "12",
    "a",
    "A",
    "*",
    "?",
    "a*",
    "${*}",
    "${",
    "$",
    "${aws:username}",
    "${a, 'b'}",
    "{sub}",
    "'",
    "é",
  ),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.bigInt({ min: 10n ** 20n, max: 10n ** 21n - 1n }).map(String),
);
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 4 });
const identity: fc.Arbitrary<TrustedIdentity> = fc.oneof(
  text.map((sub) => ({ sub, azp: sub })),
  fc.record({ sub: text, azp: text }),
  text.map((sub) => ({ sub, azp: null })),
  text.map((sub) => ({ sub })),
);

describe("a policy for identities of Google", () => {
  it("allows each of them with each audience, and none that differs in one claim", () => {
    fc.assert(
      fc.property(some(identity), some(text), text, (identities, audiences, other) => {
        const policy = trustGoogle(identities, audiences);
        const isMeant = ({ sub, aud, oaud }: Claims) =>
          audiences.includes(oaud) &&
          identities.some(({ azp, ...meant }) => {
            return meant.sub === sub && (azp === undefined || aud === (azp ?? oaud));
          });
        for (const { sub, azp = other } of identities) {
          for (const oaud of audiences) {
            const claims = { sub, aud: azp ?? oaud, oaud };
            const others = [claims, { ...claims, sub: other }, { ...claims, aud: other }, { ...claims, oaud: other }];
            // The claims of one with those of another as well.
            for (const two of identities)
              others.push({ ...claims, sub: two.sub }, { ...claims, aud: two.azp ?? other });
            expect(isMeant(claims)).toBe(true);
            for (const each of others) expect(isAllowed(policy, asGoogle(each))).toBe(isMeant(each));
            expect(isAllowed(policy, asGoogle(claims, "accounts.google.example"))).toBe(false);
            expect(isAllowed(policy, { ...asGoogle(claims), action: "sts:AssumeRole" })).toBe(false);
          }
        }
      }),
    );
  });

  it("refuses a token that lacks a claim", () => {
    const policy = trustGoogle([{ sub: "1", azp: "1" }], ["a"]);
    const { context, ...request } = asGoogle({ sub: "1", aud: "1", oaud: "a" });
    for (const key of Object.keys(context)) {
      expect(isAllowed(policy, { ...request, context: { ...context, [key]: [] } })).toBe(false);
    }
  });

  it("is the one of the guide", () => {
    expect(JSON.parse(policyText(trustGoogle([{ sub: "1", azp: "1" }], ["a"])))).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Federated: googleName },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: { [`${googleName}:sub`]: "1", [`${googleName}:aud`]: "1", [`${googleName}:oaud`]: "a" },
          },
        },
      ],
    });
  });

  it("has one statement for all whose aud is the same, and names each once", () => {
    const policy = trustGoogle([{ sub: "1" }, { sub: "2" }, { sub: "2" }, { sub: "3", azp: "3" }], ["a", "a", "b"]);
    expect(policy.statements.map(({ condition }) => condition?.["StringEquals"])).toEqual([
      { [`${googleName}:sub`]: ["1", "2"], [`${googleName}:oaud`]: ["a", "b"] },
      { [`${googleName}:sub`]: ["3"], [`${googleName}:aud`]: ["3"], [`${googleName}:oaud`]: ["a", "b"] },
    ]);
  });
});

describe("a policy for another issuer", () => {
  const name = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";
  const arn = `arn:aws:iam::111122223333:oidc-provider/${name}`;
  const request = (sub: string, aud: string, value = arn): PolicyRequest => ({
    action: "sts:AssumeRoleWithWebIdentity",
    principal: { type: "Federated", value },
    context: { [`${name}:sub`]: [sub], [`${name}:aud`]: [aud] },
  });

  it("allows each of them with each audience, and none that differs in one claim", () => {
    fc.assert(
      fc.property(some(text), some(text), text, (subs, audiences, other) => {
        const policy = trustProvider(arn, subs, audiences);
        for (const sub of subs) {
          for (const aud of audiences) {
            expect(isAllowed(policy, request(sub, aud))).toBe(true);
            expect(isAllowed(policy, request(other, aud))).toBe(subs.includes(other));
            expect(isAllowed(policy, request(sub, other))).toBe(audiences.includes(other));
            expect(isAllowed(policy, request(sub, aud, `${arn}2`))).toBe(false);
          }
        }
      }),
    );
  });
});

describe("a policy of a later role", () => {
  const before = "arn:aws:iam::111122223333:role/Hub";
  const session = "arn:aws:sts::111122223333:assumed-role/Hub/s";
  const key = fc.stringMatching(/^[a-z]{1,6}$/);
  const link = fc
    .record({
      externalId: fc.constantFrom("", "external"),
      sourceIdentities: fc.uniqueArray(fc.constantFrom("one", "two"), { maxLength: 2 }),
      tags: fc.uniqueArray(fc.record({ key, value: text, inherited: fc.boolean() }), {
        selector: (tag) => tag.key,
        maxLength: 3,
      }),
    })
    .chain((given) => {
      const passed = given.tags.filter(({ inherited }) => !inherited).map((tag) => tag.key);
      return fc.tuple(fc.constant({ ...given, roleArn: before }), fc.subarray(passed));
    });

  const decide = (policy: PolicyDocument, action: string, context: Context, value = session, arn = before) =>
    isAllowed(policy, {
      action,
      principal: { type: "AWS", value },
      context: { ...context, "aws:PrincipalArn": [arn] },
    });

  it("allows what it was made for, and nothing that differs", () => {
    fc.assert(
      fc.property(link, text, ([base, transitiveTags], other) => {
        const given = { ...base, transitiveTags };
        fc.pre(!given.tags.some(({ value }) => value === other));
        const policy = trustRole(given);
        const { externalId, sourceIdentities, tags } = given;
        const passed = tags.filter(({ inherited }) => !inherited).map((tag) => tag.key);
        const context: Record<string, string[]> = {
          "sts:ExternalId": externalId === "" ? [] : [externalId],
          "sts:SourceIdentity": sourceIdentities.slice(0, 1),
          "aws:TagKeys": passed,
          "sts:TransitiveTagKeys": transitiveTags,
          ...Object.fromEntries(
            tags.map(({ key: name, value, inherited }) => [
              `aws:${inherited ? "PrincipalTag" : "RequestTag"}/${name}`,
              [value],
            ]),
          ),
        };
        expect(decide(policy, "sts:AssumeRole", context)).toBe(true);
        expect(decide(policy, "sts:SetSourceIdentity", context)).toBe(sourceIdentities.length > 0);
        expect(decide(policy, "sts:TagSession", context)).toBe(tags.length > 0);
        expect(decide(policy, "sts:AssumeRole", context, session, `${before}2`)).toBe(false);

        const refused = (action: string, changed: Context) =>
          expect(decide(policy, action, { ...context, ...changed })).toBe(false);
        if (externalId !== "") refused("sts:AssumeRole", { "sts:ExternalId": ["another"] });
        refused("sts:SetSourceIdentity", { "sts:SourceIdentity": ["three"] });
        refused("sts:TagSession", { "aws:TagKeys": [...passed, "another-key"] });
        for (const { key: name, inherited } of tags) {
          refused("sts:TagSession", { [`aws:${inherited ? "PrincipalTag" : "RequestTag"}/${name}`]: [other] });
          refused("sts:TagSession", { [`aws:${inherited ? "PrincipalTag" : "RequestTag"}/${name}`]: [] });
        }
        if (passed.length > 0) refused("sts:TagSession", { "sts:TransitiveTagKeys": ["another-key"] });
      }),
    );
  });
});

describe("lint finds nothing", () => {
  const number = fc.bigInt({ min: 10n ** 20n, max: 10n ** 21n - 1n }).map(String);
  const email = fc.stringMatching(/^[a-z]{6,12}$/).map((name) => `${name}@p.iam.gserviceaccount.com`);
  const account = fc.oneof(
    number.map((sub) => ({ sub, azp: sub })),
    fc.record({ sub: number, azp: email }),
  );
  const audience = fc.webUrl().filter((url) => url.length < 60 && !/[*?]|\$\{/.test(url));

  it("in a policy for service accounts", () => {
    fc.assert(
      fc.property(fc.array(account, { minLength: 1, maxLength: 3 }), some(audience), (accounts, audiences) => {
        expect(lintTrustPolicy(policyText(trustGoogle(accounts, audiences)))).toEqual([]);
      }),
    );
  });

  it("in one for a cluster, and in one for a role of a chain", () => {
    const arn = "arn:aws:iam::111122223333:oidc-provider/container.googleapis.com/v1/projects/p/locations/l/clusters/c";
    expect(
      lintTrustPolicy(policyText(trustProvider(arn, ["system:serviceaccount:n:s"], ["sts.amazonaws.com"]))),
    ).toEqual([]);
    const link = {
      roleArn: "arn:aws:iam::111122223333:role/Hub",
      externalId: "external",
      sourceIdentities: ["1"],
      tags: [{ key: "team", value: "a", inherited: false }],
      transitiveTags: ["team"],
    };
    expect(lintTrustPolicy(policyText(trustRole(link)))).toEqual([]);
  });
});

describe("the size of a policy", () => {
  it("is that of its text without white space", () => {
    fc.assert(
      fc.property(some(identity), some(text), (identities, audiences) => {
        const policy = trustGoogle(identities, audiences);
        expect(policyText(policy)).toMatch(/^[\n -~]+$/);
        expect(policySize(policyText(policy))).toBe(policySize(asciiJson(formatPolicy(policy))));
        expect(JSON.parse(policyText(policy))).toEqual(JSON.parse(JSON.stringify(formatPolicy(policy))));
      }),
    );
  });

  it("decides whether the text is indented", () => {
    const of = (count: number) =>
      trustGoogle(
        Array.from({ length: count }, (_, at) => ({ sub: String(10 ** 20 + at) + String(at) })),
        ["a"],
      );
    expect(policyText(of(1))).toContain("\n");
    const long = Array.from({ length: 80 }, (_, at) => of(at + 1)).findLast(
      (policy) => policySize(policyText(policy)) <= 2048,
    );
    expect(long && policyText(long)).not.toContain("\n");
  });
});

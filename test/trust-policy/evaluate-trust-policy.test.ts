import { describe, expect, test } from "vitest";
import { evaluateTrustPolicy, type TrustRequest } from "../../src/trust-policy/evaluate-trust-policy.ts";
import { requestKeys, tagKeys } from "../../src/trust-policy/condition-keys.ts";
import { isAudience, unknownKey } from "../../src/trust-policy/hints.ts";
import type { PolicyDocument } from "../../src/trust-policy/policy.ts";
import { readTrustPolicy } from "../../src/trust-policy/read-trust-policy.ts";
import type { TokenClaims } from "../../src/trust-policy/web-identity.ts";
import { CLAIMS } from "../fake-host.ts";
import cases from "../cases/trust-policies.json" with { type: "json" };

function policyOf(document: unknown): PolicyDocument {
  const reading = readTrustPolicy(document);
  if ("policy" in reading) return reading.policy;
  throw new Error(JSON.stringify(reading.problems));
}

function statement(condition: object | undefined, more: object = {}) {
  return {
    Effect: "Allow",
    Principal: { Federated: "accounts.google.com" },
    Action: "sts:AssumeRoleWithWebIdentity",
    ...(condition !== undefined && { Condition: condition }),
    ...more,
  };
}

describe("decisions", () => {
  const rows = cases.flatMap(({ name, policy, requests }) =>
    requests.map(({ decision, ...request }) => ({ name, policy, decision, request: request as TrustRequest })),
  );
  test.each(rows)("$name: $decision to $request.claims", ({ policy, decision, request }) => {
    const { reason, decision: decided } = evaluateTrustPolicy(policyOf(policy), request);
    expect(reason).toBe(decision);
    expect(decided).toBe(decision === "allow" ? "allowed" : "denied");
  });
});

test("the reasons are data: each part with what was wanted and what there was", () => {
  const condition = { StringEquals: { "accounts.google.com:sub": CLAIMS.sub, "accounts.google.com:aud": CLAIMS.aud } };
  const result = evaluateTrustPolicy(policyOf({ Statement: statement(condition, { Sid: "Team" }) }), {
    claims: CLAIMS,
  });
  const line = { operator: "StringEquals" };
  expect(result).toEqual({
    decision: "denied",
    reason: "implicit deny",
    federated: "accounts.google.com",
    statements: [
      {
        statement: 0,
        sid: "Team",
        effect: "Allow",
        matched: false,
        principal: {
          wanted: ["Federated accounts.google.com"],
          actual: "Federated accounts.google.com",
          matched: true,
        },
        action: {
          wanted: ["sts:AssumeRoleWithWebIdentity"],
          actual: "sts:AssumeRoleWithWebIdentity",
          matched: true,
        },
        conditions: [
          { ...line, key: "accounts.google.com:sub", wanted: [CLAIMS.sub], actual: [CLAIMS.sub], matched: true },
          {
            ...line,
            key: "accounts.google.com:aud",
            wanted: [CLAIMS.aud],
            actual: [CLAIMS.azp],
            matched: false,
            hint: `accounts.google.com:aud is compared with azp = ${CLAIMS.azp}; ${CLAIMS.aud} is the token's aud, which belongs under accounts.google.com:oaud`,
          },
        ],
      },
    ],
  });
});

describe("what is shown of a statement", () => {
  const asked = { claims: CLAIMS, sessionName: "s" };
  const first = (part: object, request: TrustRequest = asked) => {
    const [result] = evaluateTrustPolicy(policyOf({ Version: "2012-10-17", Statement: part }), request).statements;
    if (result === undefined) throw new Error("there is one");
    return result;
  };

  test("principals of every kind, by type", () => {
    const principal = { AWS: ["111122223333", "*"], Service: "ec2.amazonaws.com", Federated: "accounts.google.com" };
    expect(first(statement(undefined, { Principal: principal })).principal.wanted).toEqual([
      "AWS 111122223333",
      "AWS *",
      "Service ec2.amazonaws.com",
      "Federated accounts.google.com",
    ]);
    expect(first(statement(undefined, { Principal: "*" })).principal.wanted).toEqual(["*"]);
    expect(first(statement(undefined)).sid).toBeUndefined();
    expect("sid" in first(statement(undefined))).toBe(false);
  });

  test("actions that are left out", () => {
    const part = { Effect: "Allow", Principal: "*", NotAction: ["sts:TagSession", "sts:AssumeRole"] };
    expect(first(part).action.wanted).toEqual(["not sts:TagSession", "not sts:AssumeRole"]);
  });

  test("the provider that the policy names for the token's issuer, else one without an account", () => {
    const claims = { iss: "https://issuer.example.com/a", sub: "s", aud: "a" };
    const arn = "arn:aws-cn:iam::111122223333:oidc-provider/issuer.example.com/a";
    const actual = (principal: unknown) =>
      first(statement(undefined, { Principal: principal }), { claims }).principal.actual;
    expect(actual({ Federated: ["www.amazon.com", `${arn}/b`, arn] })).toBe(`Federated ${arn}`);
    const other = arn.replace("111122223333", "999900001111");
    const two = policyOf({
      Statement: [
        statement(undefined, { Principal: { Federated: arn }, Effect: "Deny" }),
        statement(undefined, { Principal: { Federated: other } }),
      ],
    });
    const allowed = { decision: "allowed", federated: other };
    expect(evaluateTrustPolicy(two, { claims })).toMatchObject(allowed);
    expect(evaluateTrustPolicy(two, { claims, accountId: "999900001111" })).toMatchObject(allowed);
    expect(evaluateTrustPolicy(two, { claims, accountId: "111122223333" })).toMatchObject({
      reason: "explicit deny",
      federated: arn,
    });
    expect(evaluateTrustPolicy(two, { claims, accountId: "1" }).federated).toContain(":iam::1:oidc-provider/");
    expect(actual({ Federated: `x${arn}` })).toBe("Federated arn:aws:iam::ACCOUNT:oidc-provider/issuer.example.com/a");
    expect(actual({ AWS: "*" })).toBe("Federated arn:aws:iam::ACCOUNT:oidc-provider/issuer.example.com/a");
    expect(actual("*")).toBe("Federated arn:aws:iam::ACCOUNT:oidc-provider/issuer.example.com/a");
  });

  test("what is known of the request, and no more", () => {
    const keys = [
      "sts:RoleSessionName",
      "aws:CurrentTime",
      "aws:EpochTime",
      "aws:SecureTransport",
      "aws:FederatedProvider",
    ];
    const part = statement({ Null: Object.fromEntries(keys.map((key) => [key, "true"])) });
    const actual = (request: TrustRequest) => first(part, request).conditions.map((line) => line.actual?.join());
    expect(actual({ claims: CLAIMS })).toEqual([undefined, undefined, undefined, "true", "accounts.google.com"]);
    expect(actual({ ...asked, now: 1_767_225_600_999 })).toEqual([
      "s",
      "2026-01-01T00:00:00.999Z",
      "1767225600",
      "true",
      "accounts.google.com",
    ]);
    const context = { "AWS:currentTIME": ["x"], "sts:rolesessionname": ["t"], "aws:securetransport": ["false"] };
    expect(actual({ ...asked, now: 0, context })).toEqual(["t", "x", "0", "false", "accounts.google.com"]);
    // Variables see the same.
    const byVariable = statement({ StringEquals: { "aws:RequestedRegion": "${aws:CurrentTime}" } });
    const request = { ...asked, now: 0, context: { ...context, "aws:RequestedRegion": ["x"] } };
    expect(first(byVariable, request).matched).toBe(true);
  });
});

test("a provider is named whole: not by its account, as callers of AWS may be", () => {
  const name = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";
  const claims = { iss: `https://${name}`, sub: "s", aud: "a" };
  const arn = `arn:aws:iam::111122223333:oidc-provider/${name}`;
  const decision = (federated: string) => {
    const policy = policyOf({ Statement: statement(undefined, { Principal: { Federated: federated } }) });
    return evaluateTrustPolicy(policy, { claims, accountId: "111122223333" }).decision;
  };
  expect(decision(arn)).toBe("allowed");
  for (const other of ["111122223333", "arn:aws:iam::111122223333:root", name, `${arn}2`])
    expect(decision(other)).toBe("denied");
});

describe("hints", () => {
  const G = "accounts.google.com";
  const { sub, email, aud } = CLAIMS;
  const key = (name: string, value: string | string[], operator = "StringEquals") => ({
    [operator]: { [name.includes(":") ? name : `${G}:${name}`]: value },
  });
  const cluster = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";
  const hintOf = (part: object, claims: TokenClaims = CLAIMS, version = "2012-10-17") => {
    const { statements } = evaluateTrustPolicy(policyOf({ Version: version, Statement: part }), { claims });
    const [{ principal, action, conditions } = { principal: {}, action: {}, conditions: [] }] = statements;
    return [principal, action, ...conditions].flatMap((each) => ("hint" in each ? [each.hint] : []));
  };
  const { email: _, ...withoutEmail } = CLAIMS;
  const pod: TokenClaims = { iss: `https://${cluster}`, sub: "s", aud: "a" };

  test.each<[string, object, string | undefined, TokenClaims?]>([
    ["an audience, not the token's", key("aud", "https://x"), "an audience belongs under accounts.google.com:oaud"],
    [
      "the number, where azp is the email",
      key("aud", sub),
      "this token was not minted by the metadata server",
      { ...CLAIMS, azp: email },
    ],
    ["the email, where azp is the number", key("aud", email), "only tokens made with a service account's key"],
    ["another number", key("aud", "1"), undefined],
    ["a client ID", key("aud", "x.apps.googleusercontent.com"), undefined],
    ["the number under oaud", key("oaud", sub), `the numeric ID belongs under ${G}:sub and ${G}:aud`],
    ["the email under sub", key("sub", email), `compared with the numeric ID ${sub}; the email is under`],
    ["another email under sub", key("sub", "x@example.com"), "compared with a numeric ID, never with an email"],
    ["another number under sub", key("sub", "1"), undefined],
    ["another audience", key("oaud", "https://x"), undefined],
    ["capital letters", key("oaud", aud.toUpperCase()), "differ in capital letters alone"],
    ["white space", key("oaud", ` ${aud}`), "white space around it"],
    ["a slash", key("oaud", `${aud}/`), "differ in the slash at the end alone"],
    ["no slash", key("oaud", aud), "differ in the slash at the end alone", { ...CLAIMS, aud: `${aud}/` }],
    ["the scheme", key("oaud", aud.replace("https://", "")), "what stands before :// alone"],
    ["a wildcard", key("oaud", "https://*"), "StringEquals takes * and ? as they stand"],
    ["a wildcard that would not fit", key("oaud", "http://*"), undefined],
    ["a wildcard under StringLike", key("oaud", "https://x*", "StringLike"), undefined],
    ["no email in the token", key("email", "x"), "the token has no email: that of a VM", withoutEmail],
    ["no amr in the token", key("amr", "x", "ForAnyValue:StringEquals"), "the token has no amr"],
    ["no organization", key("google/organization_number", "1"), "the token has no google.organization_number"],
    ["azp as a key", key("azp", sub), `there is no key ${G}:azp: azp is compared under ${G}:aud`],
    ["a mistyped key", key("oaut", aud), `${G}:oaud is meant?`],
    ["a claim without a key", key("email_verified", "true", "Bool"), "IAM has the keys aud, oaud, sub"],
    ["https:// in the key", key(`https://${G}:sub`, sub), "without https://"],
    ["a mistyped issuer", key("account.google.com:sub", sub), `begin with ${G}:, not account.google.com:`],
    [
      "another issuer",
      key("token.actions.githubusercontent.com:sub", "x"),
      `key of another issuer: this token's begin with ${G}:`,
    ],
    ["a mistyped key of AWS", key("aws:SourceIP2", "1.2.3.4", "IpAddress"), "aws:SourceIp is meant?"],
    [
      "a key of AWS that tokens lack",
      key("aws:PrincipalArn", "x"),
      "no exchange of a token has the key aws:PrincipalArn",
    ],
    ["a key of the request", key("aws:SourceVpc", "vpc-1"), "from the request itself, not from the token"],
    [
      "a key that every request has",
      key("aws:SourceIp", "1.2.3.4", "IpAddress"),
      "every request has aws:SourceIp, but what it is here was not said: trust-policy evaluate --context aws:SourceIp=VALUE tries one",
    ],
    [
      "a key that every request has, under a negated operator",
      key("aws:sourceip", "1.2.3.4", "NotIpAddress"),
      "every request has aws:sourceip",
    ],
    ["a character that cannot be seen", key("oaud", `${aud}\u200b`), "characters that cannot be seen, as U+200B"],
    ["a tag of the request", key("aws:RequestTag/a", "x"), "from the request itself"],
    ["the session's name", key("sts:RoleSessionName", "x"), "every request has sts:RoleSessionName"],
    [
      "the number, and the azp is an email",
      key("oaud", sub),
      "the numeric ID belongs under",
      { ...CLAIMS, azp: email },
    ],
    ["the azp of another kind", key("oaud", email), "the numeric ID belongs under", { ...CLAIMS, azp: email }],
    ["several audiences of the token", key("oaud", sub), "the token's aud = a, b; ", { ...CLAIMS, aud: ["a", "b"] }],
    ["one audience among numbers", key("aud", ["1", "https://x"]), "an audience belongs under"],
    ["one email among numbers", key("sub", ["1", "x@example.com"]), "never with an email"],
    ["the email under the session's name", key("sts:RoleSessionName", email), "every request has sts:RoleSessionName"],
    ["http for https", key("oaud", aud.replace("https", "http")), "what stands before :// alone"],
    [
      "https for http",
      key("oaud", aud),
      "what stands before :// alone",
      { ...CLAIMS, aud: aud.replace("https", "http") },
    ],
    ["a URL within a URL", key("oaud", `x${aud}`), undefined],
    ["a second value that nearly fits", key("oaud", ["https://x", `${aud}/`]), "the slash at the end alone"],
    [
      "a wildcard under a set operator",
      key("oaud", "https://*", "ForAnyValue:StringEquals"),
      "ForAnyValue:StringEquals takes * and ? as they stand",
    ],
    ["a wildcard under a negated operator", key("oaud", "*", "StringNotLike"), undefined],
    ["a slash before the name of the key", key(`${G}/:sub`, sub), "without https:// and a slash at the end"],
    ["https:// within the key", key(`x/https://${G}:sub`, sub), "key of another issuer"],
    ["a key of the role's tags", key("iam:ResourceTag/a", "x"), "from the request itself"],
    ["another key of IAM", key("iam:PolicyARN", "x"), "no exchange of a token has the key iam:PolicyARN"],
    ["a variable with Version", key("oaud", "${aws:PrincipalTag/x}"), undefined],
    ["a negated operator says it itself", key("sub", sub, "StringNotEquals"), undefined],
    ["Null says it itself", key("sub", "true", "Null"), undefined],
    ["a negated operator of several", key("aud", [sub, "https://x"], "StringNotEquals"), undefined],
    ["what matches by the key's absence", key("email", "x", "StringEqualsIfExists"), undefined, withoutEmail],
    ["a slash within the key", key("accounts/.google.com:sub", sub), `begin with ${G}:, not accounts/.google.com:`],
    ["https:// in the midst of the key", key("acchttps://ounts.google.com:sub", sub), "key of another issuer"],
    ["another email", key("email", "other@example.com"), undefined],
    ["the azp under sub", key("sub", "5"), undefined, { ...CLAIMS, azp: "5" }],
    ["an audience of a cluster", key(`${cluster}:aud`, "https://x"), undefined, pod],
    ["an email as a pod's sub", key(`${cluster}:sub`, "x@example.com"), undefined, pod],
    ["one of two", key("amr", "a", "ForAllValues:StringEquals"), undefined, { ...CLAIMS, amr: ["a", "b"] }],
    ["a character that cannot be seen, in another value", key("oaud", "https://x\u200b"), undefined],
    ["https:// in the midst of a value", key("oaud", "xhttps://y"), undefined, { ...CLAIMS, aud: "xy" }],
    ["https:// in the midst of the token's", key("oaud", "xy"), undefined, { ...CLAIMS, aud: "xhttps://y" }],
  ])("%s", (_name, condition, hint, claims) => {
    const hints = hintOf(statement(condition), claims);
    if (hint === undefined) expect(hints).toEqual([]);
    else expect(hints).toEqual([expect.stringContaining(hint)]);
  });

  test.each([...requestKeys, ...tagKeys.map((prefix) => `${prefix}a`)])("%s can be in a request", (name) => {
    expect(unknownKey(name.toUpperCase(), G)).toBeUndefined();
    expect(name).toMatch(/^(aws|sts|iam):[A-Z][A-Za-z]+(\/a)?$/);
  });

  test.each(["aud", "oaud", "sub", "email", "amr", "google/organization_number"])("Google has the key %s", (name) => {
    expect(unknownKey(`${G}:${name}`, G)).toBeUndefined();
    expect(unknownKey(`${cluster}:${name}`, cluster) === undefined).toBe(["aud", "sub", "amr"].includes(name));
  });

  test("a variable without Version", () => {
    const hints = hintOf(statement(key("sub", "${accounts.google.com:sub}")), CLAIMS, "2008-10-17");
    expect(hints).toEqual(['without "Version": "2012-10-17" a variable is plain text']);
    expect(hintOf(statement(key("sub", "1")), CLAIMS, "2008-10-17")).toEqual([]);
  });

  test.each(["CurrentTime", "EpochTime", "RequestedRegion", "SourceIp", "UserAgent"])(
    "every request has %s",
    (name) => {
      const [hint] = hintOf(statement(key(`aws:${name}`, "x")));
      expect(hint).toContain(`every request has aws:${name}`);
    },
  );

  test("none for what was said of the request and is another", () => {
    const policy = policyOf({ Statement: statement(key("aws:SourceIp", "1.2.3.4", "IpAddress")) });
    const context = { "aws:SourceIp": ["5.6.7.8"] };
    const [condition] = evaluateTrustPolicy(policy, { claims: CLAIMS, context }).statements[0]?.conditions ?? [];
    expect(condition).toEqual(expect.objectContaining({ matched: false, actual: ["5.6.7.8"] }));
    expect(condition).not.toHaveProperty("hint");
  });

  test.each<[string, object, string | undefined, TokenClaims?]>([
    [
      "https:// before Google's name",
      { Federated: "https://accounts.google.com" },
      `Google's name in a trust policy is ${G}`,
    ],
    [
      "a provider for Google",
      { Federated: `arn:aws:iam::111122223333:oidc-provider/${G}` },
      "Google is built into AWS under the name",
    ],
    ["another provider", { Federated: "www.amazon.com" }, undefined],
    ["a cluster of Google's", { Federated: `arn:aws:iam::111122223333:oidc-provider/${cluster}` }, undefined],
    [
      "Google's name within others",
      { Federated: ["www.amazon.com", "google.com"] },
      `Google's name in a trust policy is ${G}`,
    ],
    [
      "a role called after Google",
      { AWS: "arn:aws:iam::111122223333:role/google" },
      "for callers that AWS knows already",
    ],
    [
      "a provider for Google beside another",
      { Federated: ["www.amazon.com", `arn:aws:iam::111122223333:oidc-provider/${G}`] },
      "Google is built into AWS",
    ],
    [
      "callers of AWS and another provider",
      { Federated: "www.amazon.com", AWS: "111122223333" },
      "for callers that AWS knows already",
    ],
    [
      "a cluster by the ARN of another, beside others",
      { Federated: ["www.amazon.com", `arn:aws:iam::111122223333:oidc-provider/${cluster}2`] },
      `arn:aws:iam::ACCOUNT:oidc-provider/${cluster}`,
      { iss: `https://${cluster}`, sub: "s", aud: "a" },
    ],
    ["callers of AWS", { AWS: "111122223333" }, "for callers that AWS knows already"],
    ["services", { Service: "ec2.amazonaws.com" }, "for callers that AWS knows already"],
    [
      "a cluster by its name",
      { Federated: cluster },
      `arn:aws:iam::ACCOUNT:oidc-provider/${cluster}`,
      { iss: `https://${cluster}`, sub: "s", aud: "a" },
    ],
    [
      "another cluster",
      { Federated: "container.googleapis.com/v1/projects/other" },
      `arn:aws:iam::ACCOUNT:oidc-provider/${cluster}`,
      pod,
    ],
    ["a cluster, and Google", { Federated: G }, undefined, { iss: `https://${cluster}`, sub: "s", aud: "a" }],
  ])("principal: %s", (_name, principal, hint, claims) => {
    const hints = hintOf(statement(undefined, { Principal: principal }), claims);
    if (hint === undefined) expect(hints).toEqual([]);
    else expect(hints).toEqual([expect.stringContaining(hint)]);
  });

  test("actions", () => {
    expect(hintOf(statement(undefined, { Action: "sts:assumerole" }))).toEqual([
      "sts:AssumeRole is for callers that have AWS credentials; a token asks for sts:AssumeRoleWithWebIdentity",
    ]);
    for (const action of ["sts:TagSession", "sts:AssumeRoleWithSAML", "sts:*Role"])
      expect(hintOf(statement(undefined, { Action: action }))).toEqual([]);
    expect(hintOf(statement(undefined, { Action: ["sts:TagSession", "sts:AssumeRole"] }))).toHaveLength(1);
  });
});

test.each([
  ["https://aws.example.com", true],
  ["x-y.z+1://a*", true],
  ["sts.amazonaws.com", true],
  ["1a", true],
  ["a1", true],
  ["x.apps.googleusercontent.com.example.com", true],
  ["a/b.apps.googleusercontent.com", true],
  ["a-1_b.apps.googleusercontent.com", false],
  ["100111222333444555666", false],
  ["a@b.example.com", false],
  ["a*", false],
  ["a?", false],
  ["${x}", false],
  ["a@b://c", false],
])("%s is an audience: %s", (text, expected) => {
  expect(isAudience(text)).toBe(expected);
});

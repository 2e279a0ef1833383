import { describe, expect, test } from "vitest";
import { evaluateTrustPolicy, type TrustRequest } from "../../src/trust-policy/evaluate-trust-policy.ts";
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
    [
      "a key of the request",
      key("aws:SourceIp", "1.2.3.4", "IpAddress"),
      "from the request itself, not from the token",
    ],
    ["a tag of the request", key("aws:RequestTag/a", "x"), "from the request itself"],
    ["the session's name", key("sts:RoleSessionName", "x"), "from the request itself"],
    ["a negated operator says it itself", key("sub", sub, "StringNotEquals"), undefined],
    ["Null says it itself", key("sub", "true", "Null"), undefined],
  ])("%s", (_name, condition, hint, claims) => {
    const hints = hintOf(statement(condition), claims);
    if (hint === undefined) expect(hints).toEqual([]);
    else expect(hints).toEqual([expect.stringContaining(hint)]);
  });

  test("a variable without Version", () => {
    const hints = hintOf(statement(key("sub", "${accounts.google.com:sub}")), CLAIMS, "2008-10-17");
    expect(hints).toEqual(['without "Version": "2012-10-17" a variable is plain text']);
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
    ["callers of AWS", { AWS: "111122223333" }, "for callers that AWS knows already"],
    ["services", { Service: "ec2.amazonaws.com" }, "for callers that AWS knows already"],
    [
      "a cluster by its name",
      { Federated: cluster },
      `arn:aws:iam::ACCOUNT:oidc-provider/${cluster}`,
      { iss: `https://${cluster}`, sub: "s", aud: "a" },
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
    expect(hintOf(statement(undefined, { Action: "sts:TagSession" }))).toEqual([]);
  });
});

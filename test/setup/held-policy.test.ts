import { describe, expect, it } from "vitest";
import { checkClosed, joined, takes } from "../../src/setup/held-policy.ts";
import type { PolicyRequest } from "../../src/trust-policy/evaluate.ts";
import { trustGoogle } from "../../src/trust-policy/generate.ts";
import { parsePolicy } from "../../src/trust-policy/policy.ts";

const ROLE = "arn:aws:iam::111122223333:role/R";
const SUB = "100111222333444555666";
const key = (name: string) => `accounts.google.com:${name}`;
const request: PolicyRequest = {
  action: "sts:AssumeRoleWithWebIdentity",
  principal: { type: "Federated", value: "accounts.google.com" },
  context: {
    [key("sub")]: [SUB],
    [key("aud")]: [SUB],
    [key("oaud")]: ["https://a.example"],
    [key("email")]: ["a@p.iam.gserviceaccount.com"],
    "aws:SecureTransport": ["true"],
  },
};

const own = { StringEquals: { [key("sub")]: SUB, [key("oaud")]: "https://a.example" } };
const another = { StringEquals: { [key("sub")]: "1", [key("oaud")]: "https://a.example" } };
const allow = (Condition: object, more: object = {}) => ({
  Effect: "Allow",
  Principal: { Federated: "accounts.google.com" },
  Action: "sts:AssumeRoleWithWebIdentity",
  Condition,
  ...more,
});
const deny = (Condition?: object, more: object = {}) => ({
  Effect: "Deny",
  Principal: "*",
  Action: "sts:*",
  ...(Condition && { Condition }),
  ...more,
});
const ask = (...statements: object[]) =>
  takes(parsePolicy({ Version: "2012-10-17", Statement: statements }), request, ROLE);

const address = { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } };
const elsewhere = { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } };

describe("a role takes the identity", () => {
  it.each<[string, object[]]>([
    ["by its own statement", [allow(own)]],
    ["by one for everybody", [allow({})]],
    ["by one that asks for TLS", [allow({ ...own, Bool: { "aws:SecureTransport": "true" } })]],
    ["by a variable that is known", [allow({ StringLike: { [key("sub")]: "${accounts.google.com:AUD}" } })]],
    ["and limits another", [allow({ ...another, ...address }), allow(own)]],
    // Nothing is added there either.
    ["and may deny it", [allow(own), deny(elsewhere)]],
    ["and limits it in another statement", [allow({ ...own, ...address }), allow(own)]],
  ])("%s", (_, statements) => expect(ask(...statements)).toBe(true));
});

describe("a role does not take the identity yet", () => {
  it.each<[string, object[]]>([
    ["others have theirs", [allow(another)]],
    ["others have theirs within limits", [allow({ ...another, ...address })]],
    ["others have theirs by email", [allow({ StringEquals: { [key("email")]: "b@p.iam.gserviceaccount.com" } })]],
    ["another issuer has", [allow(address, { Principal: { Federated: "www.amazon.com" } })]],
    [
      "another action is limited",
      [allow(address, { Action: "sts:TagSession" }), deny(undefined, { Action: "sts:TagSession" })],
    ],
    ["others are denied", [deny({ StringEquals: { [key("sub")]: "1" } })]],
    ["what is not TLS is denied", [deny({ Bool: { "aws:SecureTransport": "false" } })]],
  ])("where %s", (_, statements) => expect(ask(...statements)).toBe(false));
});

describe("setup does not go round", () => {
  it.each<[string, object[], string]>([
    [
      "an address",
      [allow(another), allow({ ...own, ...address })],
      "Statement[1] of the trust policy of " + ROLE + " takes this identity only within limits of aws:SourceIp",
    ],
    [
      "times that are over",
      [allow({ ...own, DateLessThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } })],
      "limits of aws:CurrentTime",
    ],
    [
      "several",
      [allow({ ...own, ...address, DateLessThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } })],
      "limits of aws:SourceIp, aws:CurrentTime:",
    ],
    [
      "the name of a session",
      [allow({ StringEquals: { ...own.StringEquals, "sts:RoleSessionName": "x" } }, { Sid: "Team" })],
      'Statement[0] "Team" of',
    ],
    ["a claim that is not known", [allow({ ...own, StringLike: { [key("amr")]: "x" } })], `limits of ${key("amr")}`],
    ["a limit of everybody", [allow(address)], "limits of aws:SourceIp"],
    [
      "a limit where the key is there",
      [allow({ ...own, IpAddressIfExists: address.IpAddress })],
      "limits of aws:SourceIp",
    ],
    ["a limit by exclusion", [allow({ ...own, ...elsewhere })], "limits of aws:SourceIp"],
    ["a key that must be missing", [allow({ ...own, Null: { "aws:SourceVpc": "true" } })], "limits of aws:SourceVpc"],
    ["a variable", [allow({ StringLike: { [key("sub")]: "1${sts:RoleSessionName}" } })], `limits of ${key("sub")}`],
    ["a Deny", [deny()], "Statement[0] of the trust policy of " + ROLE + " denies this identity:"],
    [
      "a Deny of this identity",
      [allow(own), deny({ StringEquals: { [key("sub")]: SUB } })],
      "Statement[1] of the trust policy of " + ROLE + " denies this identity:",
    ],
    ["a Deny of everybody else", [deny({ StringNotEquals: { [key("sub")]: "1" } })], "denies this identity:"],
    ["a Deny elsewhere", [allow(another), deny(elsewhere)], "may deny this identity, by aws:SourceIp"],
    ["a Deny there", [deny(address)], "may deny this identity, by aws:SourceIp"],
    [
      "a Deny by a variable",
      [deny({ StringEquals: { [key("sub")]: "${aws:username}" } })],
      "may deny this identity, by",
    ],
  ])("%s", (_, statements, message) => {
    expect(() => ask(...statements)).toThrow(
      expect.objectContaining({
        code: "USAGE_INVALID_VALUE",
        message: expect.stringContaining(message),
        hint: expect.stringContaining("--skip-aws"),
      }),
    );
  });
});

describe("a policy of version 2008-10-17", () => {
  const held = parsePolicy({ Statement: allow(another) });

  it("gets no statement that needs variables", () => {
    expect(() => joined(held, trustGoogle([{ sub: "1" }], ["a${b"]), ROLE)).toThrow(
      expect.objectContaining({ code: "USAGE_INVALID_VALUE", message: expect.stringContaining("2008-10-17") }),
    );
  });

  it("gets one that has none, and stays of its version", () => {
    expect(joined(held, trustGoogle([{ sub: "1" }], ["a$b"]), ROLE)).toMatchObject({
      version: "2008-10-17",
      statements: [{}, {}],
    });
    const newer = { ...held, version: "2012-10-17" as const };
    expect(joined(newer, trustGoogle([{ sub: "1" }], ["a${b"]), ROLE).statements).toHaveLength(2);
  });
});

it.each([
  [{ StringLike: { "accounts.google.com:oaud": "*" } }, [], /lets strangers in: .*audience-only/],
  [
    { StringLike: { "accounts.google.com:oaud": "*" } },
    Array.from("abcdefghijklmnopqrst", (letter) => ({ StringNotLike: { "accounts.google.com:oaud": `*${letter}*` } })),
    /may let strangers in: .*too-complex/,
  ],
])("a role is not closed that lets strangers in, or may", (condition, denied, message) => {
  const statement = { Principal: { Federated: "accounts.google.com" }, Action: "sts:AssumeRoleWithWebIdentity" };
  const policy = parsePolicy({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", ...statement, Condition: condition },
      ...denied.map((Condition) => Object.assign({ Effect: "Deny", Condition }, statement)),
    ],
  });
  expect(() => checkClosed(policy, "arn:aws:iam::111122223333:role/R")).toThrow(message);
});

import { describe, expect, test } from "vitest";
import { getRole } from "../../../src/emulator/aws/get-role.ts";
import { createSessions } from "../../../src/emulator/aws/sessions.ts";
import type { Caller } from "../../../src/emulator/aws/caller.ts";
import { formatPolicy } from "../../../src/trust-policy/policy.ts";
import { accountId, definition, readerArn, region } from "./account.ts";

const clock = () => 0;
const account = { definition, clock, providers: [], region, sessions: createSessions(clock) };

function ask(form: Record<string, string>, userName = "admin") {
  const user = definition.users.find(({ name }) => name === userName);
  if (!user) throw new Error("no such user");
  const caller: Caller = { type: "user", user, accountId };
  const request = { method: "POST", path: "/", query: "", headers: {}, body: new Uint8Array(), remoteAddress: "::1" };
  const unknown = { requestParameters: null, responseElements: null, roleArn: undefined, issued: undefined };
  return getRole(account, { request, parameters: new URLSearchParams(form), caller, ...unknown });
}

describe("GetRole", () => {
  test("answers with the trust policy, URL-encoded", () => {
    const { Role } = Object(ask({ RoleName: "Reader" }));
    expect(Role).toMatchObject({ Arn: readerArn, Path: "/team/", MaxSessionDuration: 7200 });
    expect(Role.AssumeRolePolicyDocument).toMatch(/^%7B%22Version%22/);
    const [reader] = definition.roles;
    const document = reader && JSON.parse(JSON.stringify(formatPolicy(reader.trustPolicy)));
    expect(JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument))).toEqual(document);
  });

  test.each([
    [{ RoleName: "Missing" }, "admin", { status: 404, code: "NoSuchEntity" }],
    [{ RoleName: "Reader" }, "nobody", { status: 403, code: "AccessDenied" }],
    [{ RoleName: "a/b" }, "admin", { status: 400, code: "ValidationError" }],
    [{}, "admin", { status: 400, code: "ValidationError" }],
  ])("%j by %s", (form, user, expected) => {
    expect(() => ask(form, user)).toThrow(expect.objectContaining(expected));
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { templateClaims } from "../../src/identity-token/claims.ts";
import { parseRoleArn } from "../../src/sts/role-arn.ts";
import { isSessionNameTemplate, renderSessionName } from "../../src/sts/session-name.ts";

describe("session name", () => {
  it("is one that STS takes, whatever the claims say", () => {
    const part = fc.oneof(
      fc.constantFrom(...templateClaims).map((claim) => `{${claim}}`),
      fc.stringMatching(/^[\w+=,.@-]{0,20}$/),
    );
    const template = fc
      .array(part, { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join(""))
      .filter(isSessionNameTemplate);
    const claims = fc.record(
      Object.fromEntries(
        templateClaims.map((name) => [name, fc.string({ minLength: 1, maxLength: 100, unit: "binary" })]),
      ),
    );
    fc.assert(
      fc.property(template, claims, (text, values) => {
        expect(renderSessionName(text, { values, exp: undefined })).toMatch(/^[\w+=,.@-]{2,64}$/);
      }),
    );
  });

  it.each([
    ["{sub}", { sub: "1121" }, "1121"],
    ["{email}", { email: "team-a@p.iam.gserviceaccount.com" }, "team-a@p.iam.gserviceaccount.com"],
    ["{aud}", { aud: "https://aws.example.com" }, "https---aws.example.com"],
    ["{project_id}.{instance_name}", { project_id: "p", instance_name: "vm 1" }, "p.vm-1"],
    ["{instance_name}", { instance_name: "a" }, "a-"],
    ["{sub}", { sub: "x".repeat(70) }, "x".repeat(64)],
    ["fixed", {}, "fixed"],
  ])("%s over %j is %s", (template, claims, name) => {
    expect(renderSessionName(template, { values: { ...claims }, exp: undefined })).toBe(name);
  });

  it.each(["a", "a b", "{nope}", "{}", "{sub", "sub}", "{sub} x", "é{sub}", "x".repeat(65), "", "{{sub}}"])(
    "%j is refused as a template",
    (template) => {
      expect(isSessionNameTemplate(template)).toBe(false);
    },
  );

  it("says which claim is missing", () => {
    expect(() => renderSessionName("{instance_name}", { values: { sub: "1" }, exp: undefined })).toThrow(
      'the identity token has no claim "instance_name"',
    );
  });
});

describe("role ARN", () => {
  it("gives back the parts of every valid one", () => {
    const partition = fc.constantFrom("aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc");
    const account = fc.stringMatching(/^\d{12}$/);
    const path = fc.oneof(fc.constant(""), fc.stringMatching(/^[\w.-]{1,20}\/$/));
    const name = fc.stringMatching(/^[\w+=,.@-]{1,64}$/);
    fc.assert(
      fc.property(partition, account, path, name, (p, a, folder, n) => {
        expect(parseRoleArn(`arn:${p}:iam::${a}:role/${folder}${n}`)).toEqual({ partition: p, accountId: a, name: n });
      }),
    );
  });

  it.each([
    "",
    "RoleName",
    "arn:aws:iam::11112222333:role/R",
    "arn:aws:iam::111122223333:user/R",
    "arn:aws:sts::111122223333:assumed-role/R/s",
    "arn:aws:iam::111122223333:role/",
    "arn:aws:iam::111122223333:role/a b",
    "arn:gcp:iam::111122223333:role/R",
    "arn:aws:iam::111122223333:role/R\n",
    `arn:aws:iam::111122223333:role/${"x".repeat(65)}`,
    `arn:aws:iam::111122223333:role/${"p/".repeat(1100)}R`,
  ])("%j is refused", (arn) => {
    expect(parseRoleArn(arn)).toBeUndefined();
  });
});

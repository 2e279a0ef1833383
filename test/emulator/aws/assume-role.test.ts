import { afterEach, beforeEach, expect, test } from "vitest";
import { accountId, admin, connect, createAccount, outcome, type TestAccount } from "./account.ts";

const byAccount = `arn:aws:iam::${accountId}:role/ByAccount`;
const nobody = { accessKeyId: "AKIAI44QH8DHBEXAMPLE", secretAccessKey: "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY" };

let account: TestAccount;
let aws: Awaited<ReturnType<typeof connect>>;

beforeEach(async () => {
  account = createAccount();
  aws = await connect(account);
});

afterEach(() => aws.close());

test("a session takes on a second role that names its role, and acts as it", async () => {
  const input = { SourceIdentity: undefined, DurationSeconds: 3600 };
  const { Credentials, AssumedRoleUser } = await aws.assumeRole(await account.credentials(), input);
  expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${accountId}:assumed-role/Chained/second`);
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
  const second = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  expect(await aws.identity(second)).toMatchObject({ Arn: AssumedRoleUser?.Arn });
  expect(await outcome(aws.buckets(second))).toBe("200");
});

test.each([
  [{ DurationSeconds: 3601 }, "400 ValidationError: The requested DurationSeconds exceeds the 1 hour session limit"],
  [{ RoleArn: byAccount, ExternalId: "shared" }, "403 AccessDenied"],
  [{ RoleArn: `arn:aws:iam::${accountId}:role/None` }, "403 AccessDenied"],
  [{ SourceIdentity: "jane" }, "403 AccessDenied: User: "],
  [{ ExternalId: "x" }, "Member must have length greater than or equal to 2"],
  [{ ExternalId: "a b" }, "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*"],
  [{ SourceIdentity: "x" }, "Member must have length greater than or equal to 2"],
  [{ Tags: [{ Key: "k", Value: "v" }] }, "501 NotImplemented"],
])("a chained session with %j", async (input, expected) => {
  expect(await outcome(aws.assumeRole(await account.credentials(), input))).toContain(expected);
});

test("a Deny of the caller's own outweighs a trust that names it", async () => {
  const Policy = '{"Statement":{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}}';
  expect(await outcome(aws.assumeRole(await account.credentials({ Policy }), {}))).toContain("403 AccessDenied");
});

test("a trust in the account needs the caller's own permission and the trust's condition", async () => {
  const arn = { RoleArn: byAccount };
  expect(await outcome(aws.assumeRole(admin, { ...arn, ExternalId: "shared" }))).toBe("200");
  expect(await outcome(aws.assumeRole(admin, { ...arn, ExternalId: "other" }))).toBe(
    `403 AccessDenied: User: arn:aws:iam::${accountId}:user/admin is not authorized to perform: sts:AssumeRole on resource: ${byAccount}`,
  );
  expect(await outcome(aws.assumeRole(nobody, { ...arn, ExternalId: "shared" }))).toContain("403 AccessDenied");
});

test("a role's own maximum", async () => {
  const input = { RoleArn: byAccount, ExternalId: "shared", DurationSeconds: 3601 };
  expect(await outcome(aws.assumeRole(admin, input))).toContain("exceeds the MaxSessionDuration");
});

import { afterEach, beforeEach, expect, test } from "vitest";
import { accountId, admin, connect, createAccount, type Credentials, outcome, type TestAccount } from "./account.ts";

const byAccount = `arn:aws:iam::${accountId}:role/ByAccount`;
const tagged = `arn:aws:iam::${accountId}:role/Tagged`;
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
  [{ Tags: [{ Key: "k", Value: "v" }] }, "is not authorized to perform: sts:TagSession"],
  [{ RoleArn: tagged, Tags: [{ Key: "team", Value: "b" }] }, "403 AccessDenied"],
  [{ RoleArn: tagged, SourceIdentity: "john" }, "403 AccessDenied"],
  [{ RoleArn: tagged, Tags: [{ Key: "team", Value: "a" }], TransitiveTagKeys: ["x"] }, "400 InvalidParameterValue"],
  [
    {
      RoleArn: tagged,
      Tags: [
        { Key: "team", Value: "a" },
        { Key: "Team", Value: "a" },
      ],
    },
    "Duplicate tag keys found",
  ],
  [{ RoleArn: tagged, Tags: [{ Key: "k", Value: "a,b" }] }, "Member must satisfy regular expression pattern"],
  [{ RoleArn: tagged, Tags: [{ Key: "aws:k", Value: "a" }] }, "may not start with 'aws:'"],
  [
    { RoleArn: tagged, Tags: Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: "" })) },
    "Member must have length less than or equal to 50",
  ],
])("a chained session with %j", async (input, expected) => {
  expect(await outcome(aws.assumeRole(await account.credentials(), input))).toContain(expected);
});

test("transitive tags and the source identity go on to the next role, which may refuse them", async () => {
  const session = async (credentials: Credentials, input: Parameters<typeof aws.assumeRole>[1]) => {
    const {
      AccessKeyId = "",
      SecretAccessKey = "",
      SessionToken = "",
    } = (await aws.assumeRole(credentials, input)).Credentials ?? {};
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  };
  const Tags = [
    { Key: "team", Value: "a" },
    { Key: "job", Value: "7" },
  ];
  const input = { RoleArn: tagged, Tags, TransitiveTagKeys: ["team"], SourceIdentity: "jane" };
  const second = await session(await account.credentials(), input);
  const last = { RoleArn: `${tagged}Last` };
  expect(await outcome(aws.assumeRole(second, last))).toBe("200");
  expect(await outcome(aws.assumeRole(second, { ...last, Tags: [{ Key: "job", Value: "8" }] }))).toBe("200");
  expect(await outcome(aws.assumeRole(second, { ...last, Tags: [{ Key: "Team", Value: "a" }] }))).toContain(
    "conflicts with a transitive tag key",
  );
  expect(await outcome(aws.assumeRole(second, { ...last, SourceIdentity: "john" }))).toContain("403 AccessDenied");
  expect(await outcome(aws.assumeRole(second, { RoleArn: `arn:aws:iam::${accountId}:role/UntaggedLast` }))).toContain(
    "is not authorized to perform: sts:SetSourceIdentity",
  );

  const third = { RoleArn: `${tagged}Third` };
  expect(await outcome(aws.assumeRole(await session(second, last), third))).toBe("200");
  const untagged = await session(await account.credentials(), { ...input, TransitiveTagKeys: [] });
  expect(await outcome(aws.assumeRole(await session(untagged, last), third))).toContain("403 AccessDenied");
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

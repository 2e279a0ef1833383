import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { createTrail } from "../../src/emulator/cloudtrail.ts";
import { accountId, connect, createAccount, element, readerArn, subject, type TestAccount } from "./aws/account.ts";

/** Every record that the account's calls so far leave, with the path of its file. */
async function trailOf({ records, time }: TestAccount) {
  const files: { path: string; text: string }[] = [];
  const write = async (path: string, data: Uint8Array) => {
    files.push({ path, text: gunzipSync(data).toString() });
  };
  const trail = createTrail({ accountId, clock: () => time.now, write });
  for (const record of records) await trail(record);
  return files.map(({ path, text }) => ({ path, text, event: Object(JSON.parse(text)).Records[0] }));
}

const reader = `arn:aws:sts::${accountId}:assumed-role/Reader/session-1`;

test("a successful exchange", async () => {
  const account = createAccount();
  const { body } = await account.exchange({ DurationSeconds: "900" }, { "user-agent": "gcp2aws/test" });
  const [file, ...others] = await trailOf(account);
  expect(others).toEqual([]);
  expect(file?.path).toMatch(
    /^AWSLogs\/111122223333\/CloudTrail\/eu-west-1\/2026\/06\/01\/111122223333_CloudTrail_eu-west-1_20260601T1200Z_[A-Z0-9]{16}\.json\.gz$/,
  );
  expect(file?.event).toMatchObject({
    userIdentity: {
      type: "WebIdentityUser",
      principalId: `accounts.google.com:${subject}:${subject}`,
      userName: subject,
      identityProvider: "accounts.google.com",
    },
    eventTime: "2026-06-01T12:00:00Z",
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRoleWithWebIdentity",
    awsRegion: "eu-west-1",
    sourceIPAddress: "127.0.0.1",
    userAgent: "gcp2aws/test",
    requestParameters: { roleArn: readerArn, roleSessionName: "session-1", durationSeconds: 900 },
    responseElements: {
      credentials: { accessKeyId: element(body, "AccessKeyId"), expiration: "Jun 1, 2026, 12:15:00 PM" },
      subjectFromWebIdentityToken: subject,
      assumedRoleUser: { assumedRoleId: element(body, "AssumedRoleId"), arn: reader },
      provider: "accounts.google.com",
      audience: subject,
    },
    requestID: element(body, "RequestId"),
    resources: [{ accountId, type: "AWS::IAM::Role", ARN: readerArn }],
    readOnly: true,
    eventType: "AwsApiCall",
    recipientAccountId: accountId,
  });
  expect(file?.event.eventID).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(file?.event.userIdentity).not.toHaveProperty("accountId");
  expect(file?.event).not.toHaveProperty("errorCode");
});

test("a denied exchange says less than its answer did", async () => {
  const account = createAccount();
  await account.exchange({ WebIdentityToken: await account.token({ sub: "999" }) });
  const [file] = await trailOf(account);
  expect(file?.event).toMatchObject({
    userIdentity: { type: "WebIdentityUser", userName: "999" },
    errorCode: "AccessDenied",
    errorMessage: "An unknown error occurred",
    responseElements: null,
  });
});

test("what has no established caller leaves no record", async () => {
  const account = createAccount();
  await account.exchange({ WebIdentityToken: await account.token({ iss: "https://evil.example.com" }) });
  await account.exchange({ RoleSessionName: "a b" });
  await account.post({ Action: "GetCallerIdentity", Version: "2011-06-15" });
  expect(account.records).toHaveLength(3);
  expect(await trailOf(account)).toEqual([]);
});

test("later calls lead back to the exchange, and none of it holds a secret", async () => {
  const account = createAccount();
  const token = await account.token();
  const credentials = await account.credentials({ WebIdentityToken: token });
  const aws = await connect(account);
  await aws.identity(credentials);
  await aws.buckets(credentials);
  await aws.assumeRole(credentials, {});
  await aws.close();
  const files = await trailOf(account);
  expect(files.map(({ event }) => event.eventName)).toEqual([
    "AssumeRoleWithWebIdentity",
    "GetCallerIdentity",
    "ListBuckets",
    "AssumeRole",
  ]);
  for (const { event } of files.slice(1)) {
    expect(event.userIdentity).toMatchObject({
      type: "AssumedRole",
      arn: reader,
      accountId,
      accessKeyId: files[0]?.event.responseElements.credentials.accessKeyId,
      sessionContext: {
        sessionIssuer: { type: "Role", arn: readerArn, userName: "Reader" },
        webIdFederationData: { federatedProvider: "accounts.google.com", attributes: {} },
        attributes: { creationDate: "2026-06-01T12:00:00Z", mfaAuthenticated: "false" },
      },
    });
  }
  expect(files[2]?.event).toMatchObject({
    eventSource: "s3.amazonaws.com",
    managementEvent: true,
    responseElements: null,
  });
  const text = files.map((file) => file.text).join("\n");
  for (const secret of [token, credentials.secretAccessKey, credentials.sessionToken]) {
    expect(text).not.toContain(secret);
  }
});

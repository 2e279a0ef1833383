// The provider for the AWS SDK for JavaScript v3, in its clients and in a chain of the SDK's own.
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { createCredentialChain } from "@aws-sdk/credential-providers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fromGoogleIdentity, type GoogleIdentityOptions } from "../../src/index.ts";
import { type Cloud, startCloud } from "../cli/cloud.ts";
import { AUDIENCE, ROLE } from "../cli/run.ts";
import { ASSUMED, BUCKETS } from "./doors.ts";

// One clock for the provider, which takes it when it is loaded, the SDK and the emulators.
vi.hoisted(() => vi.useFakeTimers({ toFake: ["Date"] }));

const MINUTE = 60_000;
const NOBODY = "127.0.0.1:9";

let cloud: Cloud;
beforeEach(async () => {
  cloud = await startCloud({ clock: () => Date.now() });
  for (const name of ["GCE_METADATA_HOST", "AWS_ENDPOINT_URL_STS", "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS"])
    vi.stubEnv(name, cloud.env[name]);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await cloud.close();
});

const provider = (options: Partial<GoogleIdentityOptions> = {}) =>
  fromGoogleIdentity({ roleArn: ROLE, audience: AUDIENCE, ...options });
const settings = (credentials: STSClientConfig["credentials"] & {}) => ({
  region: "us-east-1",
  endpoint: cloud.emulator.awsUrl,
  maxAttempts: 1,
  credentials,
});
const whoIs = async (sts: STSClient) => (await sts.send(new GetCallerIdentityCommand({}))).Arn;
const exchanges = () => cloud.metadata.requests.filter((line) => line.includes("/identity?")).length;

describe("in a client", () => {
  it("GetCallerIdentity and ListBuckets", async () => {
    const credentials = provider();
    expect(await whoIs(new STSClient(settings(credentials)))).toBe(ASSUMED);
    const s3 = new S3Client({ ...settings(credentials), forcePathStyle: true });
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(BUCKETS);
    expect(exchanges()).toBe(1);
  });

  it("of another account, by impersonation", async () => {
    const [teamA, teamB] = cloud.emulator.definition.serviceAccounts.map(({ email }) => email);
    const credentials = provider({ impersonateServiceAccount: teamA ?? "", serviceAccount: teamB ?? "" });
    expect(await whoIs(new STSClient(settings(credentials)))).toBe(ASSUMED);
    expect(cloud.google.requests).toHaveLength(1);
  });

  it("first calls that come together share one exchange", async () => {
    const credentials = provider();
    const clients = Array.from({ length: 20 }, () => new STSClient(settings(credentials)));
    expect(new Set(await Promise.all(clients.map(whoIs)))).toEqual(new Set([ASSUMED]));
    expect(exchanges()).toBe(1);
  });

  it.each([
    ["due", 56],
    ["over", 600],
  ])("that lives on has new ones when the old are %s", async (_name, minutes) => {
    const sts = new STSClient(settings(provider()));
    const key = async () => (await sts.config.credentials()).accessKeyId;
    await whoIs(sts);
    const first = await key();
    vi.setSystemTime(Date.now() + minutes * MINUTE);
    await whoIs(sts);
    await vi.waitUntil(async () => (await key()) !== first, { interval: 1, timeout: 10_000 });
    expect(await whoIs(sts)).toBe(ASSUMED);
    expect(exchanges()).toBe(2);
  });

  it("has credentials though the application's function for warnings throws", async () => {
    vi.stubEnv("GCP2AWS_CACHE_DIR", "/proc/nowhere");
    const onWarning = vi.fn(() => {
      throw new Error("of the application");
    });
    const credentials = provider({ sharedCache: true, onWarning });
    expect(await whoIs(new STSClient(settings(credentials)))).toBe(ASSUMED);
    expect(onWarning).toHaveBeenCalled();
  });

  it("session policies narrow what they may do", async () => {
    const policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}';
    const policyArns = ["arn:aws:iam::aws:policy/IAMReadOnlyAccess"];
    for (const options of [{ policy }, { policyArns }]) {
      const s3 = new S3Client({ ...settings(provider(options)), forcePathStyle: true });
      await expect(s3.send(new ListBucketsCommand({}))).rejects.toThrow("because no session policy allows");
    }
  });

  it("one role is assumed by another, with tags that are said as an object", async () => {
    const chained = { via: [ROLE], externalId: "shared", sourceIdentity: "{sub}", transitiveTags: ["team"] };
    const options = { ...chained, sessionTags: { team: "a", "cost center": "" } };
    await expect(provider({ ...options, roleArn: `${ROLE}2` })()).rejects.toMatchObject({
      code: "STS_ACCESS_DENIED",
      message: expect.stringContaining("sts:AssumeRole"),
    });
    expect(cloud.aws.requests.length).toBe(2);
  });

  it.each<[string, Partial<GoogleIdentityOptions>, string]>([
    ["a role of another account", { allowedAccounts: ["444455556666"] }, "does not list its account"],
    ["no account at all", { allowedAccounts: [] }, "--allowed-account"],
    ["a tag that would be two", { via: [ROLE], sessionTags: { team: "a,admin=true" } }, 'session tag "team"'],
    ["a key that would end early", { via: [ROLE], sessionTags: { "team=a": "b" } }, 'session tag "team=a"'],
    ["a chain that is too long", { via: [ROLE], durationSeconds: 7200 }, "AWS ends a session after 3600 seconds"],
  ])("refuses %s before anything is contacted", async (_name, options, message) => {
    await expect(provider(options)()).rejects.toMatchObject({
      code: "USAGE_INVALID_VALUE",
      message: expect.stringContaining(message),
    });
    expect(cloud.metadata.requests.length).toBe(0);
  });

  it("live as long as the role allows", async () => {
    const { expiration } = await provider({ durationSeconds: "max" })();
    expect(expiration.getTime() - Date.now()).toBeGreaterThan(3590_000);
    expect(cloud.aws.requests.length).toBe(3);
  });

  it("a refusal comes out as it is", async () => {
    const sts = new STSClient(settings(provider({ audience: "https://wrong.example.com" })));
    await expect(whoIs(sts)).rejects.toMatchObject({ code: "STS_ACCESS_DENIED", tryNextLink: false });
  });
});

describe("in a chain", () => {
  const next = vi.fn(async () => ({
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  }));
  afterEach(() => next.mockClear());

  it("comes first on Google Cloud", async () => {
    expect(await whoIs(new STSClient(settings(createCredentialChain(provider(), next))))).toBe(ASSUMED);
    expect(next).not.toHaveBeenCalled();
  });

  it("leaves the turn to the next link where there is no metadata server", async () => {
    vi.stubEnv("GCE_METADATA_HOST", NOBODY);
    const chain = createCredentialChain(provider({ timeoutSeconds: 2 }), next);
    expect(await whoIs(new STSClient(settings(chain)))).toBe("arn:aws:iam::111122223333:user/admin");
  });

  it("ends it where Google's identity is there and AWS refuses it", async () => {
    const chain = createCredentialChain(provider({ audience: "https://wrong.example.com" }), next);
    await expect(whoIs(new STSClient(settings(chain)))).rejects.toMatchObject({ code: "STS_ACCESS_DENIED" });
    expect(next).not.toHaveBeenCalled();
  });
});

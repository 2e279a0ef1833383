// The AWS SDK for JavaScript as the judge of what goes over the wire, of what is read back, and of the endpoint.
import { Readable } from "node:stream";
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Credentials } from "../../src/credentials.ts";
import type { SessionPolicies } from "../../src/session-config.ts";
import { buildAssumeRole } from "../../src/sts/assume-role.ts";
import {
  type AssumeRoleWithWebIdentityInput,
  buildRequest,
  readResponse,
} from "../../src/sts/assume-role-with-web-identity.ts";
import { stsEndpoint } from "../../src/sts/endpoint.ts";
import { ROLE_ARN, START, stsErrorBody, stsSuccess } from "../fake-host.ts";

interface Wire {
  method: string;
  protocol: string;
  hostname: string;
  path: string;
  headers: Record<string, string>;
  body?: unknown;
}

function sdk(options: {
  region?: string;
  fips?: boolean;
  dualStack?: boolean;
  answer?: { status: number; body: string };
}) {
  const wire: Wire[] = [];
  const client = new STSClient({
    credentials: KEYS,
    region: options.region ?? "us-east-1",
    useFipsEndpoint: options.fips ?? false,
    useDualstackEndpoint: options.dualStack ?? false,
    maxAttempts: 1,
    requestHandler: {
      handle: (request: Wire) => {
        wire.push(request);
        const answer = options.answer ?? { status: 200, body: stsSuccess() };
        const response = {
          statusCode: answer.status,
          headers: { "content-type": "text/xml" },
          body: Readable.from([Buffer.from(answer.body)]),
        };
        return Promise.resolve({ response });
      },
    },
  });
  return { client, wire };
}

const sessionName = fc.stringMatching(/^[\w+=,.@-]{2,64}$/);
const anyText = fc.string({ unit: "binary", minLength: 1, maxLength: 200 });
const sessionPolicies = fc.record({
  policy: fc.oneof(fc.constant(""), anyText),
  arns: fc.array(anyText, { maxLength: 12 }),
});
const policiesOf = ({ policy, arns }: SessionPolicies) => ({
  Policy: policy === "" ? undefined : policy,
  PolicyArns: arns.length === 0 ? undefined : arns.map((arn) => ({ arn })),
});
const KEYS: Credentials = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "FwoGZXIvYXdzEBUaDOSY+1zJwXi29EXAMPLE==",
  expiration: new Date(START),
  accountId: "111122223333",
};
const input = fc.record({
  roleArn: fc.oneof(fc.constant(ROLE_ARN), anyText),
  roleSessionName: fc.oneof(sessionName, anyText),
  webIdentityToken: anyText,
  durationSeconds: fc.option(fc.integer({ min: 900, max: 43_200 }), { nil: undefined }),
  sessionPolicies,
});

describe("AssumeRole beside @aws-sdk/client-sts", () => {
  it("sends the same body", async () => {
    const tag = fc.record({ key: anyText, value: fc.oneof(fc.constant(""), anyText) });
    const optional = fc.oneof(fc.constant(""), anyText);
    const given = fc.record({
      roleArn: anyText,
      roleSessionName: anyText,
      durationSeconds: fc.option(fc.integer({ min: 900, max: 3_600 }), { nil: undefined }),
      sessionPolicies,
      tags: fc.array(tag, { maxLength: 3 }),
      transitiveTags: fc.array(anyText, { maxLength: 3 }),
      externalId: optional,
      sourceIdentity: optional,
    });
    await fc.assert(
      fc.asyncProperty(given, async (role) => {
        const { client, wire } = sdk({ answer: { status: 200, body: "<AssumeRoleResponse/>" } });
        const { externalId, sourceIdentity, sessionPolicies: policies, tags, transitiveTags } = role;
        await client.send(
          new AssumeRoleCommand({
            RoleArn: role.roleArn,
            RoleSessionName: role.roleSessionName,
            DurationSeconds: role.durationSeconds,
            ...policiesOf(policies),
            Tags: tags.length === 0 ? undefined : tags.map(({ key, value }) => ({ Key: key, Value: value })),
            TransitiveTagKeys: transitiveTags.length === 0 ? undefined : transitiveTags,
            ExternalId: externalId === "" ? undefined : externalId,
            SourceIdentity: sourceIdentity === "" ? undefined : sourceIdentity,
          }),
        );
        const ours = await buildAssumeRole("https://sts.us-east-1.amazonaws.com", "us-east-1", role, KEYS, START);
        expect(ours.body).toBe(wire[0]?.body);
        expect(ours.headers["content-type"]).toBe(wire[0]?.headers["content-type"]);
      }),
      { numRuns: 200 },
    );
  });
});

const asked: AssumeRoleWithWebIdentityInput = {
  roleArn: ROLE_ARN,
  roleSessionName: "ab",
  webIdentityToken: "t.t.t",
  durationSeconds: undefined,
  sessionPolicies: { policy: "", arns: [] },
};

describe("AssumeRoleWithWebIdentity beside @aws-sdk/client-sts", () => {
  it("sends the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(input, async (given) => {
        const { client, wire } = sdk({ region: "eu-west-1" });
        await client.send(
          new AssumeRoleWithWebIdentityCommand({
            RoleArn: given.roleArn,
            RoleSessionName: given.roleSessionName,
            WebIdentityToken: given.webIdentityToken,
            DurationSeconds: given.durationSeconds,
            ...policiesOf(given.sessionPolicies),
          }),
        );
        const theirs = wire[0];
        const ours = buildRequest(stsEndpoint("eu-west-1", { fips: false, dualStack: false }), given);
        expect(ours.body).toBe(theirs?.body);
        expect(ours.method).toBe(theirs?.method);
        expect(ours.url).toBe(`${theirs?.protocol}//${theirs?.hostname}${theirs?.path}`);
        expect(ours.headers["Content-Type"]).toBe(theirs?.headers["content-type"]);
        expect(Object.keys(ours.headers).map((name) => name.toLowerCase())).not.toContain("authorization");
        expect(theirs?.headers["authorization"]).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it("reads the same credentials", async () => {
    const key = fc.stringMatching(/^[A-Za-z0-9+/=]{1,80}$/);
    const seconds = fc.integer({ min: START / 1000 + 1, max: START / 1000 + 43_200 });
    const escape = fc.constantFrom(
      (text: string) => text,
      (text: string) => [...text].map((c) => `&#x${c.charCodeAt(0).toString(16)};`).join(""),
      (text: string) => `<![CDATA[${text}]]>`,
    );
    await fc.assert(
      fc.asyncProperty(key, key, key, seconds, escape, async (id, secret, token, at, escaped) => {
        const body = `<?xml version="1.0" encoding="UTF-8"?>\n${stsSuccess({
          AccessKeyId: id,
          SecretAccessKey: escaped(secret),
          SessionToken: escaped(token),
          Expiration: new Date(at * 1000).toISOString().replace(".000", ""),
        })}`;
        const { client } = sdk({ answer: { status: 200, body } });
        const theirs = await client.send(
          new AssumeRoleWithWebIdentityCommand({ RoleArn: ROLE_ARN, RoleSessionName: "ab", WebIdentityToken: "t.t.t" }),
        );
        const ours = readResponse({ status: 200, headers: {}, body }, asked, START);
        expect(ours.accessKeyId).toBe(theirs.Credentials?.AccessKeyId);
        expect(ours.secretAccessKey).toBe(theirs.Credentials?.SecretAccessKey);
        expect(ours.sessionToken).toBe(theirs.Credentials?.SessionToken);
        expect(ours.expiration).toEqual(theirs.Credentials?.Expiration);
      }),
      { numRuns: 200 },
    );
  });

  it("reads the same error code", async () => {
    const code = fc.stringMatching(/^[A-Z][A-Za-z]{2,30}$/);
    await fc.assert(
      fc.asyncProperty(code, fc.constantFrom(400, 403, 500, 503), async (awsCode, status) => {
        const body = stsErrorBody(awsCode, "why &amp; what");
        const { client } = sdk({ answer: { status, body } });
        const theirs = await client
          .send(
            new AssumeRoleWithWebIdentityCommand({
              RoleArn: ROLE_ARN,
              RoleSessionName: "ab",
              WebIdentityToken: "t.t.t",
            }),
          )
          .then(
            () => undefined,
            (error: unknown) => error,
          );
        const named = theirs instanceof Error ? theirs.name : "";
        const read = () => readResponse({ status, headers: {}, body }, asked, START);
        expect(named).toBe(awsCode);
        expect(read).toThrow(`why & what (${named})`);
      }),
      { numRuns: 100 },
    );
  });
});

// Every region of botocore's endpoints.json that STS has, and one that does not exist yet for each partition.
const regions = `af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
  ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1
  ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1
  me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2 cn-north-1 cn-northwest-1
  us-gov-east-1 us-gov-west-1 eusc-de-east-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 eu-isoe-west-1
  us-isof-east-1 us-isof-south-1 us-new-9 cn-new-9 us-gov-new-9 eusc-de-new-9 us-iso-new-9 us-isob-new-9 eu-isoe-new-9
  us-isof-new-9 xx-new-9`.split(/\s+/);

describe("the endpoint beside @aws-sdk/client-sts", () => {
  for (const region of regions) {
    it(`is the SDK's in ${region}`, async () => {
      for (const fips of [false, true]) {
        for (const dualStack of [false, true]) {
          const { client, wire } = sdk({ region, fips, dualStack });
          await client.send(
            new AssumeRoleWithWebIdentityCommand({
              RoleArn: ROLE_ARN,
              RoleSessionName: "ab",
              WebIdentityToken: "t.t.t",
            }),
          );
          expect(`${stsEndpoint(region, { fips, dualStack })}/`, JSON.stringify({ fips, dualStack })).toBe(
            `${wire[0]?.protocol}//${wire[0]?.hostname}${wire[0]?.path}`,
          );
        }
      }
    });
  }
});

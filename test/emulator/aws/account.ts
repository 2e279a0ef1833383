import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { CompactSign, exportJWK, generateKeyPair, type JSONWebKeySet } from "jose";
import { googleProvider } from "../../../src/emulator/aws/identity-provider.ts";
import { createAws } from "../../../src/emulator/aws/service.ts";
import type { CallRecord } from "../../../src/emulator/cloudtrail.ts";
import type { Definition, Role } from "../../../src/emulator/definition.ts";
import type { EmulatorRequest } from "../../../src/emulator/http.ts";
import { listen } from "../../../src/emulator/listen.ts";
import { parsePolicy } from "../../../src/trust-policy/policy.ts";

export const accountId = "111122223333";
export const region = "eu-west-1";
export const subject = "100111222333444555666";
export const audience = "https://aws.example.com";
export const admin = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

function allow(...actions: string[]) {
  return parsePolicy({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: actions, Resource: "*" } });
}

const webIdentity = {
  Effect: "Allow",
  Principal: { Federated: "accounts.google.com" },
  Action: "sts:AssumeRoleWithWebIdentity",
  Condition: {
    StringEquals: {
      "accounts.google.com:aud": subject,
      "accounts.google.com:oaud": audience,
      "accounts.google.com:sub": subject,
    },
  },
};

function role(name: string, statement: object, permissions: Role["permissions"], more: Partial<Role> = {}): Role {
  const trustPolicy = parsePolicy({ Version: "2012-10-17", Statement: statement });
  return { name, path: "/", trustPolicy, permissions, maxSessionDuration: 3600, ...more };
}

function assumeBy(principal: string, condition: object = {}) {
  return { Effect: "Allow", Principal: { AWS: principal }, Action: "sts:AssumeRole", Condition: condition };
}

export const definition: Definition = {
  accountId,
  workload: {
    platform: "gce",
    projectId: "example-project",
    projectNumber: 1,
    zone: "us-central1-a",
    instanceId: "1",
    instanceName: "instance-1",
    kubernetes: { namespace: "default", serviceAccount: "default", cluster: "cluster-1" },
  },
  serviceAccounts: [],
  roles: [
    role("Reader", webIdentity, [allow("s3:List*", "iam:GetRole")], { path: "/team/", maxSessionDuration: 7200 }),
    role("Powerless", webIdentity, []),
    role("Chained", assumeBy(`arn:aws:iam::${accountId}:role/team/Reader`), [allow("*")], {
      maxSessionDuration: 43200,
    }),
    role(
      "Tagged",
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:role/team/Reader` },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: { StringEqualsIfExists: { "aws:RequestTag/team": "a", "sts:SourceIdentity": "jane" } },
      },
      [allow("*")],
    ),
    role(
      "TaggedLast",
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:role/Tagged` },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: { StringEquals: { "aws:PrincipalTag/team": "a", "sts:SourceIdentity": "jane" } },
      },
      [allow("*")],
    ),
    role(
      "TaggedThird",
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:role/TaggedLast` },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: { StringEquals: { "aws:PrincipalTag/team": "a" }, Null: { "aws:PrincipalTag/job": "true" } },
      },
      [],
    ),
    role("UntaggedLast", assumeBy(`arn:aws:iam::${accountId}:role/Tagged`), [allow("*")]),
    role("ByAccount", assumeBy(accountId, { StringEquals: { "sts:ExternalId": "shared" } }), []),
  ],
  users: [
    { name: "admin", ...admin, permissions: [allow("*")] },
    {
      name: "nobody",
      accessKeyId: "AKIAI44QH8DHBEXAMPLE",
      secretAccessKey: "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
      permissions: [],
    },
  ],
  oidcProviders: [],
  buckets: ["a-bucket", "b-bucket"],
};

export const readerArn = `arn:aws:iam::${accountId}:role/team/Reader`;

const { privateKey, publicKey } = await generateKeyPair("RS256");
const jwks: JSONWebKeySet = { keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256", use: "sig" }] };

/** The emulated account with a clock of its own and everything that a test reads or turns. */
export function createAccount() {
  const start = Date.parse("2026-06-01T12:00:00Z");
  const time = { now: start };
  const records: CallRecord[] = [];
  const trail = async (record: CallRecord) => void records.push(record);
  const handler = createAws({
    definition,
    clock: () => time.now,
    providers: [googleProvider(async () => jwks)],
    region,
    trail,
  });

  /** A token as the metadata server would give it now, changed by `claims`. */
  const token = (claims: Record<string, unknown> = {}, header: { kid?: string } = { kid: "one" }): Promise<string> => {
    const iat = Math.floor(time.now / 1000);
    const google = { iss: "https://accounts.google.com", aud: audience, azp: subject, sub: subject };
    const payload = { ...google, email: "team-a@example.com", iat, exp: iat + 3600, ...claims };
    const bytes = new TextEncoder().encode(JSON.stringify(payload));
    return new CompactSign(bytes).setProtectedHeader({ alg: "RS256", typ: "JWT", ...header }).sign(privateKey);
  };

  const post = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    handler({
      method: "POST",
      path: "/",
      query: "",
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8", host: "sts.test", ...headers },
      body: new TextEncoder().encode(new URLSearchParams(form).toString()),
      remoteAddress: "127.0.0.1",
    });

  const exchange = async (form: Record<string, string | undefined> = {}, headers: Record<string, string> = {}) => {
    const whole = {
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: readerArn,
      RoleSessionName: "session-1",
      WebIdentityToken: await token(),
      ...form,
    };
    const given = Object.entries(whole).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    return post(Object.fromEntries(given), headers);
  };

  const credentials = async (form: Record<string, string> = {}): Promise<Credentials> => {
    const { body } = await exchange(form);
    return {
      accessKeyId: element(body, "AccessKeyId"),
      secretAccessKey: element(body, "SecretAccessKey"),
      sessionToken: element(body, "SessionToken"),
    };
  };

  return { handler, time, records, token, post, exchange, credentials };
}

export function element(xml: string, name: string): string {
  const content = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  if (content === undefined) throw new Error(`no ${name} in ${xml}`);
  return content;
}

/** Code and status of a refusal, or what was answered instead. */
export function refusal({ status, body }: { status: number; body: string }): string {
  return status === 200 ? "200" : `${status} ${element(body, "Code")}: ${element(body, "Message")}`;
}

export type TestAccount = ReturnType<typeof createAccount>;

/** The real AWS SDK against the account over a socket; `alter` changes requests on their way. */
export async function connect({ handler, time }: TestAccount) {
  const way = { alter: (request: EmulatorRequest): EmulatorRequest => request };
  const { url, close } = await listen((request) => handler(way.alter(request)), { port: 0, clock: () => time.now });
  const config = (credentials: Partial<Credentials>, signingRegion: string) => ({
    endpoint: url,
    region: signingRegion,
    credentials: { accessKeyId: "", secretAccessKey: "", ...credentials },
    maxAttempts: 1,
    systemClockOffset: time.now - Date.now(),
  });
  return {
    way,
    close,
    identity: (credentials: Partial<Credentials>, at = region) =>
      new STSClient(config(credentials, at)).send(new GetCallerIdentityCommand({})),
    buckets: (credentials: Partial<Credentials>) =>
      new S3Client(config(credentials, region)).send(new ListBucketsCommand({})),
    s3: new S3Client({ ...config(admin, region), forcePathStyle: true }),
    assumeRole: (credentials: Partial<Credentials>, input: Partial<AssumeRoleCommand["input"]>) =>
      new STSClient(config(credentials, region)).send(
        new AssumeRoleCommand({
          RoleArn: `arn:aws:iam::${accountId}:role/Chained`,
          RoleSessionName: "second",
          ...input,
        }),
      ),
  };
}

/** `403 AccessDenied: message` of a call through the SDK, or `200`. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "200";
  } catch (error) {
    if (!(error instanceof Error) || !("$metadata" in error)) throw error;
    const { httpStatusCode } = Object(error.$metadata);
    return `${httpStatusCode} ${error.name}: ${error.message}`;
  }
}

import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { afterEach, expect, test } from "vitest";
import { parseDefinition, startEmulator } from "../../src/emulator/index.ts";
import type { Emulator, EmulatorOptions } from "../../src/emulator/index.ts";
import { listen } from "../../src/emulator/listen.ts";

const NOW = Date.UTC(2026, 0, 1);
const IDENTITY =
  "/computeMetadata/v1/instance/service-accounts/default/identity?audience=https%3A%2F%2Faws.example.com";

const started: Emulator[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((emulator) => emulator.close()));
});

async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ clock: () => NOW, ...options });
  started.push(emulator);
  return emulator;
}

function assumeRole({ awsUrl }: Emulator, token: string): Promise<string> {
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA",
    RoleSessionName: "session",
    WebIdentityToken: token,
  });
  return text(awsUrl, { method: "POST", body });
}

async function text(url: string, options?: RequestInit): Promise<string> {
  return (await fetch(url, options)).text();
}

function fetchToken({ metadataUrl }: Emulator): Promise<string> {
  return text(`${metadataUrl}${IDENTITY}`, { headers: { "Metadata-Flavor": "Google" } });
}

test("the metadata server's token passes the published keys and becomes credentials", async () => {
  const emulator = await start();
  const token = await fetchToken(emulator);
  const discovery: { jwks_uri: string } = JSON.parse(
    await text(`${emulator.issuerUrl}/.well-known/openid-configuration`),
  );
  const keys = createLocalJWKSet(JSON.parse(await text(discovery.jwks_uri)));
  await jwtVerify(token, keys, { issuer: "https://accounts.google.com", currentDate: new Date(NOW) });
  expect(await assumeRole(emulator, token)).toContain("<AccessKeyId>ASIA");
});

test("a token of a key that was rotated out is refused", async () => {
  const emulator = await start();
  const token = await fetchToken(emulator);
  await emulator.rotateKeys();
  expect(await assumeRole(emulator, token)).toContain("<AccessKeyId>");
  await emulator.rotateKeys();
  expect(await assumeRole(emulator, token)).toContain("<Code>InvalidIdentityToken</Code>");
});

test("clients are pointed at it by environment variables", async () => {
  const { env, metadataUrl, awsUrl } = await start({ region: "eu-west-1" });
  expect(env).toMatchObject({
    GCE_METADATA_HOST: new URL(metadataUrl).host,
    AWS_ENDPOINT_URL: awsUrl,
    AWS_ENDPOINT_URL_STS: awsUrl,
    AWS_REGION: "eu-west-1",
    AWS_DEFAULT_REGION: "eu-west-1",
  });
});

test("CloudTrail's files go to the given function", async () => {
  const paths: string[] = [];
  const emulator = await start({
    cloudTrail: async (path) => {
      paths.push(path);
    },
  });
  await assumeRole(emulator, await fetchToken(emulator));
  expect(paths).toEqual([expect.stringMatching(/^AWSLogs\/111122223333\/CloudTrail\/us-east-1\/2026\/01\/01\//)]);
});

test("faults hit their side", async () => {
  const emulator = await start({ faults: ["metadata:status=503@1", "sts:clock-skew=7200"] });
  expect((await fetch(emulator.metadataUrl)).status).toBe(503);
  expect((await fetch(emulator.awsUrl)).headers.get("date")).toBe("Thu, 01 Jan 2026 02:00:00 GMT");
  expect(await assumeRole(emulator, await fetchToken(emulator))).toContain("<Code>ExpiredTokenException</Code>");
});

test("a fault that cannot be read starts nothing", async () => {
  await expect(startEmulator({ faults: ["sts:boom"] })).rejects.toThrow('fault "sts:boom"');
});

test("when one port is taken, the others are given up", async () => {
  const taken = await listen(async () => ({ status: 200, headers: {}, body: "" }), { port: 0, clock: Date.now });
  const free = await listen(async () => ({ status: 200, headers: {}, body: "" }), { port: 0, clock: Date.now });
  await free.close();
  await expect(startEmulator({ metadataPort: free.port, awsPort: taken.port })).rejects.toThrow("EADDRINUSE");
  await taken.close();
  await expect(fetch(`http://127.0.0.1:${free.port}`)).rejects.toThrow("fetch failed");
});

test("CloudTrail's files go below the given directory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "gcp2aws-trail-"));
  try {
    const emulator = await start({ cloudTrail: directory });
    await assumeRole(emulator, await fetchToken(emulator));
    const files = await readdir(join(directory, "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/01"));
    expect(files).toEqual([expect.stringMatching(/\.json\.gz$/)]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a projected token can be had over HTTP, and is AWS's only where the account has a provider for it", async () => {
  const emulator = await start();
  const url = `${emulator.issuerUrl}/emulator/projected-token`;
  const token = await text(`${url}?audience=sts.amazonaws.com`);
  expect(decodeJwt(token)).toMatchObject({
    iss: "https://container.googleapis.com/v1/projects/example-project/locations/us-central1-a/clusters/cluster-1",
    aud: ["sts.amazonaws.com"],
    sub: "system:serviceaccount:default:default",
    "kubernetes.io": { namespace: "default" },
  });
  expect(await assumeRole(emulator, token)).toContain("No OpenIDConnect provider found in your account for https://");
  expect((await fetch(url)).status).toBe(400);
});

test("a provider whose issuer does not answer has no keys", async () => {
  const definition = parseDefinition({ oidc_providers: [{ url: "https://ci.example.com", client_ids: ["a"] }] });
  const emulator = await start({ definition });
  const token = await emulator.issuer.mint({ iss: "https://ci.example.com", aud: "a", sub: "job" });
  expect(await assumeRole(emulator, token)).toContain("retrieve verification key");
});

test("credentials files take the place of links and pipes, and are written nowhere else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gcp2aws-emulator-"));
  const victim = join(folder, "victim");
  await writeFile(victim, "mine");
  await symlink(victim, join(folder, "authorized-user.json"));
  await (await start()).writeCredentials(folder);
  expect(await readFile(victim, "utf8")).toBe("mine");
  expect((await lstat(join(folder, "authorized-user.json"))).mode & 0o777).toBe(0o600);
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  await rm(folder, { recursive: true });
});

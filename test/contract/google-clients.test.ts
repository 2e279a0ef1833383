import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as gcpMetadata from "gcp-metadata";
import { Compute, ExternalAccountClient, GoogleAuth, Impersonated, OAuth2Client } from "google-auth-library";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readTokenConfig } from "../../src/config.ts";
import type { EmulatorRequest } from "../../src/emulator/http.ts";
import { startEmulator } from "../../src/emulator/index.ts";
import type { Emulator } from "../../src/emulator/index.ts";
import { listen } from "../../src/emulator/listen.ts";
import { processHost } from "../../src/host/process.ts";
import { openSource } from "../../src/identity-token/open-source.ts";

const AUDIENCE = "https://aws.example.com";
const TEAM_A = "team-a@example-project.iam.gserviceaccount.com";
const TEAM_B = "team-b@example-project.iam.gserviceaccount.com";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
  for (const name of ["GCE_METADATA_HOST", "GCE_METADATA_IP"]) vi.stubEnv(name, emulator.env[name]);
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", "");
  // No gcloud configuration of this machine's user may answer in the metadata server's place.
  vi.stubEnv("CLOUDSDK_CONFIG", "/nonexistent");
  vi.stubEnv("HOME", "/nonexistent");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await emulator.close();
});

describe("gcp-metadata", () => {
  test("finds the server", async () => {
    expect(await gcpMetadata.isAvailable()).toBe(true);
  });

  test("reads values", async () => {
    expect(await gcpMetadata.project("project-id")).toBe("example-project");
    expect(String(await gcpMetadata.instance("id"))).toBe("5055893581146000589");
    expect(await gcpMetadata.instance("service-accounts/default/email")).toMatch(/^team-a@/);
  });

  test("follows the redirect to a directory", async () => {
    expect(await gcpMetadata.instance({ property: "service-accounts", params: { recursive: "true" } })).toMatchObject({
      default: { aliases: ["default"] },
    });
  });
});

describe("google-auth-library", () => {
  /** Google's own verifier, with the emulator's keys in place of Google's certificates. */
  async function verify(token: string) {
    const { keys } = await emulator.issuer.keys();
    const pems = Object.fromEntries(
      keys.map((key) => [
        key.kid,
        createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }).toString(),
      ]),
    );
    const ticket = await new OAuth2Client().verifySignedJwtWithCertsAsync(token, pems, AUDIENCE, [
      "https://accounts.google.com",
    ]);
    return ticket.getPayload();
  }

  test("an ID token of the default account passes its verifier", async () => {
    const client = await new GoogleAuth().getIdTokenClient(AUDIENCE);
    const token = await client.idTokenProvider.fetchIdToken(AUDIENCE);
    expect(await verify(token)).toMatchObject({ aud: AUDIENCE, azp: "100111222333444555666", email_verified: true });
  });

  test("another account is chosen by email", async () => {
    const token = await new Compute({ serviceAccountEmail: TEAM_B }).fetchIdToken(AUDIENCE);
    expect(await verify(token)).toMatchObject({ email: TEAM_B });
  });

  test("an access token has a lifetime", async () => {
    const client = new Compute();
    expect((await client.getAccessToken()).token).toMatch(/^ya29\./);
    expect(client.credentials.expiry_date).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test("an ID token by impersonation passes its verifier", async () => {
    const client = new Impersonated({
      sourceClient: new Compute({ serviceAccountEmail: TEAM_B }),
      targetPrincipal: TEAM_A,
      endpoint: emulator.issuerUrl,
    });
    // It asks for the email in azp.
    expect(await verify(await client.fetchIdToken(AUDIENCE))).toMatchObject({ email: TEAM_A, azp: TEAM_A });
  });

  test("impersonation that is not allowed is its 403", async () => {
    const client = new Impersonated({
      sourceClient: new Compute(),
      targetPrincipal: TEAM_B,
      endpoint: emulator.issuerUrl,
    });
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toMatchObject({ status: 403 });
  });

  describe("with application default credentials", () => {
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "gcp2aws-adc-"));
      await emulator.writeCredentials(folder);
    });
    /** The library knows one token endpoint for keys, and none in a file. */
    const toEmulator: typeof fetch = (url, init) =>
      fetch(new Request(url).url.replace("https://oauth2.googleapis.com", emulator.issuerUrl), init);
    const client = async (name: string) => {
      const auth = new GoogleAuth({
        keyFile: join(folder, name),
        scopes: "https://www.googleapis.com/auth/cloud-platform",
        clientOptions: { transporterOptions: { fetchImplementation: toEmulator } },
      });
      return { auth, client: await auth.getClient() };
    };

    test("a key's ID token passes its verifier, and has the email in azp", async () => {
      const { auth } = await client(`${TEAM_A}.json`);
      const { idTokenProvider } = await auth.getIdTokenClient(AUDIENCE);
      expect(await verify(await idTokenProvider.fetchIdToken(AUDIENCE))).toMatchObject({ email: TEAM_A, azp: TEAM_A });
    });

    test.each([`${TEAM_B}.json`, "authorized-user.json"])("%s has access tokens, which impersonate", async (name) => {
      const { client: sourceClient } = await client(name);
      const impersonated = new Impersonated({ sourceClient, targetPrincipal: TEAM_A, endpoint: emulator.issuerUrl });
      expect(await verify(await impersonated.fetchIdToken(AUDIENCE))).toMatchObject({ email: TEAM_A });
    });

    test("an external identity has an access token", async () => {
      const { service_account_impersonation_url: _, ...options } = JSON.parse(
        readFileSync(join(folder, `${TEAM_A}.external.json`), "utf8"),
      );
      const external = ExternalAccountClient.fromJSON(options);
      expect((await external?.getAccessToken())?.token).toMatch(/^ya29\./);
    });

    test.each([`${TEAM_A}.json`, `${TEAM_A}.external.json`, `${TEAM_A}.impersonated.json`])(
      "our own requests for %s are accepted as its are",
      async (name) => {
        const config = readTokenConfig(
          { audience: AUDIENCE },
          { ...emulator.env, GOOGLE_APPLICATION_CREDENTIALS: join(folder, name) },
        );
        const source = await openSource(config, processHost);
        expect(await verify(await source(processHost.ticks() + 10_000))).toMatchObject({ email: TEAM_A });
      },
    );
  });

  test("our own request for Google's STS is its", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gcp2aws-adc-"));
    await emulator.writeCredentials(folder);
    const seen: EmulatorRequest[] = [];
    const api = await listen(
      async (request) => {
        seen.push(request);
        return {
          status: 200,
          headers: { "Content-Type": "application/json" },
          body: '{"access_token":"a","token":"a.b.c"}',
        };
      },
      { port: 0, clock: Date.now },
    );
    try {
      const path = join(folder, `${TEAM_A}.external.json`);
      const text = readFileSync(path, "utf8").replaceAll(emulator.issuerUrl, api.url);
      writeFileSync(path, text);
      const { service_account_impersonation_url: _, ...options } = JSON.parse(text);
      await ExternalAccountClient.fromJSON(options)?.getAccessToken();
      const config = readTokenConfig(
        { audience: AUDIENCE },
        { GOOGLE_APPLICATION_CREDENTIALS: path, CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: api.url },
      );
      await (
        await openSource(config, processHost)
      )(processHost.ticks() + 10_000);
      const [a, b] = seen.map(({ method, path: asked, query, headers, body }) => ({
        method,
        asked,
        query,
        authorization: headers["authorization"],
        form: Object.fromEntries(new URLSearchParams(new TextDecoder().decode(body))),
      }));
      expect(b).toEqual(a);
    } finally {
      await api.close();
    }
  });

  test("our own request for impersonation is its, but for the names of headers that say who asks", async () => {
    const seen: EmulatorRequest[] = [];
    const api = await listen(
      async (request) => {
        seen.push(request);
        return { status: 200, headers: { "Content-Type": "application/json" }, body: '{"token":"a.b.c"}' };
      },
      { port: 0, clock: Date.now },
    );
    try {
      const delegates = [TEAM_B];
      const theirs = new Impersonated({
        sourceClient: new Compute(),
        targetPrincipal: TEAM_A,
        delegates: delegates.map((email) => `projects/-/serviceAccounts/${email}`),
        endpoint: api.url,
      });
      await theirs.fetchIdToken(AUDIENCE);
      const config = readTokenConfig(
        { audience: AUDIENCE, impersonateServiceAccount: TEAM_A, impersonationDelegates: TEAM_B, azp: "email" },
        { ...emulator.env, CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: api.url },
      );
      const ours = await openSource(config, processHost);
      await ours(processHost.ticks() + 10_000);
      const [a, b] = seen.map(({ method, path, query, headers, body }) => {
        const { authorization, "content-type": contentType } = headers;
        return { method, path, query, authorization, contentType, body: JSON.parse(new TextDecoder().decode(body)) };
      });
      expect(b).toEqual(a);
    } finally {
      await api.close();
    }
  });

  test("our own request to the metadata server is its, but that ours encodes the audience", async () => {
    const seen: EmulatorRequest[] = [];
    const server = await listen(
      async (request) => {
        seen.push(request);
        return { status: 200, headers: { "Metadata-Flavor": "Google" }, body: "a.b.c" };
      },
      { port: 0, clock: Date.now },
    );
    vi.stubEnv("GCE_METADATA_HOST", new URL(server.url).host);
    vi.stubEnv("GCE_METADATA_IP", "");
    try {
      await new Compute().fetchIdToken(AUDIENCE);
      const config = readTokenConfig({ audience: AUDIENCE }, { GCE_METADATA_HOST: new URL(server.url).host });
      await (
        await openSource(config, processHost)
      )(processHost.ticks() + 10_000);
      const [a, b] = seen.map(({ method, path, query, headers }) => ({
        method,
        path,
        query: Object.fromEntries(new URLSearchParams(query)),
        flavor: headers["metadata-flavor"],
      }));
      expect(b).toEqual(a);
      expect(seen.map(({ query }) => query.includes("https%3A%2F%2F"))).toEqual([false, true]);
    } finally {
      for (const name of ["GCE_METADATA_HOST", "GCE_METADATA_IP"]) vi.stubEnv(name, emulator.env[name]);
      await server.close();
    }
  });

  test("an unknown account is its 404", async () => {
    const client = new Compute({ serviceAccountEmail: "nobody@example.com" });
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toMatchObject({ status: 404 });
  });
});

import { createPublicKey } from "node:crypto";
import * as gcpMetadata from "gcp-metadata";
import { Compute, GoogleAuth, OAuth2Client } from "google-auth-library";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startEmulator } from "../../src/emulator/index.ts";
import type { Emulator } from "../../src/emulator/index.ts";

const AUDIENCE = "https://aws.example.com";
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

  test("an unknown account is its 404", async () => {
    const client = new Compute({ serviceAccountEmail: "nobody@example.com" });
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toMatchObject({ status: 404 });
  });
});

import { afterEach, describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/emulator/index.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { credentialProcessEntries, FLAGS, run, ROLE } from "./run.ts";

const TEAM_A = "team-a@example-project.iam.gserviceaccount.com";
const TEAM_B = "team-b@example-project.iam.gserviceaccount.com";
const BETWEEN = "between@example-project.iam.gserviceaccount.com";
const NUMBER = "100111222333444555666";

const clouds: Cloud[] = [];
afterEach(async () => {
  await Promise.all(clouds.splice(0).map((cloud) => cloud.close()));
});

async function start(options: Parameters<typeof startCloud>[0] = {}): Promise<Cloud> {
  const cloud = await startCloud(options);
  clouds.push(cloud);
  return cloud;
}

/** Three accounts in a row, on a VM of the first; the role trusts the last, by the value of `:aud` that is given. */
const inARow = (aud: string, scopes?: string[]) =>
  parseDefinition({
    service_accounts: [
      { email: TEAM_B, unique_id: "2", ...(scopes && { scopes }) },
      { email: BETWEEN, unique_id: "3", aliases: [], token_creators: [`serviceAccount:${TEAM_B}`] },
      { email: TEAM_A, unique_id: NUMBER, aliases: [], token_creators: [`serviceAccount:${BETWEEN}`] },
    ],
    roles: [
      {
        name: "RoleForAccessFromGCPTeamA",
        trust_policy: {
          Version: "2012-10-17",
          Statement: {
            Effect: "Allow",
            Principal: { Federated: "accounts.google.com" },
            Action: "sts:AssumeRoleWithWebIdentity",
            Condition: { StringEquals: { "accounts.google.com:aud": aud, "accounts.google.com:sub": NUMBER } },
          },
        },
        permissions: [],
      },
    ],
  });

describe.each(credentialProcessEntries)("impersonation, $name", (entry) => {
  const asTeamA = [...FLAGS, "--impersonate-service-account", TEAM_A];
  const isHelper = entry.name === "native helper";

  it("gets credentials of a role that trusts the other account only", async () => {
    const cloud = await start();
    const argv = [...asTeamA, "--service-account", TEAM_B];
    const own = await run(entry, [...FLAGS, "--service-account", TEAM_B], { env: cloud.env, secrets: cloud.secrets });
    expect(own).toMatchObject({ status: 4, stdout: "" });
    const result = await run(entry, argv, { env: cloud.env, secrets: cloud.secrets });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1, AccountId: "111122223333" });
    expect(cloud.google.requests).toEqual([`POST /v1/projects/-/serviceAccounts/${TEAM_A}:generateIdToken`]);
    // The canary of this file: there was something to find.
    expect([...cloud.secrets.token].some((text) => text.startsWith("ya29."))).toBe(true);
  });

  it("goes by delegates", async () => {
    const cloud = await start({ definition: inARow(NUMBER) });
    const argv = [...asTeamA, "--impersonation-delegates", BETWEEN];
    expect(await run(entry, argv, { env: cloud.env, secrets: cloud.secrets })).toMatchObject({ status: 0, stderr: "" });
  });

  it.each([
    ["numeric", NUMBER],
    ["email", TEAM_A],
  ])("with --azp %s is what accounts.google.com:aud sees: %s", async (azp, seen) => {
    const cloud = await start({ definition: inARow(seen) });
    const argv = [...asTeamA, "--impersonation-delegates", BETWEEN, "--azp"];
    const options = { env: cloud.env, secrets: cloud.secrets };
    expect(await run(entry, [...argv, azp], options)).toMatchObject({ status: 0, stderr: "" });
    const other = await run(entry, [...argv, azp === "email" ? "numeric" : "email"], options);
    expect(other).toMatchObject({ status: 4, stdout: "" });
    expect(other.stderr).toMatch(/azp .* → accounts\.google\.com:aud\n/);
  });

  it("says which permission is missing, and how it is granted", async () => {
    const cloud = await start({ definition: inARow(NUMBER) });
    const { status, stdout, stderr } = await run(entry, asTeamA, { env: cloud.env, secrets: cloud.secrets });
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toContain("Permission 'iam.serviceAccounts.getOpenIdToken' denied");
    expect(stderr).toContain("[IDENTITY_REFUSED]");
    expect(stderr).toContain(
      `gcloud iam service-accounts add-iam-policy-binding ${TEAM_A} --role roles/iam.serviceAccountOpenIdTokenCreator --member "serviceAccount:${TEAM_B}"\n`,
    );
    expect(stderr).toContain("source impersonation: --impersonate-service-account or");
  });

  it("says that the VM lacks the scope", async () => {
    const cloud = await start({ definition: inARow(NUMBER, ["https://www.googleapis.com/auth/devstorage.read_only"]) });
    const { status, stderr } = await run(entry, asTeamA, { env: cloud.env, secrets: cloud.secrets });
    expect(status).toBe(3);
    expect(stderr).toContain("--scopes cloud-platform");
  });

  it("says that there is no such account", async () => {
    const cloud = await start();
    const argv = [...FLAGS, "--impersonate-service-account", "nobody@example-project.iam.gserviceaccount.com"];
    const { status, stderr } = await run(entry, argv, { env: cloud.env, secrets: cloud.secrets });
    expect(status).toBe(3);
    expect(stderr).toContain("[IDENTITY_NOT_FOUND]");
  });

  it("tries again where Google's API is busy", async () => {
    const cloud = await start({ faults: ["google:status=503,retry-after=1@1", "google:drop@1"] });
    const argv = [...asTeamA, "--service-account", TEAM_B];
    expect(await run(entry, argv, { env: cloud.env, secrets: cloud.secrets })).toMatchObject({ status: 0, stderr: "" });
    expect(cloud.google.requests).toHaveLength(3);
  });

  it.skipIf(isHelper)("is shown by whoami, with what the trust policy sees", async () => {
    const cloud = await start({ definition: inARow(TEAM_A) });
    const argv = ["whoami", ...asTeamA.slice(1), "--impersonation-delegates", BETWEEN, "--azp", "email"];
    const { status, stdout, stderr } = await run(entry, argv, { env: cloud.env, secrets: cloud.secrets });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(`  email       ${TEAM_A}\n`);
    expect(stdout).toContain(`  azp         ${TEAM_A}  → accounts.google.com:aud\n`);
    expect(stdout).toContain(`token from  impersonation of ${TEAM_A} by `);
    expect(stdout).toContain(", else the metadata server's default: --impersonate-service-account or");
    expect(stdout).toContain(`assumed-role/${ROLE.split("/")[1]}/${NUMBER}`);
  });

  it.skipIf(isHelper)("hands the token over", async () => {
    const cloud = await start();
    const argv = ["token", "--claims", "--json", ...asTeamA.slice(3), "--service-account", TEAM_B];
    const { status, stdout } = await run(entry, argv, { env: cloud.env, secrets: cloud.secrets });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ claims: { email: TEAM_A, azp: NUMBER, sub: NUMBER } });
  });
});

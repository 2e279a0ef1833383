import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDefinition } from "../../src/emulator/index.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, credentialProcessEntries, entries, ROLE, run } from "./run.ts";

const FLAGS = ["credential-process", "--role-arn", ROLE];
const full = entries[0];

describe.each(credentialProcessEntries)("where the token comes from, $name", (entry) => {
  let cloud: Cloud;
  let token: string;
  beforeAll(async () => {
    cloud = await startCloud();
    if (full === undefined) throw new Error("nothing to run");
    // Here the token is what is wanted on stdout.
    token = (await run(full, ["token", "--audience", AUDIENCE], { env: cloud.env })).stdout;
  });
  afterAll(() => cloud.close());

  /** As Kubernetes does: a link to a link to the file. */
  const projected = (text: string) => {
    const { HOME = "" } = cleanEnv();
    mkdirSync(join(HOME, "..2026"));
    writeFileSync(join(HOME, "..2026", "token"), text);
    symlinkSync("..2026", join(HOME, "..data"));
    symlinkSync("..data/token", join(HOME, "token"));
    return join(HOME, "token");
  };
  const nowhere = () => ({ ...cloud.env, GCE_METADATA_HOST: "127.0.0.1:1" });
  const isHelper = entry.name === "native helper";

  it("takes a file, though there is no metadata server", async () => {
    const file = projected(`${token}\n`);
    const argv = [...FLAGS, "--identity-token-file", file];
    const result = await run(entry, argv, { env: nowhere(), secrets: cloud.secrets });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1, AccountId: "111122223333" });
  });

  it("takes a variable", async () => {
    const env = { ...nowhere(), GCP2AWS_IDENTITY_TOKEN: token };
    expect(await run(entry, FLAGS, { env, secrets: cloud.secrets })).toMatchObject({ status: 0, stderr: "" });
  });

  it.each([
    ["an empty file", "", 3, "IDENTITY_NOT_FOUND"],
    ["no token in the file", "hello", 3, "IDENTITY_BAD_TOKEN"],
    ["a token that was changed", "CHANGED", 4, "STS_TOKEN_REJECTED"],
  ])("says what is wrong: %s", async (_, text, status, code) => {
    const file = projected(text === "CHANGED" ? `${token.slice(0, -8)}AAAAAAAA` : text);
    const argv = [...FLAGS, "--identity-token-file", file];
    const result = await run(entry, argv, { env: nowhere(), secrets: cloud.secrets });
    expect(result).toMatchObject({ status, stdout: "" });
    expect(result.stderr).toContain(`[${code}]`);
  });

  it("takes a projected token of GKE, whose cluster is an OIDC provider of the account", async () => {
    const cluster = "container.googleapis.com/v1/projects/example-project/locations/us-central1-a/clusters/cluster-1";
    const statement = {
      Effect: "Allow",
      Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${cluster}` },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: {
          [`${cluster}:aud`]: "sts.amazonaws.com",
          [`${cluster}:sub`]: "system:serviceaccount:default:default",
        },
      },
    };
    const definition = parseDefinition({
      oidc_providers: [{ url: `https://${cluster}`, client_ids: ["sts.amazonaws.com", "another"] }],
      roles: [{ name: "App", trust_policy: { Version: "2012-10-17", Statement: [statement] }, permissions: [] }],
    });
    const gke = await startCloud({ definition });
    const ask = async (given: string) => {
      const argv = ["credential-process", "--role-arn", "arn:aws:iam::111122223333:role/App"];
      const env = { ...gke.env, GCE_METADATA_HOST: "127.0.0.1:1" };
      const { status, stderr } = await run(entry, [...argv, "--identity-token-file", projected(given)], { env });
      return { status, stderr };
    };
    expect(await ask(await gke.emulator.projectedToken("sts.amazonaws.com"))).toEqual({ status: 0, stderr: "" });
    // The account's provider takes it, the role does not.
    const denied = await ask(await gke.emulator.projectedToken("another"));
    expect(denied.status).toBe(4);
    expect(denied.stderr).toContain("[STS_ACCESS_DENIED]");
    const wrong = await ask(await gke.emulator.projectedToken("https://aws.example.com"));
    expect(wrong.stderr).toContain("Incorrect token audience");
    await gke.close();
  });

  it("says which source was taken when that fails, and why not the others", async () => {
    const { status, stderr } = await run(entry, [...FLAGS, "--identity-token-file", "/proc/nowhere"], {
      env: nowhere(),
    });
    expect(status).toBe(3);
    expect(stderr).toContain("source file: --identity-token-file or GCP2AWS_IDENTITY_TOKEN_FILE is set\n");
    expect(stderr).toContain("not metadata: another comes first\n");
  });

  it("asks the metadata server when that is chosen", async () => {
    const flags = [...FLAGS, "--audience", AUDIENCE, "--source", "metadata"];
    const env = { ...cloud.env, GCP2AWS_IDENTITY_TOKEN: "not a token" };
    expect(await run(entry, flags, { env })).toMatchObject({ status: 0, stderr: "" });
  });

  it.skipIf(isHelper)("shows it in whoami", async () => {
    const env = { ...nowhere(), GCP2AWS_IDENTITY_TOKEN: token, GCP2AWS_ROLE_ARN: ROLE };
    const { status, stdout } = await run(entry, ["whoami"], { env });
    expect(status).toBe(0);
    expect(stdout).toContain("token from  variable GCP2AWS_IDENTITY_TOKEN: GCP2AWS_IDENTITY_TOKEN is set");
    expect(stdout).toContain("metadata: another comes first");
  });
});

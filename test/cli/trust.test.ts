// The table of docs/sources.md: each source on each platform, the claims that it yields, and a trust policy of just the conditions that
// stand there, which admits them and nothing that differs in one of them.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseDefinition, type Platform } from "../../src/emulator/index.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, credentialProcessEntries, entries, ROLE, run } from "./run.ts";

const NUMBER = "100111222333444555666";
const EMAIL = "team-a@example-project.iam.gserviceaccount.com";
const CLUSTER = "container.googleapis.com/v1/projects/example-project/locations/us-central1-a/clusters/cluster-1";
const CLUSTER_AUDIENCE = "sts.amazonaws.com";
const KSA = "system:serviceaccount:default:default";

/** What the words of the table stand for. */
const words: Readonly<Record<string, string | undefined>> = {
  number: NUMBER,
  email: EMAIL,
  audience: AUDIENCE,
  "its audience": CLUSTER_AUDIENCE,
  "system:serviceaccount:NAMESPACE:NAME": KSA,
  "–": undefined,
};

interface Row {
  source: string;
  on: string;
  platform: Platform;
  /** The flags and variables that take this source there. */
  take: (cloud: Cloud) => Promise<{ flags?: string[]; env?: Record<string, string> }>;
}

const away = { GCE_METADATA_HOST: "127.0.0.1:1" };
const credentialsFile = (name: string) => async (cloud: Cloud) => {
  const folder = join(mkdtempSync(join(tmpdir(), "gcp2aws-trust-")), "credentials");
  await cloud.emulator.writeCredentials(folder);
  return { env: { ...away, GOOGLE_APPLICATION_CREDENTIALS: join(folder, name) } };
};
const plain =
  (...flags: string[]) =>
  () =>
    Promise.resolve({ flags });
const impersonate = (...flags: string[]) =>
  plain(
    "--impersonate-service-account",
    EMAIL,
    "--service-account",
    "team-b@example-project.iam.gserviceaccount.com",
    ...flags,
  );

const rows: readonly Row[] = [
  { source: "metadata", on: "Compute Engine", platform: "gce", take: plain() },
  {
    source: "metadata",
    on: "Compute Engine, --token-format standard",
    platform: "gce",
    take: plain("--token-format", "standard"),
  },
  { source: "metadata", on: "GKE, with a bound service account", platform: "gke", take: plain() },
  { source: "metadata", on: "Cloud Run, Cloud Functions", platform: "cloud-run", take: plain() },
  { source: "impersonation", on: "anywhere", platform: "gce", take: impersonate() },
  { source: "impersonation", on: "anywhere, --azp email", platform: "gce", take: impersonate("--azp", "email") },
  { source: "application-default", on: "service_account", platform: "gce", take: credentialsFile(`${EMAIL}.json`) },
  {
    source: "application-default",
    on: "impersonated_service_account",
    platform: "gce",
    take: credentialsFile(`${EMAIL}.impersonated.json`),
  },
  {
    source: "application-default",
    on: "external_account",
    platform: "gce",
    take: credentialsFile(`${EMAIL}.external.json`),
  },
  {
    source: "file",
    on: "a pod of GKE, projected token",
    platform: "gke",
    take: async (cloud) => {
      const path = join(mkdtempSync(join(tmpdir(), "gcp2aws-trust-")), "token");
      writeFileSync(path, await cloud.emulator.projectedToken(CLUSTER_AUDIENCE));
      return { flags: ["--identity-token-file", path], env: away };
    },
  },
];

/** By source and place, the cells behind them. */
const documented = new Map(
  readFileSync("docs/sources.md", "utf8")
    .split("\n")
    .filter((line) => /^\| `[a-z-]+` +\|.*\|.*\|.*\|.*\|.*\|.*\|/.test(line))
    .map((line) => {
      const [source = "", on = "", ...cells] = line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", ""));
      return [`${source}, ${on}`, cells] as const;
    }),
);

const clouds: Cloud[] = [];
afterAll(() => Promise.all(clouds.map((cloud) => cloud.close())));

/** A cloud in which the role trusts whoever meets these conditions of one provider. */
async function trusting(platform: Platform, federated: string, conditions: Record<string, string>): Promise<Cloud> {
  const statement = {
    Effect: "Allow",
    Principal: { Federated: federated },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: { StringEquals: conditions },
  };
  const definition = parseDefinition({
    workload: { platform },
    oidc_providers: [{ url: `https://${CLUSTER}`, client_ids: [CLUSTER_AUDIENCE] }],
    roles: [
      {
        name: "RoleForAccessFromGCPTeamA",
        trust_policy: { Version: "2012-10-17", Statement: [statement] },
        permissions: [],
      },
    ],
  });
  const cloud = await startCloud({ definition });
  clouds.push(cloud);
  return cloud;
}

describe("the table of sources", () => {
  it("has these rows and no others", () => {
    expect([...documented.keys()]).toEqual(rows.map(({ source, on }) => `${source}, ${on}`));
  });

  describe.each(rows)("$source, $on", ({ source, on, platform, take }) => {
    const [sub = "", azp = "", aud = "", email = "", machine = "", policy = ""] =
      documented.get(`${source}, ${on}`) ?? [];
    const provider = policy.startsWith("OIDC provider")
      ? `arn:aws:iam::111122223333:oidc-provider/${CLUSTER}`
      : "accounts.google.com";
    const prefix = provider === "accounts.google.com" ? provider : CLUSTER;
    const conditions = Object.fromEntries(
      Array.from(policy.matchAll(/:(sub|aud|oaud) = ([^,]+)/g), ([, key = "", word = ""]) => [
        `${prefix}:${key}`,
        words[word] ?? `no such word: ${word}`,
      ]),
    );
    const ask = async (entry: (typeof entries)[number], cloud: Cloud, command: readonly string[]) => {
      const { flags = [], env = {} } = await take(cloud);
      const home = cleanEnv()["HOME"] ?? "";
      return run(entry, [...command, "--audience", AUDIENCE, ...flags], { env: { ...cloud.env, HOME: home, ...env } });
    };

    it.each(entries)("has these claims, $name", async (entry) => {
      const cloud = await trusting(platform, provider, conditions);
      const { stdout } = await ask(entry, cloud, ["token", "--claims", "--json"]);
      const { claims } = JSON.parse(stdout) as { claims: Record<string, unknown> };
      expect([claims["sub"], claims["azp"], [claims["aud"]].flat()[0], claims["email"]]).toEqual(
        [sub, azp, aud, email].map((word) => words[word]),
      );
      expect("google" in claims).toBe(machine === "yes");
    });

    it.each(credentialProcessEntries)("is admitted by this trust policy, $name", async (entry) => {
      expect(Object.keys(conditions).length).toBeGreaterThan(1);
      const cloud = await trusting(platform, provider, conditions);
      const { status, stderr } = await ask(entry, cloud, ["credential-process", "--role-arn", ROLE]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    });

    it.each(Object.keys(conditions))("is refused where %s is another", async (key) => {
      const cloud = await trusting(platform, provider, { ...conditions, [key]: `${conditions[key]}0` });
      const [entry] = entries;
      if (entry === undefined) throw new Error("nothing to run");
      const { status, stderr } = await ask(entry, cloud, ["credential-process", "--role-arn", ROLE]);
      expect(status).toBe(4);
      expect(stderr).toContain("[STS_ACCESS_DENIED]");
    });
  });
});

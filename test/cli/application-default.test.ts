import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/emulator/index.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { cleanEnv, credentialProcessEntries, entries, FLAGS, ROLE, run, runProgram, type Secrets } from "./run.ts";

const TEAM_A = "team-a@example-project.iam.gserviceaccount.com";
const TEAM_B = "team-b@example-project.iam.gserviceaccount.com";
const NUMBER = "100111222333444555666";

/** Trusts team A by its numeric ID alone, whatever azp says; its twin, by the email in azp. */
const role = (name: string, condition: object) => ({
  name,
  trust_policy: {
    Version: "2012-10-17",
    Statement: {
      Effect: "Allow",
      Principal: { Federated: "accounts.google.com" },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { "accounts.google.com:sub": NUMBER, ...condition } },
    },
  },
  permissions: [],
});
const definition = parseDefinition({
  roles: [role("RoleForAccessFromGCPTeamA", {}), role("ByEmail", { "accounts.google.com:aud": TEAM_A })],
});

let cloud: Cloud;
let folder: string;
let secrets: Secrets;
let held: string[];
beforeAll(async () => {
  cloud = await startCloud({ definition });
  folder = join(mkdtempSync(join(tmpdir(), "gcp2aws-adc-")), "credentials");
  await cloud.emulator.writeCredentials(folder);
  // Past the recorder, so that what Google answers is known too.
  const patterns = [
    /"(?:client_secret|refresh_token)": "([^"]+)"/g,
    // Each line of a key.
    /\\n([\w+/=]{40,})/g,
    // The external token.
    /^(ey.*)$/gm,
  ];
  const texts = readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const text = readFileSync(path, "utf8").replaceAll(cloud.emulator.issuerUrl, cloud.google.url);
    writeFileSync(path, text);
    return text;
  });
  held = texts.flatMap((text) =>
    patterns.flatMap((pattern) => Array.from(text.matchAll(pattern), ([, secret = ""]) => secret)),
  );
  for (const secret of held) cloud.google.token.add(secret);
  ({ secrets } = cloud);
});
afterAll(() => cloud.close());

const noCloud = () => ({ ...cloud.env, HOME: cleanEnv()["HOME"] ?? "", GCE_METADATA_HOST: "127.0.0.1:1" });
const credentials = (name: string) => ({ ...noCloud(), GOOGLE_APPLICATION_CREDENTIALS: join(folder, name) });
const asTeamA = ["--impersonate-service-account", TEAM_A];

describe.each(credentialProcessEntries)("application default credentials, $name", (entry) => {
  const isHelper = entry.name === "native helper";

  it.each<[string, string, readonly string[]]>([
    ["a service account's key", `${TEAM_A}.json`, []],
    ["a user who may impersonate", `${TEAM_A}.impersonated.json`, []],
    ["an external identity that may impersonate", `${TEAM_A}.external.json`, []],
    ["a user, for a named account", "authorized-user.json", asTeamA],
    ["a key, for another account", `${TEAM_B}.json`, asTeamA],
    ["an external identity, for a named account in place of its own", `${TEAM_B}.external.json`, asTeamA],
  ])("%s", async (_, file, flags) => {
    const env = credentials(file);
    const result = await run(entry, [...FLAGS, ...flags], { env, secrets });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1, AccountId: "111122223333" });
  });

  it("finds what gcloud has left at home, for the token of another account", async () => {
    const env = noCloud();
    const config = join(env.HOME, ".config", "gcloud");
    mkdirSync(config, { recursive: true });
    cpSync(join(folder, "authorized-user.json"), join(config, "application_default_credentials.json"));
    expect(await run(entry, [...FLAGS, ...asTeamA], { env, secrets })).toMatchObject({ status: 0, stderr: "" });
    // By itself it is no source: the metadata server is asked, which is not there.
    const alone = await run(entry, [...FLAGS, "--timeout", "3"], { env, secrets });
    expect(alone.stderr).toContain("[IDENTITY_UNREACHABLE]");
    const chosen = await run(entry, [...FLAGS, "--source", "application-default"], { env, secrets });
    expect(chosen.stderr).toContain("--impersonate-service-account EMAIL");
  });

  it("says what the trust policy sees of a key's token", async () => {
    const byEmail = FLAGS.map((text) => (text === ROLE ? ROLE.replace(/[^/]*$/, "ByEmail") : text));
    const env = credentials(`${TEAM_A}.json`);
    expect(await run(entry, byEmail, { env, secrets })).toMatchObject({ status: 0, stderr: "" });
    const numeric = await run(entry, byEmail, { env: credentials(`${TEAM_A}.impersonated.json`), secrets });
    expect(numeric).toMatchObject({ status: 4, stdout: "" });
    const email = [...byEmail, "--azp", "email"];
    expect(await run(entry, email, { env: credentials(`${TEAM_A}.impersonated.json`), secrets })).toMatchObject({
      status: 0,
    });
  });

  it.each<[string, string, RegExp]>([
    ["a user", "authorized-user.json", /no other can be chosen \[IDENTITY_NOT_FOUND\]/],
    ["a file that is not there", "nothing.json", /not read: ENOENT \[IDENTITY_NOT_FOUND\]/],
    ["a file that is none", "external-token", /not JSON \[IDENTITY_NOT_FOUND\]/],
    ["a user who may not impersonate", `${TEAM_B}.impersonated.json`, /getOpenIdToken' denied .*\[IDENTITY_REFUSED\]/],
  ])("says what is wrong: %s", async (_, file, message) => {
    const { status, stdout, stderr } = await run(entry, FLAGS, { env: credentials(file), secrets });
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).toContain("source application-default: GOOGLE_APPLICATION_CREDENTIALS is set\n");
  });

  it("says that a key is not accepted any more", async () => {
    const key = JSON.parse(readFileSync(join(folder, `${TEAM_A}.json`), "utf8"));
    const env = noCloud();
    const path = join(env.HOME, "old.json");
    writeFileSync(path, JSON.stringify({ ...key, private_key_id: "deleted" }));
    const { status, stderr } = await run(entry, FLAGS, {
      env: { ...env, GOOGLE_APPLICATION_CREDENTIALS: path },
      secrets,
    });
    expect(status).toBe(3);
    expect(stderr).toContain("invalid_grant: Invalid JWT Signature.");
  });

  it("gives way to a choice of the metadata server", async () => {
    const env = { ...cloud.env, GOOGLE_APPLICATION_CREDENTIALS: "/nowhere" };
    expect(await run(entry, [...FLAGS, "--source", "metadata"], { env, secrets })).toMatchObject({ status: 0 });
  });

  it.skipIf(isHelper)("is shown by whoami", async () => {
    const { status, stdout } = await run(entry, ["whoami", ...FLAGS.slice(1)], {
      env: credentials(`${TEAM_A}.json`),
      secrets,
    });
    expect(status).toBe(0);
    expect(stdout).toContain(`  azp         ${TEAM_A}  → accounts.google.com:aud\n`);
    expect(stdout).toContain("token from  application default credentials, ");
    expect(stdout).toContain("metadata: another comes first");
  });
});

it("has secrets to look for in all that the others print", () => {
  // Two keys, the user's in four files, and the external token.
  expect(held.length).toBeGreaterThan(2 * 20 + 2 * 4);
  expect([...secrets.token].some((text) => text.startsWith("ya29."))).toBe(true);
});

it("needs google-auth-library for external identities only, and says how to get it", async () => {
  const place = mkdtempSync(join(tmpdir(), "gcp2aws-bare-"));
  for (const name of ["cli", "chunks"]) cpSync(resolve("dist", name), join(place, name), { recursive: true });
  writeFileSync(join(place, "package.json"), '{"type":"module"}');
  mkdirSync(join(place, "node_modules"));
  for (const name of ["commander", "valibot", "jose", "yaml", "aws4fetch"]) {
    symlinkSync(resolve("node_modules", name), join(place, "node_modules", name));
  }
  const bare = (file: string) =>
    runProgram(process.execPath, [join(place, "cli/main.js"), ...FLAGS], { env: credentials(file) });
  expect(await bare(`${TEAM_A}.json`)).toMatchObject({ status: 0, stderr: "" });
  const { status, stdout, stderr } = await bare(`${TEAM_A}.external.json`);
  expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
  expect(stderr).toContain("google-auth-library, which is not installed [LOCAL_PACKAGE]");
  expect(stderr).toContain("npm install google-auth-library");
});

it.each(entries)("emulate writes them for this user alone, $name", async (entry) => {
  const { HOME = "" } = cleanEnv();
  const { status, stderr } = await run(entry, ["emulate", "--credentials", "/dev/null/x"]);
  expect(status).toBe(6);
  expect(stderr).toContain("[LOCAL_FILE]");
  const [program, ...first] = entry.command;
  const directory = join(HOME, "credentials");
  const emulator = spawn(program, [...first, "emulate", "--credentials", directory], {
    env: cleanEnv(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(emulator.stdout, "data");
  emulator.kill();
  await once(emulator, "close");
  const names = readdirSync(directory);
  expect(names).toContain("authorized-user.json");
  expect(names).toContain(`${TEAM_A}.external.json`);
  for (const name of names) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
});

import { expect, test } from "vitest";
import { defaultDefinition } from "../../src/emulator/definition.ts";
import type { Platform } from "../../src/emulator/definition.ts";
import { workloadClaims } from "../../src/emulator/workload-claims.ts";
import type { IdentityRequest } from "../../src/emulator/workload-claims.ts";

const account = {
  email: "a@example.com",
  uniqueId: "100000000000000000001",
  aliases: [],
  scopes: [],
  tokenCreators: [],
};
const subject = { aud: "https://aws.example.com", azp: account.uniqueId, sub: account.uniqueId };
const email = { email: account.email, email_verified: true };
const machine = {
  instance_creation_timestamp: expect.any(Number),
  instance_id: "5055893581146000589",
  instance_name: "instance-1",
  project_id: "example-project",
  project_number: 123456789012,
  zone: "us-central1-a",
};
const licensed = { ...machine, license_id: [expect.stringMatching(/^\d+$/)] };

test.each<[Platform, IdentityRequest["format"], boolean, Record<string, unknown>]>([
  ["gce", "standard", false, subject],
  ["gce", "standard", true, subject],
  ["gce", "full", false, { ...subject, ...email, google: { compute_engine: machine } }],
  ["gce", "full", true, { ...subject, ...email, google: { compute_engine: licensed } }],
  ["gke", "standard", false, { ...subject, ...email }],
  ["gke", "full", true, { ...subject, ...email }],
  ["cloud-run", "standard", false, { ...subject, ...email }],
  ["cloud-run", "full", true, { ...subject, ...email }],
])("%s, format %s, licenses %s", (platform, format, licenses, claims) => {
  const workload = { ...defaultDefinition.workload, platform };
  expect(workloadClaims(workload, account, { audience: "https://aws.example.com", format, licenses })).toEqual(claims);
});

import { describe, expect, test } from "vitest";
import { defaultDocument } from "../../src/emulator/default-definition.ts";
import { defaultDefinition, parseDefinition } from "../../src/emulator/definition.ts";

const [role] = defaultDocument.roles;
const [user] = defaultDocument.users;

test("what is left out comes from the built-in definition", () => {
  expect(parseDefinition({})).toEqual(defaultDefinition);
  expect(parseDefinition(defaultDocument)).toEqual(defaultDefinition);
  const { workload, ...rest } = parseDefinition({ workload: { platform: "gke" } });
  expect(workload).toEqual({ ...defaultDefinition.workload, platform: "gke" });
  expect(rest).toEqual({ ...defaultDefinition, workload: undefined });
});

test("the built-in definition is the blog's walk", () => {
  expect(defaultDefinition.accountId).toBe("111122223333");
  expect(defaultDefinition.serviceAccounts.map((account) => account.aliases)).toEqual([["default"], []]);
  expect(defaultDefinition.roles.map(({ name, path, maxSessionDuration }) => [name, path, maxSessionDuration])).toEqual(
    [
      ["RoleForAccessFromGCPTeamA", "/", 3600],
      ["RoleWithoutS3Access", "/", 3600],
    ],
  );
  const { uniqueId } = defaultDefinition.serviceAccounts[0] ?? { uniqueId: undefined };
  expect(defaultDefinition.roles[0]?.trustPolicy.statements[0]?.condition).toEqual({
    StringEquals: {
      "accounts.google.com:aud": [uniqueId],
      "accounts.google.com:oaud": ["https://aws.example.com"],
      "accounts.google.com:sub": [uniqueId],
    },
  });
});

test("a workload may be without service accounts", () => {
  expect(parseDefinition({ service_accounts: [] }).serviceAccounts).toEqual([]);
});

test("a service account is the default one with full scope unless it says otherwise", () => {
  const { serviceAccounts } = parseDefinition({ service_accounts: [{ email: "a@example.com", unique_id: "1" }] });
  expect(serviceAccounts).toEqual([
    {
      email: "a@example.com",
      uniqueId: "1",
      aliases: ["default"],
      scopes: ["https://www.googleapis.com/auth/cloud-platform"],
      tokenCreators: [],
    },
  ]);
});

describe("a bad value is named by its path", () => {
  test.each<[string, unknown, string]>([
    ["not an object", "gce", "definition: (top level) must be an object"],
    ["unknown key", { account: "1" }, "definition: account is not a known key"],
    ["unknown nested key", { workload: { zones: "x" } }, "definition: workload.zones is not a known key"],
    ["missing key", { roles: [{ name: "A" }] }, "definition: roles.0.trust_policy is missing"],
    ["unquoted account", { account_id: 111122223333 }, "definition: account_id must be 12 digits, as a string"],
    ["short account", { account_id: "1111" }, "definition: account_id must be 12 digits"],
    ["platform", { workload: { platform: "vm" } }, "definition: workload.platform must be gce, gke or cloud-run"],
    ["zone", { workload: { zone: "us-central1" } }, "definition: workload.zone must be a zone such as us-central1-a"],
    [
      "instance id",
      { workload: { instance_id: 5055893581146000589n } },
      "definition: workload.instance_id must be digits, as a string",
    ],
    [
      "session duration",
      { roles: [{ ...role, max_session_duration: 900 }] },
      "definition: roles.0.max_session_duration must be 3600 to 43200 seconds",
    ],
    ["same role twice", { roles: [role, role] }, "definition: roles has the same name twice"],
    [
      "two default service accounts",
      {
        service_accounts: [
          { email: "a@example.com", unique_id: "1" },
          { email: "b@example.com", unique_id: "2" },
        ],
      },
      "definition: service_accounts has the same email or alias twice",
    ],
  ])("%s", (_, value, message) => {
    expect(() => parseDefinition(value)).toThrow(new Error(message));
  });

  test("a policy", () => {
    expect(() => parseDefinition({ roles: [{ ...role, trust_policy: { Version: "1999-01-01" } }] })).toThrow(
      /^definition: roles\.0\.trust_policy ./,
    );
  });

  test("every bad value has its line", () => {
    const value = { account_id: "1", workload: { platform: "vm" } };
    expect(() => parseDefinition(value)).toThrow(/account_id .*\n.*workload\.platform /);
  });
});

test("no message repeats a secret", () => {
  const value = { users: [{ ...user, secret_access_key: ["canary-secret"], access_key_id: "canary-id!" }] };
  expect(() => parseDefinition(value)).toThrow(/secret_access_key/);
  expect(() => parseDefinition(value)).not.toThrow(/canary/);
});

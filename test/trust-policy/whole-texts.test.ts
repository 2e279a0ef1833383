// What generate writes, to the last character: a file for each in test/cases/generated, read by people when it changes
// (vitest --update writes them anew).
import { describe, expect, it } from "vitest";
import { awsCli } from "../../src/trust-policy/formats/aws-cli.ts";
import { cloudformation } from "../../src/trust-policy/formats/cloudformation.ts";
import { gcloud, googleTerraform } from "../../src/trust-policy/formats/google.ts";
import type { RoleDefinition } from "../../src/trust-policy/formats/role.ts";
import { terraform } from "../../src/trust-policy/formats/terraform.ts";
import { cdk, pulumi } from "../../src/trust-policy/formats/typescript.ts";
import { type ChainLink, policyText, trustGoogle, trustProvider, trustRole } from "../../src/trust-policy/generate.ts";

const CLUSTER = "container.googleapis.com/v1/projects/example-project/locations/europe-west1/clusters/one";
const AUDIENCE = "https://aws.example.com";
const roles: Record<string, RoleDefinition> = {
  // Several of everything.
  google: {
    name: "RoleForAccessFromGCPTeamA",
    path: "/",
    trust: trustGoogle(
      [{ sub: "100111222333444555666", azp: "100111222333444555666" }, { sub: "107000000000000000001" }],
      [AUDIENCE, "a long audience, which with another does not fit into a line of eighty characters"],
    ),
    permissions: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::111122223333:policy/teams/Queue"],
    provider: undefined,
    maxSessionSeconds: undefined,
  },
  // One of each.
  cluster: {
    name: "App-of-A--",
    path: "/teams/a/",
    trust: trustProvider(
      `arn:aws:iam::111122223333:oidc-provider/${CLUSTER}`,
      ["system:serviceaccount:default:app"],
      [AUDIENCE],
    ),
    permissions: [],
    provider: { url: `https://${CLUSTER}`, audiences: [AUDIENCE] },
    maxSessionSeconds: 7200,
  },
};
const formats = { "aws-cli": awsCli, terraform, cloudformation, cdk, pulumi };

const rows = Object.entries(roles).flatMap(([name, role]) =>
  Object.entries(formats).map(([format, write]) => ({ name: `${name}.${format}`, text: () => write(role) })),
);

const workload = { account: "team-a", project: "example-project", vm: { name: "vm-1", zone: "us-central1-a" } };
const sides = { gcloud, terraform: googleTerraform };
rows.push(
  ...Object.entries(sides).flatMap(([format, write]) => [
    { name: `vm.${format}`, text: () => write(workload) },
    { name: `account.${format}`, text: () => write({ ...workload, vm: undefined }) },
  ]),
);

const roleArn = "arn:aws:iam::111122223333:role/First";
const tag = (key: string, inherited = false) => ({ key, value: `${key}'s`, inherited });
const alone: ChainLink = { roleArn, externalId: "", sourceIdentities: [], tags: [], transitiveTags: [] };
const chains: Record<string, Partial<ChainLink>> = {
  alone: {},
  named: { externalId: "x${y}", sourceIdentities: ["a", "b", "a"] },
  tagged: { tags: [tag("team"), tag("env")], transitiveTags: ["team"] },
  "tagged-for-once": { tags: [tag("team")] },
  inheriting: { tags: [tag("team", true)] },
  "inheriting-and-tagged": { tags: [tag("team", true), tag("env")] },
};
for (const [name, link] of Object.entries(chains))
  rows.push({ name: `chain-${name}.json`, text: () => policyText(trustRole({ ...alone, ...link })) });

describe("what is written, to the last character", () => {
  it.each(rows)("$name", async ({ name, text }) => {
    await expect(text()).toMatchFileSnapshot(`../cases/generated/${name}.txt`);
  });
});

import { stripTypeScriptTypes } from "node:module";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { addAudience, awsCli, awsCommands } from "../../src/trust-policy/formats/aws-cli.ts";
import { cloudformation } from "../../src/trust-policy/formats/cloudformation.ts";
import { emailOf, gcloud, googleTerraform, workloadOf } from "../../src/trust-policy/formats/google.ts";
import { identifier, type RoleDefinition } from "../../src/trust-policy/formats/role.ts";
import { terraform } from "../../src/trust-policy/formats/terraform.ts";
import { cdk, pulumi } from "../../src/trust-policy/formats/typescript.ts";
import { trustGoogle, trustProvider } from "../../src/trust-policy/generate.ts";
import { formatPolicy } from "../../src/trust-policy/policy.ts";

const PROVIDER = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";
const READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

const google: RoleDefinition = {
  name: "RoleForAccessFromGCPTeamA",
  path: "/",
  trust: trustGoogle([{ sub: "1", azp: "1" }], ["https://a.example/${x}%{y}"]),
  permissions: [READ_ONLY],
  provider: undefined,
  maxSessionSeconds: undefined,
};
const cluster: RoleDefinition = {
  name: "app",
  path: "/team/a/",
  trust: trustProvider(
    `arn:aws:iam::111122223333:oidc-provider/${PROVIDER}`,
    ["system:serviceaccount:n:s"],
    ["a", "b"],
  ),
  permissions: [],
  provider: { url: `https://${PROVIDER}`, audiences: ["a", "b"] },
  maxSessionSeconds: 43200,
};

const trusting = (audiences: readonly string[]): RoleDefinition => {
  return { ...google, trust: trustGoogle([{ sub: "1" }], audiences) };
};

/** With audiences of every kind. */
const roles = fc
  .array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 3 })
  .map((audiences) => trusting(audiences));

const policyOf = ({ trust }: RoleDefinition): unknown => JSON.parse(JSON.stringify(formatPolicy(trust)));

interface Made {
  kind: string;
  properties: Record<string, unknown>;
  dependsOn: unknown[];
}

/** What a program of one of the two libraries makes, by a library that only remembers. */
function execute(program: string): Made[] {
  const made: Made[] = [];
  const kind = (name: string) =>
    class {
      made: Made;
      constructor(first: unknown, second: unknown, third: Record<string, unknown> = {}) {
        // A scope and a name come first in the one, a name alone in the other.
        const isPulumi = typeof first === "string";
        const properties = isPulumi ? (second as Record<string, unknown>) : third;
        this.made = { kind: name, properties, dependsOn: [] };
        if (isPulumi && Array.isArray(third["dependsOn"])) this.made.dependsOn.push(...third["dependsOn"]);
        if (name !== "Construct") made.push(this.made);
      }
      node = { addDependency: (other: unknown) => this.made.dependsOn.push(other) };
    };
  const Construct = kind("Construct");
  const iam = Object.fromEntries(
    ["Role", "OpenIdConnectProvider", "RolePolicyAttachment", "CfnRole", "CfnOIDCProvider"].map((name) => [
      name,
      kind(name),
    ]),
  );
  const plain = stripTypeScriptTypes(program)
    .replace(/^import .*$/gm, "")
    .replace("export class", "return class")
    .replace(/^export /gm, "");
  // eslint-disable-next-line no-new-func, typescript/no-implied-eval
  const run = new Function("aws", "Construct", ...Object.keys(iam), plain) as (...given: unknown[]) => unknown;
  const result = run({ iam }, Construct, ...Object.values(iam));
  if (typeof result === "function") Reflect.construct(result, [{}, "x"]);
  return made;
}

describe("the policy is the same in every form", () => {
  it("as commands", () => {
    fc.assert(
      fc.property(roles, (role) => {
        const create = awsCommands(role)[0] ?? [];
        expect(JSON.parse(create.at(-1) ?? "")).toEqual(policyOf(role));
      }),
    );
  });

  it("as CloudFormation", () => {
    fc.assert(
      fc.property(roles, (role) => {
        const { Role } = parse(cloudformation(role)).Resources;
        expect(Role.Properties).toEqual({
          RoleName: role.name,
          AssumeRolePolicyDocument: policyOf(role),
          ManagedPolicyArns: [READ_ONLY],
        });
      }),
    );
  });

  it("as CloudFormation, to YAML 1.1 too, in which more is no text", () => {
    const { trust, ...rest } = trusting(["yes", "2026-11-26", "1e3", "0x1f", "~"]);
    for (const version of ["1.1", "1.2"] as const) {
      const { Role } = parse(cloudformation({ trust, ...rest }), { version }).Resources;
      expect(Role.Properties.AssumeRolePolicyDocument).toEqual(policyOf({ trust, ...rest }));
    }
  });

  it("as a construct of the CDK, and as a program of Pulumi", () => {
    fc.assert(
      fc.property(roles, (role) => {
        expect(execute(cdk(role))).toMatchObject([
          { kind: "CfnRole", properties: { assumeRolePolicyDocument: policyOf(role), managedPolicyArns: [READ_ONLY] } },
        ]);
        const [made, attached] = execute(pulumi(role));
        expect(JSON.parse(String(made?.properties["assumeRolePolicy"]))).toEqual(policyOf(role));
        expect(attached).toMatchObject({ kind: "RolePolicyAttachment", properties: { policyArn: READ_ONLY } });
      }),
    );
  });
});

describe("a role for another issuer", () => {
  it("is made after its provider", () => {
    expect(awsCommands(cluster).map((command) => command.slice(0, 5).join(" "))).toEqual([
      "aws iam create-open-id-connect-provider --url https://" + PROVIDER,
      "aws iam create-role --role-name app",
    ]);
    expect(awsCommands(cluster)[1]?.join(" ")).toContain("--path /team/a/");
    const { Provider, Role } = parse(cloudformation(cluster)).Resources;
    expect(Provider.Properties).toEqual({ Url: `https://${PROVIDER}`, ClientIdList: ["a", "b"] });
    expect(Role).toMatchObject({ DependsOn: "Provider", Properties: { Path: "/team/a/" } });
    expect(execute(cdk(cluster))).toMatchObject([
      { kind: "CfnOIDCProvider", properties: { url: `https://${PROVIDER}`, clientIdList: ["a", "b"] } },
      { kind: "CfnRole", properties: { path: "/team/a/" }, dependsOn: [{ made: { kind: "CfnOIDCProvider" } }] },
    ]);
    expect(execute(pulumi(cluster))).toMatchObject([
      { kind: "OpenIdConnectProvider", properties: { url: `https://${PROVIDER}`, clientIdLists: ["a", "b"] } },
      { kind: "Role", properties: { path: "/team/a/" }, dependsOn: [{ made: { kind: "OpenIdConnectProvider" } }] },
    ]);
  });
});

it("Terraform's language is laid out as terraform fmt does, and nothing in it is a template", () => {
  expect(terraform(google)).toBe(`resource "aws_iam_role" "role_for_access_from_gcp_team_a" {
  name = "RoleForAccessFromGCPTeamA"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Federated = "accounts.google.com"
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "accounts.google.com:sub"  = "1"
            "accounts.google.com:aud"  = "1"
            "accounts.google.com:oaud" = "https://a.example/$\${$}{x}%%{y}"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "role_for_access_from_gcp_team_a_amazon_s3_read_only_access" {
  role       = aws_iam_role.role_for_access_from_gcp_team_a.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}

output "role_for_access_from_gcp_team_a_arn" {
  value = aws_iam_role.role_for_access_from_gcp_team_a.arn
}
`);
  expect(terraform(cluster)).toContain(`resource "aws_iam_openid_connect_provider" "app" {
  url            = "https://${PROVIDER}"
  client_id_list = ["a", "b"]
}

resource "aws_iam_role" "app" {
  name                 = "app"
  path                 = "/team/a/"
  max_session_duration = 43200
`);
  expect(terraform(cluster)).toContain("  depends_on = [aws_iam_openid_connect_provider.app]\n");
});

describe("what has one name in two places", () => {
  const arns = [
    "arn:aws:iam::aws:policy/X",
    "arn:aws:iam::111122223333:policy/X",
    "arn:aws:iam::111122223333:policy/X_2",
  ];

  it("is two policies that are attached", () => {
    const role = { ...google, name: "R", permissions: arns };
    const labels = [...terraform(role).matchAll(/"aws_iam_role_policy_attachment" "(\w+)"/g)].map(([, label]) => label);
    expect(labels).toEqual(["r_x", "r_x_2", "r_x_2_2"]);
    const made = [...pulumi(role).matchAll(/RolePolicyAttachment\("([\w-]+)", .*policyArn: "(.*)"/g)];
    expect(made.map(([, label]) => label)).toEqual(["R-X", "R-X_2", "R-X_2_2"]);
    expect(made.map(([, , arn]) => arn)).toEqual(arns);
  });

  it.each([
    ["Construct", "ConstructRole"],
    ["CfnRole", "CfnRoleRole"],
    ["cfn-role", "CfnRoleRole"],
    ["Object", "ObjectRole"],
    ["Constructs", "Constructs"],
  ])("is a role %s and what is imported", (name, expected) => {
    expect(cdk({ ...cluster, name })).toContain(`export class ${expected} extends Construct {`);
  });
});

describe("the side of Google", () => {
  const vm = { name: "vm-1", zone: "us-central1-a" };

  it.each([
    ["team-a@blog-project.iam.gserviceaccount.com", "team-a", "blog-project"],
    ["team-a@blog-project.example.com.iam.gserviceaccount.com", "team-a", "example.com:blog-project"],
  ])("reads %s", (email, account, project) => {
    const workload = workloadOf(email, undefined);
    expect(workload).toEqual({ account, project, vm: undefined });
    expect(workload && emailOf(workload)).toBe(email);
  });

  it.each([
    "1-compute@developer.gserviceaccount.com",
    "p@appspot.gserviceaccount.com",
    "a@b.example",
    "",
    "team-a@blog-project.-x.iam.gserviceaccount.com",
  ])("takes no %j, which nobody can make", (email) => expect(workloadOf(email, undefined)).toBeUndefined());

  it("has the account, the VM and the number", () => {
    const workload = { account: "team-a", project: "blog-project", vm };
    expect(gcloud(workload)).toBe(
      `gcloud iam service-accounts create team-a --project blog-project
gcloud compute instances create vm-1 --project blog-project --zone us-central1-a --service-account team-a@blog-project.iam.gserviceaccount.com --scopes cloud-platform
gcloud iam service-accounts describe team-a@blog-project.iam.gserviceaccount.com --project blog-project --format 'value(uniqueId)'
`,
    );
    expect(gcloud({ ...workload, vm: undefined })).not.toContain("compute");
    expect(googleTerraform(workload)).toContain(`  service_account {
    email  = google_service_account.team_a.email
    scopes = ["cloud-platform"]
  }
`);
    expect(googleTerraform({ ...workload, vm: undefined })).not.toContain("compute");
  });
});

describe("no value can be an option of the AWS CLI, or what it would read or fetch", () => {
  // A name of a role, a path and an ARN have other characters.
  const hostile = [
    "--endpoint-url=http://x",
    "file:///etc/passwd",
    "https://a.example",
    "fileb://x",
    "@x",
    "日本",
    "'\u202e",
  ];
  const isPlain = (word: string) =>
    /^[a-z-]+$|^--[a-z-]+$|^[[{/]|^arn:|^app$|^43200$/.test(word) && /^[\n -~]*$/.test(word);

  it.each(hostile)("%j", (audience) => {
    const trust = trustProvider(`arn:aws:iam::111122223333:oidc-provider/${PROVIDER}`, ["s"], [audience]);
    const provider = { url: `https://${PROVIDER}`, audiences: [audience, "b"] };
    const commands = [
      ...awsCommands({ ...cluster, trust, provider, permissions: [READ_ONLY] }),
      addAudience("arn:aws:iam::1", audience),
    ];
    for (const command of commands)
      expect(command.filter((word) => !isPlain(word))).toEqual(command.includes("--url") ? [provider.url] : []);
    const last = (command: readonly string[] | undefined): unknown => JSON.parse(command?.at(-1) ?? "");
    expect(last(commands[0])).toEqual([audience, "b"]);
    expect(last(commands.at(-1))).toEqual({ OpenIDConnectProviderArn: "arn:aws:iam::1", ClientID: audience });
  });
});

it("commands are lines of a shell", () => {
  expect(awsCli({ ...google, trust: trustGoogle([{ sub: "1" }], ["it's"]) })).toContain(`"it'\\''s"`);
});

it.each([
  ["RoleForAccessFromGCPTeamA", "role_for_access_from_gcp_team_a"],
  ["gcp2aws-team.a", "gcp2aws_team_a"],
  ["7", "role_7"],
  ["@", "role_"],
])("%s is %s in a program", (name, label) => expect(identifier(name)).toBe(label));

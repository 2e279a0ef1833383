// What `trust-policy generate` writes, to the tools that read it, where they are: terraform, cfn-lint, sh.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addAudience, createProvider, createRole } from "../../src/trust-policy/formats/aws-cli.ts";
import { cloudformation } from "../../src/trust-policy/formats/cloudformation.ts";
import { googleTerraform } from "../../src/trust-policy/formats/google.ts";
import type { RoleDefinition } from "../../src/trust-policy/formats/role.ts";
import { shellLine } from "../../src/trust-policy/formats/shell.ts";
import { terraform } from "../../src/trust-policy/formats/terraform.ts";
import { trustGoogle, trustProvider, trustRole } from "../../src/trust-policy/generate.ts";
import { formatPolicy, type PolicyDocument } from "../../src/trust-policy/policy.ts";

import { awsCli, awsCliV1 } from "./clients.ts";

const has = (program: string) => spawnSync(program, ["--version"]).status === 0;
const PROVIDER = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";
const long = Array.from({ length: 4 }, (_, at) => `https://${"a-long-name.".repeat(3)}example/${at}`);

const role = (trust: PolicyDocument, rest: Partial<RoleDefinition> = {}): RoleDefinition => {
  return {
    name: "Team-A",
    path: "/",
    trust,
    permissions: [],
    provider: undefined,
    maxSessionSeconds: undefined,
    ...rest,
  };
};
const roles: readonly (readonly [string, RoleDefinition])[] = [
  ["Google", role(trustGoogle([{ sub: "1", azp: "1" }], ["a"]))],
  [
    "several",
    role(trustGoogle([{ sub: "1" }, { sub: "2" }, { sub: "3", azp: "x@y" }], long), {
      path: "/a/b/",
      maxSessionSeconds: 43200,
    }),
  ],
  [
    "permissions",
    role(trustGoogle([{ sub: "1" }], ["a"]), { permissions: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }),
  ],
  [
    "a cluster",
    role(trustProvider(`arn:aws:iam::111122223333:oidc-provider/${PROVIDER}`, ["system:serviceaccount:n:s"], long), {
      provider: { url: `https://${PROVIDER}`, audiences: long },
    }),
  ],
  [
    "a chain",
    role(
      trustRole({
        roleArn: "arn:aws:iam::111122223333:role/Hub",
        externalId: "external",
        sourceIdentities: ["1"],
        tags: [
          { key: "team", value: "a", inherited: false },
          { key: "cost-center", value: "7", inherited: true },
        ],
        transitiveTags: ["team"],
      }),
    ),
  ],
];
/** What begins a template there, or ends a string. */
const hostile = ["${x}", "$${x}", "%{if}", "%%{x", "$%{", '"', "\\", "'", "é😀", "a\\${b}", "{", "$"];

describe("terraform", () => {
  const google = [
    "google",
    googleTerraform({ account: "team-a", project: "p", vm: { name: "vm-1", zone: "z" } }),
  ] as const;
  const texts = [...roles.map(([name, each]) => [name, terraform(each)] as const), google];

  it.skipIf(!has("terraform")).each(texts)("fmt leaves it alone: %s", (_, text) => {
    expect(execFileSync("terraform", ["fmt", "-"], { input: text, encoding: "utf8" })).toBe(text);
  });

  it.skipIf(!has("terraform"))("reads the same policy", () => {
    const trust = trustGoogle([{ sub: "1" }], hostile);
    const [attribute = ""] = /^ {2}assume_role_policy = [^]*?^ {2}\}\)$/m.exec(terraform(role(trust))) ?? [];
    const cwd = mkdtempSync(join(tmpdir(), "gcp2aws-terraform-"));
    // Without the resource, which would want its provider.
    writeFileSync(join(cwd, "main.tf"), `locals {\n${attribute}\n}\n`);
    const input = "local.assume_role_policy\n";
    const said = execFileSync("terraform", ["console"], { cwd, input, encoding: "utf8" });
    expect(JSON.parse(JSON.parse(said))).toEqual(JSON.parse(JSON.stringify(formatPolicy(trust))));
  });
});

describe("cfn-lint", () => {
  it.skipIf(!has("cfn-lint")).each(roles)("finds nothing: %s", (_, each) => {
    const path = join(mkdtempSync(join(tmpdir(), "gcp2aws-cfn-")), "template.yaml");
    writeFileSync(path, cloudformation(each));
    const { status, stdout } = spawnSync("cfn-lint", [path], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });
});

/** Requests that a command makes of this server, as path and form. */
async function requestsOf(program: string, argv: readonly string[]): Promise<[string, Record<string, string>][]> {
  const requests: [string, Record<string, string>][] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      requests.push([request.url ?? "", Object.fromEntries(new URLSearchParams(body))]);
      response.end("<R></R>");
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {
    PATH: process.env["PATH"],
    HOME: mkdtempSync(join(tmpdir(), "gcp2aws-home-")),
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "x",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_MAX_ATTEMPTS: "1",
    PYTHONWARNINGS: "ignore",
  };
  const place = (word: string) => word.replaceAll("http://here", url);
  try {
    // What comes back is no answer of IAM's to every version; only what was asked counts.
    await promisify(execFile)(program, [...argv, "--endpoint-url", url].map(place), { env }).catch(() => {});
  } finally {
    await new Promise((done) => server.close(done));
  }
  return requests.map(([path, form]) => [
    path,
    Object.fromEntries(Object.entries(form).map(([key, text]) => [key, text.replaceAll(url, "http://here")])),
  ]);
}

describe.each([awsCli, awsCliV1].flatMap((client) => client ?? []))("$version", { timeout: 60_000 }, ({ program }) => {
  const secret = join(mkdtempSync(join(tmpdir(), "gcp2aws-secret-")), "secret");
  writeFileSync(secret, "secret");

  it.each([
    "--no-verify-ssl",
    "--endpoint-url=http://here/evil",
    "http://here/fetched",
    `file://${secret}`,
    "é\"'\\,日本",
  ])("takes %j for the audience that it is", async (audience) => {
    const arn = `arn:aws:iam::111122223333:oidc-provider/${PROVIDER}`;
    const run = ([, ...argv]: readonly string[], ...more: string[]) => requestsOf(program, [...argv, ...more]);
    // Versions of before July 2024 want it, and the others take it.
    const thumbprint = ["--thumbprint-list", "0".repeat(40)];
    const [created, ...rest] = await run(
      createProvider({ url: `https://${PROVIDER}`, audiences: [audience, "b"] }),
      ...thumbprint,
    );
    expect(created).toMatchObject([
      "/",
      { Url: `https://${PROVIDER}`, "ClientIDList.member.1": audience, "ClientIDList.member.2": "b" },
    ]);
    expect(created?.[1]).not.toHaveProperty("ClientIDList.member.3");
    const added = await run(addAudience(arn, audience));
    expect(added).toMatchObject([["/", { OpenIDConnectProviderArn: arn, ClientID: audience }]]);
    const trust = trustProvider(arn, ["s"], [audience]);
    const [[path, form] = []] = await run(createRole(role(trust, { name: "=a@b", path: "/p/" })));
    expect([path, form?.["RoleName"], form?.["Path"]]).toEqual(["/", "=a@b", "/p/"]);
    const document = (text: unknown): unknown => JSON.parse(String(text).replaceAll("http://here", ""));
    expect(document(form?.["AssumeRolePolicyDocument"])).toEqual(document(JSON.stringify(formatPolicy(trust))));
    expect(rest).toEqual([]);
  });
});

describe("sh", () => {
  it("splits a line into the words that it was made of", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom(...hostile),
            fc.string().filter((text) => !text.includes("\0")),
          ),
        ),
        (words) => {
          const said = execFileSync("sh", ["-c", `printf '%s\\0' ${shellLine(words)}`], { encoding: "utf8" });
          expect(said.split("\0").slice(0, -1)).toEqual(words.length === 0 ? [""] : words);
        },
      ),
      { numRuns: 50 },
    );
  });
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { defectsOf } from "../../src/doctor/client-defects.ts";
import { projectSdks } from "../../src/doctor/project-sdks.ts";
import { nodeFiles } from "../../src/host/node-files.ts";

const directory = mkdtempSync(join(tmpdir(), "gcp2aws-project-"));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function put(path: string, text: string): string {
  const whole = join(directory, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

/** What is found in the directory as it is on the disk. */
function found() {
  return projectSdks({
    ...nodeFiles,
    read: (path, limit, accept) => nodeFiles.read(join(directory, path), limit, accept),
  });
}
const names = () => found().map(({ name }) => name);

const CHAIN = "@aws-sdk/credential-provider-node";
const ENDPOINT = "@smithy/middleware-endpoint";
const packageFile = (name: string, version: unknown) => JSON.stringify({ name, version });
const npm = (name: string, version: string) => () => {
  put(`node_modules/${name}/package.json`, packageFile(name, version));
};
const goModule = (path: string, version: string) => () => {
  put(
    "go.mod",
    `module example.com/app\n\ngo 1.24\n\nrequire (\n\tgolang.org/x/net v0.30.0\n\t${path} v${version}\n)\n`,
  );
};
const gem = (_: string, version: string) => () => {
  put(
    "Gemfile.lock",
    `GEM\n  specs:\n    aws-sdk-s3 (1.100.0)\n      aws-sdk-core (~> 3, >= 9.9.9)\n    aws-sdk-core (${version})\n`,
  );
};

const composer = (name: string, version: string) => () => {
  put(
    "composer.lock",
    JSON.stringify({
      packages: [
        { name: "psr/log", version: "3.0.0" },
        { name, version },
      ],
    }),
  );
};
const pom = (group: string, version: string) => () => {
  put(
    "pom.xml",
    `<project><dependencies><dependency>\n<groupId>${group}</groupId>\n<artifactId>s3</artifactId>\n` +
      `<version>${version}</version>\n</dependency></dependencies></project>\n`,
  );
};
const nuget = (name: string, version: string) => () => {
  put("obj/project.assets.json", JSON.stringify({ version: 3, libraries: { [`${name}/${version}`]: {} } }));
};
const crate = (name: string, version: string) => () => {
  put("Cargo.lock", `version = 4\n\n[[package]]\nname = "${name}"\nversion = "${version}"\n`);
};

const [process, identity, endpoints, inFile] = [
  "does not know credential_process",
  "does not know AWS_WEB_IDENTITY_TOKEN_FILE",
  "reads neither AWS_ENDPOINT_URL_STS nor endpoint_url",
  "does not read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
] as const;
const never = `${endpoints}, as no version of it does`;

describe("SDKs of a project", () => {
  it.each<[kind: typeof npm, name: string, version: string, what: string[]]>([
    [npm, CHAIN, "3.0.0", ["passes over credential_process where AWS_PROFILE is set", identity, endpoints, inFile]],
    [npm, CHAIN, "3.1.0", [identity, endpoints, inFile]],
    [npm, CHAIN, "3.14.99", [identity, endpoints, inFile]],
    [npm, CHAIN, "3.15.0", [endpoints, inFile]],
    [npm, CHAIN, "3.362.0", [endpoints, inFile]],
    [npm, CHAIN, "3.363.0", [inFile]],
    [npm, CHAIN, "3.503.0", [inFile]],
    [npm, CHAIN, "3.503.1", []],
    [npm, ENDPOINT, "2.0.11", [endpoints]],
    [npm, ENDPOINT, "2.1.0", []],
    [npm, ENDPOINT, "4.1.13", []],
    [npm, ENDPOINT, "4.1.14", [endpoints]],
    [npm, ENDPOINT, "4.1.15", []],
    [npm, "aws-sdk", "2.428.0", [process, identity, never, inFile]],
    [npm, "aws-sdk", "2.429.0", [identity, never, inFile]],
    [npm, "aws-sdk", "2.517.0", [identity, never, inFile]],
    [npm, "aws-sdk", "2.518.0", [never, inFile]],
    [npm, "aws-sdk", "2.1549.0", [never, inFile]],
    [npm, "aws-sdk", "2.1550.0", [never]],
    [goModule, "github.com/aws/aws-sdk-go-v2/config", "1.20.0", [endpoints, inFile]],
    [goModule, "github.com/aws/aws-sdk-go-v2/config", "1.21.0", [inFile]],
    [goModule, "github.com/aws/aws-sdk-go-v2/config", "1.24.0", [inFile]],
    [goModule, "github.com/aws/aws-sdk-go-v2/config", "1.25.0", []],
    [goModule, "github.com/aws/aws-sdk-go", "1.15.99", [process, identity, never, inFile]],
    [goModule, "github.com/aws/aws-sdk-go", "1.16.0", [identity, never, inFile]],
    [goModule, "github.com/aws/aws-sdk-go", "1.20.21", [identity, never, inFile]],
    [goModule, "github.com/aws/aws-sdk-go", "1.21.0", [never, inFile]],
    [goModule, "github.com/aws/aws-sdk-go", "1.47.10", [never, inFile]],
    [goModule, "github.com/aws/aws-sdk-go", "1.47.11", [never]],
    [gem, "aws-sdk-core", "3.23.0", [process, identity, endpoints, inFile]],
    [gem, "aws-sdk-core", "3.24.0", [identity, endpoints, inFile]],
    [gem, "aws-sdk-core", "3.58.0", [endpoints, inFile]],
    [gem, "aws-sdk-core", "3.177.0", [endpoints, inFile]],
    [gem, "aws-sdk-core", "3.178.0", [inFile]],
    [gem, "aws-sdk-core", "3.187.1", [inFile]],
    [gem, "aws-sdk-core", "3.188.0", []],
    [composer, "aws/aws-sdk-php", "3.91.6", [process, identity, endpoints, inFile]],
    [composer, "aws/aws-sdk-php", "3.92.0", [identity, endpoints, inFile]],
    [composer, "aws/aws-sdk-php", "3.105.0", [identity, endpoints, inFile]],
    [composer, "aws/aws-sdk-php", "3.106.0", [endpoints, inFile]],
    [composer, "aws/aws-sdk-php", "3.280.2", [endpoints, inFile]],
    [composer, "aws/aws-sdk-php", "3.281.0", [inFile]],
    [composer, "aws/aws-sdk-php", "3.284.1", [inFile]],
    [composer, "aws/aws-sdk-php", "3.285.0", []],
    [pom, "software.amazon.awssdk", "2.5.25", [process, identity, inFile, endpoints]],
    [pom, "software.amazon.awssdk", "2.5.26", [identity, inFile, endpoints]],
    [pom, "software.amazon.awssdk", "2.10.10", [identity, inFile, endpoints]],
    [pom, "software.amazon.awssdk", "2.10.11", [inFile, endpoints]],
    [pom, "software.amazon.awssdk", "2.21.25", [inFile, endpoints]],
    [pom, "software.amazon.awssdk", "2.21.26", [endpoints]],
    [pom, "software.amazon.awssdk", "2.28.0", [endpoints]],
    [pom, "software.amazon.awssdk", "2.28.1", []],
    [nuget, "AWSSDK.Core", "3.3.102.7", [process, identity, endpoints, inFile]],
    [nuget, "AWSSDK.Core", "3.3.103", [identity, endpoints, inFile]],
    [nuget, "AWSSDK.Core", "3.3.104.6", [identity, endpoints, inFile]],
    [nuget, "AWSSDK.Core", "3.3.104.7", [endpoints, inFile]],
    [nuget, "AWSSDK.Core", "3.7.107.12", [endpoints, inFile]],
    [nuget, "AWSSDK.Core", "3.7.108", [inFile]],
    [nuget, "AWSSDK.Core", "3.7.301.10", [inFile]],
    [nuget, "AWSSDK.Core", "3.7.302", []],
    [nuget, "AWSSDK.Core", "4.0.0.1", []],
    [crate, "aws-config", "0.12.0", [process, inFile, endpoints]],
    [crate, "aws-config", "0.13.0", [inFile, endpoints]],
    [crate, "aws-config", "1.1.7", [inFile, endpoints]],
    [crate, "aws-config", "1.1.8", [endpoints]],
    [crate, "aws-config", "1.1.9", [`${endpoints} for AWS_WEB_IDENTITY_TOKEN_FILE`]],
    [crate, "aws-config", "1.5.8", [`${endpoints} for AWS_WEB_IDENTITY_TOKEN_FILE`]],
    [crate, "aws-config", "1.5.9", []],
  ])("are known by their versions: %o %s %s", (kind, name, version, what) => {
    kind(name, version)();
    const [sdk, ...others] = found();
    if (sdk === undefined) throw new Error("it was not found");
    expect(others).toEqual([]);
    expect(sdk.name).toContain(`${name} ${version} (`);
    expect(defectsOf(sdk, { webIdentity: true, endpoints: true, authorizationFile: true })).toEqual(what);
    const unused = defectsOf(sdk, { webIdentity: false, endpoints: false, authorizationFile: false });
    expect(unused).toEqual(what.filter((text) => text.includes("credential_process")));
  });

  it.each([
    { webIdentity: true, endpoints: false },
    { webIdentity: false, endpoints: true },
  ])("of Rust need no other endpoint for a web identity where there is none: %j", (used) => {
    crate("aws-config", "1.5.8")();
    expect(found().flatMap((sdk) => defectsOf(sdk, { ...used, authorizationFile: true }))).toEqual([]);
  });

  it("are found where pnpm keeps them", () => {
    const store = put(
      `node_modules/.pnpm/chain@3.500.0/node_modules/${CHAIN}/package.json`,
      packageFile(CHAIN, "3.500.0"),
    );
    put("node_modules/.pnpm/node_modules/@aws-sdk/x", "");
    symlinkSync(dirname(store), join(directory, "node_modules/.pnpm/node_modules", CHAIN));
    expect(names()).toEqual([`${CHAIN} 3.500.0 (node_modules)`]);
  });

  it.each<[files: Record<string, string>, name: string | undefined]>([
    [
      { "gradle.lockfile": "software.amazon.awssdk:auth:2.20.0=runtimeClasspath", "pom.xml": "" },
      "2.20.0 (gradle.lockfile)",
    ],
    [
      { "pom.xml": "<project/>", "build.gradle.kts": 'platform("software.amazon.awssdk:bom:2.21.0")' },
      "2.21.0 (build.gradle.kts)",
    ],
    [
      {
        "gradle/libs.versions.toml": '[libraries]\naws = "software.amazon.awssdk:bom:2.22.0"',
        "build.gradle": "implementation libs.aws",
      },
      "2.22.0 (gradle/libs.versions.toml)",
    ],
    [{ "build.gradle": "implementation 'software.amazon.awssdk:s3:2.23.0'" }, "2.23.0 (build.gradle)"],
    [{ "build.gradle": "implementation 'software.amazon.awssdk:s3'" }, undefined],
  ])("are told by the first file that says it: %j", (files, name) => {
    for (const [path, text] of Object.entries(files)) put(path, text);
    expect(names()).toEqual(name === undefined ? [] : [`software.amazon.awssdk ${name}`]);
  });

  it("are told by NuGet's lock file before what it restored", () => {
    nuget("AWSSDK.Core", "3.7.302")();
    put(
      "packages.lock.json",
      JSON.stringify({ dependencies: { "net8.0": { "AWSSDK.Core": { resolved: "3.7.400.4" } } } }),
    );
    expect(names()).toEqual(["AWSSDK.Core 3.7.400.4 (packages.lock.json)"]);
  });

  it.each<[text: string, version: string | undefined]>([
    ["require github.com/aws/aws-sdk-go v1.44.0", "1.44.0"],
    ["require github.com/aws/aws-sdk-go v1.44.0 // for S3", "1.44.0"],
    ["require (\r\n\tgithub.com/aws/aws-sdk-go v1.44.0\r\n)\r\n", "1.44.0"],
    ["require (\n)\nrequire (\n\tgithub.com/aws/aws-sdk-go v1.44.1-0.20220401000000-0123456789ab\n)", "1.44.1"],
    ["exclude (\n)\nrequire github.com/aws/aws-sdk-go v1.44.0", "1.44.0"],
    ["require (\n\tgithub.com/aws/aws-sdk-go v1.44.0 // indirect\n)", undefined],
    ["require github.com/aws/aws-sdk-go v1.44.0 // indirect; by another", undefined],
    ["// require github.com/aws/aws-sdk-go v1.44.0", undefined],
    ["replace github.com/aws/aws-sdk-go v1.44.0 => ../fork", undefined],
    ["exclude (\n\tgithub.com/aws/aws-sdk-go v1.44.0\n)", undefined],
    ["github.com/aws/aws-sdk-go v1.44.0", undefined],
    ["require github.com/aws/aws-sdk-go/v9 v9.0.0", undefined],
    ["module github.com/aws/aws-sdk-go\n", undefined],
    ["require github.com/aws/aws-sdk-go", undefined],
  ])("are those that go.mod requires itself: %j", (text, version) => {
    put("go.mod", text);
    expect(names()).toEqual(version === undefined ? [] : [`github.com/aws/aws-sdk-go ${version} (go.mod)`]);
  });

  it.each<[what: string, set: () => void]>([
    ["no file", () => {}],
    ["a directory in its place", () => put("go.mod/x", "") && put("node_modules/aws-sdk/package.json/x", "")],
    ["a link that leads to itself", () => symlinkSync("go.mod", join(put("x", ""), "../go.mod"))],
    ["a link out of the project", () => symlinkSync("/dev/zero", join(put("x", ""), "../Gemfile.lock"))],
    ["directories that lead to themselves", () => symlinkSync("node_modules", join(put("x", ""), "../node_modules"))],
    ["10 MB", () => put("go.mod", `require github.com/aws/aws-sdk-go v1.44.0\n${"\n".repeat(10_000_000)}`)],
    ["another package's name", () => put("node_modules/aws-sdk/package.json", packageFile("fork", "2.0.0"))],
    ["a version that is no text", () => put("node_modules/aws-sdk/package.json", packageFile("aws-sdk", ["2.0.0"]))],
    [
      "a prototype",
      () => put("node_modules/aws-sdk/package.json", '{"__proto__":{"name":"aws-sdk","version":"2.0.0"}}'),
    ],
    ["no JSON", () => put("node_modules/aws-sdk/package.json", '{"name":"aws-sdk","version":"2.0.0"')],
    ["JSON too deep", () => put("node_modules/aws-sdk/package.json", "[".repeat(500_000))],
    ["no object", () => put("node_modules/aws-sdk/package.json", "null")],
    ["a huge number", () => npm("aws-sdk", "999999999999.1.1\u001b[31m")()],
    ["two numbers", () => npm("aws-sdk", "2.0")()],
    ["five numbers", () => npm("aws-sdk", "2.0.0.1.0")()],
    ["a range", () => pom("software.amazon.awssdk", "[2.5.0,3.0)")()],
    ["a variable", () => put("build.gradle", 'implementation "software.amazon.awssdk:s3:${awsVersion}"')],
    ["a branch", () => composer("aws/aws-sdk-php", "dev-master")()],
    ["words", () => npm("aws-sdk", "latest")()],
  ])("are passed over: %s", (_, set) => {
    mkdirSync(directory, { recursive: true });
    set();
    expect(found()).toEqual([]);
  });

  it("are not read from what is no file", () => {
    const text = "require github.com/aws/aws-sdk-go v1.44.0";
    const sdks = projectSdks({
      ...nodeFiles,
      read: (_path, _limit, accept) => {
        accept({ kind: "other", mode: 0o644, uid: 0, links: 1, modified: 0 });
        return text;
      },
    });
    expect(sdks).toEqual([]);
  });

  it("are shown by numbers alone, whatever stands in their files", () => {
    const odd = fc.oneof(fc.string(), fc.constantFrom("2.0.0", "1.9.9", "\u001b[31m", "\n", ")", "eyJ"));
    fc.assert(
      fc.property(fc.array(odd), (parts) => {
        const version = parts.join("");
        const texts = new Map([
          ["package.json", packageFile("aws-sdk", version)],
          ["go.mod", `require github.com/aws/aws-sdk-go v${version}`],
          ["Gemfile.lock", `    aws-sdk-core (${version})`],
          ["composer.lock", JSON.stringify({ packages: [{ name: "aws/aws-sdk-php", version }] })],
          ["pom.xml", `<dependency><groupId>software.amazon.awssdk</groupId><version>${version}</version>`],
          ["project.assets.json", JSON.stringify({ libraries: { [`AWSSDK.Core/${version}`]: {} } })],
          ["Cargo.lock", `[[package]]\nname = "aws-config"\nversion = "${version}"`],
        ]);
        const sdks = projectSdks({
          ...nodeFiles,
          read: (path) => texts.get([...texts.keys()].find((name) => path.endsWith(name)) ?? "") ?? "",
        });
        for (const { name } of sdks) expect(name).toMatch(/^[\w./@-]+ \d+(\.\d+){2,3} \([\w./]+\)$/);
      }),
    );
  });
});

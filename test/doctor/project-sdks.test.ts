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

  it("are found where pnpm keeps them", () => {
    const store = put(
      `node_modules/.pnpm/chain@3.500.0/node_modules/${CHAIN}/package.json`,
      packageFile(CHAIN, "3.500.0"),
    );
    put("node_modules/.pnpm/node_modules/@aws-sdk/x", "");
    symlinkSync(dirname(store), join(directory, "node_modules/.pnpm/node_modules", CHAIN));
    expect(names()).toEqual([`${CHAIN} 3.500.0 (node_modules)`]);
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
    ["four numbers", () => npm("aws-sdk", "2.0.0.1")()],
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
    const files = ["package.json", "go.mod", "Gemfile.lock"];
    const odd = fc.oneof(fc.string(), fc.constantFrom("2.0.0", "1.9.9", "\u001b[31m", "\n", ")", "eyJ"));
    fc.assert(
      fc.property(fc.array(odd), (parts) => {
        const version = parts.join("");
        const text = new Map([
          ["package.json", packageFile("aws-sdk", version)],
          ["go.mod", `require github.com/aws/aws-sdk-go v${version}`],
          ["Gemfile.lock", `    aws-sdk-core (${version})`],
        ]);
        const sdks = projectSdks({
          ...nodeFiles,
          read: (path) => text.get(files.find((name) => path.endsWith(name)) ?? "") ?? "",
        });
        for (const { name } of sdks) expect(name).toMatch(/^[\w./@-]+ \d+\.\d+\.\d+ \([\w.]+\)$/);
      }),
    );
  });
});

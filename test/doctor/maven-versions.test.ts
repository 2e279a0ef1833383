import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catalogVersion, gradleLockVersion, gradleVersion, pomVersion } from "../../src/doctor/maven-versions.ts";

const GROUP = "software.amazon.awssdk";
const dependency = (version: string | undefined, group = GROUP) =>
  `<dependency>\n  <groupId>${group}</groupId>\n  <artifactId>s3</artifactId>\n` +
  `${version === undefined ? "" : `  <version>${version}</version>\n`}</dependency>\n`;
const HOSTILE = 1_000_000;

describe("the version of a group of modules", () => {
  it.each<[pom: string, version: string | undefined]>([
    [dependency("2.20.0"), "2.20.0"],
    [dependency(" 2.20.0\n").replaceAll("\n", "\r\n"), "2.20.0"],
    [`<dependencyManagement>${dependency("2.20.0")}</dependencyManagement>${dependency(undefined)}`, "2.20.0"],
    [dependency("2.20.0") + dependency("2.20.0") + dependency("1.0.0", "com.amazonaws"), "2.20.0"],
    [`<properties><aws.version>2.20.0</aws.version></properties>${dependency("${aws.version}")}`, "2.20.0"],
    [`<!-- ${dependency("2.1.0")} -->${dependency("2.20.0")}<!-- ${dependency("2.2.0")}`, "2.20.0"],
    [
      `<dependency><groupId>${GROUP}</groupId><exclusions><exclusion><version>1</version></exclusion></exclusions></dependency>`,
      undefined,
    ],
    [
      dependency("1.0.0", "example").replace(
        "</dependency>",
        `<exclusions><exclusion><groupId>${GROUP}</groupId></exclusion></exclusions></dependency>`,
      ),
      undefined,
    ],
    // A profile, perhaps.
    [dependency("2.20.0") + dependency("2.21.0"), undefined],
    [`<a.b>2.20.0</a.b><a.b>2.21.0</a.b>${dependency("${a.b}")}`, undefined],
    [`${dependency(undefined)}<plugin><version>2.20.0</version></plugin>`, undefined],
    [dependency("${of.the.parent}"), undefined],
    [dependency("${project.version}"), undefined],
    [dependency(undefined), undefined],
    [dependency("2.20.0", `${GROUP}.crt`), undefined],
    [`<parent><groupId>${GROUP}</groupId><version>2.20.0</version></parent>`, undefined],
    ["", undefined],
    ["<dependency>".repeat(HOSTILE / 10), undefined],
    ["<!--".repeat(HOSTILE / 10), undefined],
    [dependency("${x}").repeat(HOSTILE / 100), undefined],
  ])("is read from pom.xml: case %#", (pom, version) => {
    expect(pomVersion(pom, GROUP)).toBe(version);
  });

  it.each<[lock: string, version: string | undefined]>([
    [`# made by Gradle\n${GROUP}:auth:2.20.0=compileClasspath,runtimeClasspath\nempty=\n`, "2.20.0"],
    [`${GROUP}:auth:2.20.0=a\n${GROUP}:auth:2.21.0=b`, undefined],
    [`${GROUP}:s3:2.20.0=a\n${GROUP}.crt:auth:0.21.0=a`, undefined],
    [`# ${GROUP}:auth:2.20.0=a`, undefined],
  ])("is read from gradle.lockfile: %j", (lock, version) => {
    expect(gradleLockVersion(lock, GROUP, "auth")).toBe(version);
  });

  it.each<[catalog: string, version: string | undefined]>([
    [`[versions]\naws = "2.20.0"\n[libraries]\ns3 = { module = "${GROUP}:s3", version.ref = "aws" }`, "2.20.0"],
    [
      `[libraries]\ns3 = { module = "${GROUP}:s3", version.ref = "aws" }\n[versions]\r\naws = '2.20.0' # newest\r\n`,
      "2.20.0",
    ],
    [
      `[versions]\naws="2.20.0"\n[libraries]\ns3 = { group = "${GROUP}", name = "s3", version = { ref = "aws" } }`,
      "2.20.0",
    ],
    [`[libraries]\ns3 = { group = "${GROUP}", name = "s3", version = "2.20.0" }`, "2.20.0"],
    [`[libraries]\nbom = "${GROUP}:bom:2.20.0"\ns3 = { module = "${GROUP}:s3" } # version: the BOM's`, "2.20.0"],
    [
      `[libraries]\nbom = "${GROUP}:bom:2.20.0"\n# s3 = "${GROUP}:s3:2.1.0"\ncrt = "${GROUP}.crt:aws-crt:0.2.0"`,
      "2.20.0",
    ],
    [`[libraries]\nbom = "${GROUP}:bom:2.20.0"\ns3 = "${GROUP}:s3:2.1.0"`, undefined],
    [`[libraries]\ns3 = { module = "${GROUP}:s3", version = { strictly = "[2.1,3[", prefer = "2.20.0" } }`, undefined],
    [
      `[versions]\naws = "2.20.0"\n[bundles]\naws = "2.1.0"\n[libraries]\ns3 = { module = "${GROUP}:s3", version.ref = "aws" }`,
      "2.20.0",
    ],
    [`[libraries]\ns3 = { module = "${GROUP}:s3", version.ref = "other" }`, undefined],
    [`[plugins]\ns3 = "${GROUP}:s3:2.20.0"`, undefined],
    [`s3 = "${GROUP}:s3:2.20.0"`, undefined],
    [
      `[libraries]
s3 = { module = "${GROUP}:s3", ${"version = { ".repeat(HOSTILE / 10)}`,
      undefined,
    ],
    [
      `[libraries]
s3 = { module = "${GROUP}:s3", version${" ".repeat(HOSTILE)}`,
      undefined,
    ],
    ["", undefined],
  ])("is read from a version catalog: case %#", (catalog, version) => {
    expect(catalogVersion(catalog, GROUP)).toBe(version);
  });

  it.each<[build: string, version: string | undefined]>([
    [`dependencies {\n  implementation '${GROUP}:s3:2.20.0'\n}`, "2.20.0"],
    [`implementation(platform("${GROUP}:bom:2.20.0"))\nimplementation("${GROUP}:s3")`, "2.20.0"],
    [`implementation "${GROUP}:s3:2.20.0@jar", '${GROUP}:sts:2.20.0:sources'`, "2.20.0"],
    [`// "${GROUP}:s3:2.1.0"\n/*\n "${GROUP}:s3:2.2.0"\n*/\nimplementation "${GROUP}:s3:2.20.0"`, "2.20.0"],
    [`/* one line */\nimplementation "${GROUP}:s3:2.20.0"\ninclude("**/*.kt")`, "2.20.0"],
    [`implementation "${GROUP}:s3:2.20.0"\nimplementation "${GROUP}:s3:$aws"`, undefined],
    [`implementation "${GROUP}:s3:2.20.0" // before: "${GROUP}:s3:2.1.0"`, undefined],
    [`implementation "${GROUP}.crt:aws-crt:0.21.0"`, undefined],
    [`implementation group: '${GROUP}', name: 's3', version: '2.20.0'`, undefined],
    ['"a:'.repeat(HOSTILE / 10), undefined],
    ["", undefined],
  ])("is read from build.gradle: case %#", (build, version) => {
    expect(gradleVersion(build, GROUP)).toBe(version);
  });

  it("is a part of what is written there", () => {
    const piece = fc.constantFrom(
      "<dependency>",
      "</dependency>",
      "<groupId>",
      "</groupId>",
      GROUP,
      "<version>",
      "</version>",
      "2.20.0",
      "${a}",
      "<a>",
      "</a>",
      "<!--",
      "-->",
      ":",
      "s3",
      '"',
      "\n",
      "[libraries]",
      "[versions]",
      " = ",
      "{ module = ",
      "version.ref",
      "auth",
      "$",
      "$&",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        const text = pieces.join("");
        const found = [pomVersion, catalogVersion, gradleVersion].map((versionIn) => versionIn(text, GROUP));
        for (const version of found.filter((one) => one !== undefined)) expect(text).toContain(version);
      }),
    );
  });
});

import { describe, expect, it } from "vitest";
import {
  cargoVersion,
  composerVersion,
  gemVersion,
  npmVersion,
  nugetAssetsVersion,
  nugetLockVersion,
} from "../../src/doctor/sdk-versions.ts";

const DEEP = "[".repeat(500_000);
const oddJson = ["", "null", "[]", '"text"', "{", "{}", DEEP, '{"__proto__":{"packages":[]}}'];

describe("the version of a package", () => {
  it.each<[lock: unknown, version: string | undefined]>([
    [{ packages: [{ name: "aws/aws-sdk-php", version: "3.283.0" }] }, "3.283.0"],
    [{ packages: [{ name: "aws/aws-sdk-php", version: "v3.283.0" }] }, "3.283.0"],
    [{ packages: [], "packages-dev": [{ name: "aws/aws-sdk-php", version: "3.283.0" }] }, "3.283.0"],
    [{ packages: [{ name: "aws/aws-sdk-php-laravel", version: "3.9.0" }] }, undefined],
    [{ packages: [{ name: "aws/aws-sdk-php-laravel", require: { "aws/aws-sdk-php": "~3.0" } }] }, undefined],
    [{ packages: [{ name: "aws/aws-sdk-php", version: 3 }, null, 1, []] }, undefined],
    [{ packages: { name: "aws/aws-sdk-php", version: "3.283.0" } }, undefined],
  ])("is read from composer.lock: %j", (lock, version) => {
    expect(composerVersion(JSON.stringify(lock), "aws/aws-sdk-php")).toBe(version);
  });

  const crate = (name: string, version: string) =>
    `[[package]]\nname = "${name}"\nversion = "${version}"\nsource = "registry+https://example.com/index"\n` +
    `dependencies = [\n "aws-config",\n]\n\n`;
  it.each<[lock: string, version: string | undefined]>([
    [`version = 4\n\n${crate("aws-config", "1.5.0")}${crate("aws-types", "1.3.0")}`, "1.5.0"],
    [crate("aws-config", "1.5.0").replaceAll("\n", "\r\n"), "1.5.0"],
    [crate("aws-config", "0.0.22-alpha"), "0.0.22-alpha"],
    [crate("app", "1.0.0"), undefined],
    [crate("aws-config-extra", "1.0.0"), undefined],
    [crate("aws-config", "0.55.0") + crate("aws-config", "1.5.0"), undefined],
    ['name = "aws-config"\nversion = "1.5.0"\n', undefined],
    ['[[package]]\nname = "aws-config"\n\n[[package]]\nversion = "1.5.0"\n', undefined],
    ["[[package]]".repeat(100_000), undefined],
    ["", undefined],
  ])("is read from Cargo.lock: case %#", (lock, version) => {
    expect(cargoVersion(lock, "aws-config")).toBe(version);
  });

  const core = (resolved: unknown) => ({ "AWSSDK.Core": { type: "Transitive", resolved } });
  it.each<[lock: unknown, version: string | undefined]>([
    [{ version: 1, dependencies: { "net8.0": core("3.7.400.4") } }, "3.7.400.4"],
    [{ dependencies: { "net8.0": core("3.7.400"), "net8.0/linux-x64": core("3.7.400"), "net6.0": {} } }, "3.7.400"],
    [{ dependencies: { "net8.0": core("3.7.400"), net472: core("3.7.100") } }, undefined],
    [
      { dependencies: { "net8.0": { "AWSSDK.S3": { resolved: "3.7.1", dependencies: { "AWSSDK.Core": "3.7.0" } } } } },
      undefined,
    ],
    [{ dependencies: { "net8.0": core(3), "net6.0": null, "net7.0": "text" } }, undefined],
    [{ dependencies: { "net8.0": { "AWSSDK.Core": "3.7.400" } } }, undefined],
    [{ dependencies: [] }, undefined],
  ])("is read from packages.lock.json: %j", (lock, version) => {
    expect(nugetLockVersion(JSON.stringify(lock), "AWSSDK.Core")).toBe(version);
  });

  it.each<[assets: unknown, version: string | undefined]>([
    [{ libraries: { "AWSSDK.Core/3.7.400.4": { type: "package" }, "AWSSDK.S3/3.7.1": {} } }, "3.7.400.4"],
    [{ libraries: { "AWSSDK.Core/3.7.400": {}, "AWSSDK.Core/3.7.100": {} } }, undefined],
    [{ libraries: { "AWSSDK.Core": {}, "AWSSDK.CoreExtra/1.0.0": {} } }, undefined],
    [{ libraries: ["AWSSDK.Core/3.7.400"] }, undefined],
  ])("is read from project.assets.json: %j", (assets, version) => {
    expect(nugetAssetsVersion(JSON.stringify(assets), "AWSSDK.Core")).toBe(version);
  });

  it.each<[lock: string, version: string | undefined]>([
    ["GEM\n  specs:\n    aws-sdk-core (3.170.0)\n", "3.170.0"],
    ["    aws-sdk-s3 (1.0.0)\n      aws-sdk-core (~> 3, >= 3.9.9)\n", undefined],
    ["    aws-sdk-core\n", undefined],
  ])("is read from Gemfile.lock: %j", (lock, version) => {
    expect(gemVersion(lock, "aws-sdk-core")).toBe(version);
  });

  it.each(oddJson.map((text) => [text.slice(0, 40), text] as const))("is in no odd JSON: %s", (_, text) => {
    for (const versionIn of [npmVersion, composerVersion, nugetLockVersion, nugetAssetsVersion]) {
      expect(versionIn(text, "aws-sdk")).toBeUndefined();
    }
  });
});

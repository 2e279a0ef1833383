import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig } from "../src/config.ts";
import { nodeFiles } from "../src/host/node-files.ts";
import { processHost } from "../src/host/process.ts";
import { settle } from "../src/settle.ts";
import { CLAIMS, fakeHost, ROLE_ARN, unsignedToken } from "./fake-host.ts";

const flavor = { "metadata-flavor": "Google" };
const given = { roleArn: ROLE_ARN, audience: "https://aws.example.com" };

/** A machine with this AWS config file, a real one, whose metadata server knows these paths. */
function machine(text: string | undefined, metadata: Record<string, string> = {}, env: Record<string, string> = {}) {
  const home = mkdtempSync(join(tmpdir(), "gcp2aws-settle-"));
  if (text !== undefined) {
    mkdirSync(join(home, ".aws"));
    writeFileSync(join(home, ".aws", "config"), text);
  }
  const host = fakeHost(
    ({ url }) => {
      const body = metadata[url.replace(/^.*computeMetadata\/v1\//, "")];
      return body === undefined ? { status: 404, headers: flavor, body: "no" } : { headers: flavor, body };
    },
    { env: { HOME: home, ...env }, readText: processHost.readText },
  );
  // Only files are the machine's own.
  return Object.assign(host, { files: { ...host.files, uid: nodeFiles.uid, read: nodeFiles.read } });
}

async function settled(host: ReturnType<typeof machine>, flags: Record<string, string> = {}) {
  const { region, stsEndpoint } = await settle(
    readConfig({ ...given, ...flags }, host.env),
    host,
    host.ticks() + 10_000,
  );
  return `${region} ${stsEndpoint}`;
}

const services = `
[default]
services = s
endpoint_url = https://general.example.com
[profile other]
endpoint_url = https://other.example.com
[services s]
s3 =
  endpoint_url = https://s3.example.com
sts =
  endpoint_url = https://sts.example.com
`;

describe("the endpoint", () => {
  it.each<[string, string | undefined, Record<string, string>, string]>([
    ["no file", undefined, {}, "https://sts.us-east-1.amazonaws.com"],
    ["a file without any", "[default]\nregion = eu-west-1\n", {}, "https://sts.us-east-1.amazonaws.com"],
    ["the services of the profile", services, {}, "https://sts.example.com"],
    ["another profile", services, { AWS_PROFILE: "other" }, "https://other.example.com"],
    ["a profile that is not there", services, { AWS_PROFILE: "nobody" }, "https://sts.us-east-1.amazonaws.com"],
    ["a variable", services, { AWS_ENDPOINT_URL: "https://variable.example.com" }, "https://variable.example.com"],
    [
      "no configured ones",
      services,
      { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
      "https://sts.us-east-1.amazonaws.com",
    ],
    ["FIPS of the profile", "[default]\nuse_fips_endpoint = true\n", {}, "https://sts-fips.us-east-1.amazonaws.com"],
    ["dual stack of it", "[default]\nuse_dualstack_endpoint = true\n", {}, "https://sts.us-east-1.api.aws"],
  ])("by %s", async (_name, text, env, endpoint) => {
    expect(await settled(machine(text, {}, env))).toBe(`us-east-1 ${endpoint}`);
  });

  it("by the flag, whatever the file says", async () => {
    const host = machine(services);
    expect(await settled(host, { stsEndpoint: "https://flag.example.com" })).toBe("us-east-1 https://flag.example.com");
  });

  it("is refused where it is plain http elsewhere, by file and line", async () => {
    const host = machine("[default]\nendpoint_url = http://sts.example.com\n");
    await expect(settled(host)).rejects.toMatchObject({
      code: "USAGE_INVALID_VALUE",
      message: expect.stringContaining("/.aws/config, line 2"),
    });
  });
});

describe("an endpoint of the profile", () => {
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ["FIPS", { AWS_USE_FIPS_ENDPOINT: "true" }, {}],
    ["fallback regions", {}, { fallbackRegion: "eu-west-1" }],
  ])("does not go with %s", async (_name, env, flags) => {
    await expect(settled(machine(services, {}, env), flags)).rejects.toMatchObject({ code: "USAGE_INVALID_VALUE" });
  });

  it("is not believed where everybody may write the file, though nothing else in it matters", async () => {
    const host = machine(services);
    chmodSync(join(host.env["HOME"] ?? "", ".aws", "config"), 0o666);
    await expect(settled(host)).rejects.toMatchObject({ code: "LOCAL_FILE" });
    expect(await settled(host, { stsEndpoint: "https://flag.example.com" })).toBe("us-east-1 https://flag.example.com");
    const plain = machine("[default]\nregion = eu-west-1\n");
    chmodSync(join(plain.env["HOME"] ?? "", ".aws", "config"), 0o666);
    expect(await settled(plain)).toContain("sts.us-east-1");
  });

  it("is another question in another profile", () => {
    const keyOf = (env: Record<string, string>) => JSON.stringify(readConfig(given, env).sts);
    expect(keyOf({ AWS_PROFILE: "other" })).not.toBe(keyOf({}));
    expect(keyOf({ AWS_CONFIG_FILE: "/elsewhere" })).not.toBe(keyOf({}));
    expect(keyOf({ AWS_PROFILE: "default" })).toBe(keyOf({}));
  });
});

describe("--region auto", () => {
  const zone = { "instance/zone": "projects/1071284184436/zones/europe-west4-b" };

  it("is the region nearest to the zone", async () => {
    expect(await settled(machine(undefined, zone), { region: "auto" })).toBe(
      "eu-central-1 https://sts.eu-central-1.amazonaws.com",
    );
  });

  it("is the region nearest to the region, where there are no zones", async () => {
    const host = machine(undefined, { "instance/region": "projects/1/regions/us-east4" });
    expect(await settled(host, { region: "auto" })).toBe("us-east-1 https://sts.us-east-1.amazonaws.com");
  });

  it("has an endpoint that is given", async () => {
    const flags = { region: "auto", stsEndpoint: "https://sts.example.com" };
    expect(await settled(machine(undefined, zone), flags)).toBe("eu-central-1 https://sts.example.com");
  });

  it("reads the zone from a token that is given", async () => {
    const google = { compute_engine: { zone: "asia-south2-a" } };
    const host = machine(undefined, {}, { GCP2AWS_IDENTITY_TOKEN: unsignedToken({ ...CLAIMS, google }) });
    expect(await settled(host, { region: "auto" })).toBe("ap-south-1 https://sts.ap-south-1.amazonaws.com");
  });

  it("asks the metadata server though the token is another account's", async () => {
    const impersonateServiceAccount = "team-b@blog-project.iam.gserviceaccount.com";
    const flags = { region: "auto", impersonateServiceAccount, serviceAccount: "default" };
    expect(await settled(machine(undefined, zone), flags)).toContain("eu-central-1 ");
  });

  it("says that a token has no zone, or that nothing is known to be near", async () => {
    const without = machine(undefined, {}, { GCP2AWS_IDENTITY_TOKEN: unsignedToken(CLAIMS) });
    await expect(settled(without, { region: "auto" })).rejects.toThrow("--region auto: the token names no zone");
    const moon = machine(undefined, { "instance/zone": "projects/1/zones/moon-north1-a" });
    await expect(settled(moon, { region: "auto" })).rejects.toThrow("moon-north1-a");
  });

  it("is for the partition aws", () => {
    const role = { ...given, roleArn: "arn:aws-cn:iam::111122223333:role/R", region: "auto" };
    expect(() => readConfig(role, {})).toThrow("must be a region of the role's partition, aws-cn");
  });
});

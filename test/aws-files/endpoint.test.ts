import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { endpointSettings } from "../../src/aws-files/endpoint.ts";
import { parseAwsFile } from "../../src/aws-files/parse.ts";

const cases: readonly [name: string, text: string, url: string | undefined][] = [
  ["nothing", "[profile p]\nregion = eu-west-1\n", undefined],
  ["the profile's own", "[profile p]\nendpoint_url = https://a.example.com\n", "https://a.example.com"],
  [
    "its services before its own",
    "[profile p]\nservices = s\nendpoint_url = https://a.example.com\n[services s]\nsts =\n  endpoint_url = https://b.example.com\n",
    "https://b.example.com",
  ],
  [
    "services without STS",
    "[profile p]\nservices = s\nendpoint_url = https://a.example.com\n[services s]\ns3 =\n  endpoint_url = https://b.example.com\n",
    "https://a.example.com",
  ],
  [
    "services of nobody",
    "[profile p]\nregion = x\n[services undefined]\nsts =\n  endpoint_url = https://a.example.com\n",
    undefined,
  ],
  ["another profile's", "[profile q]\nendpoint_url = https://a.example.com\n[profile p]\nregion = x\n", undefined],
];

describe("the STS endpoint of a profile", () => {
  it.each(cases)("%s", (_name, text, url) => {
    expect(endpointSettings(parseAwsFile(text, "config"), "p").endpoint?.url).toBe(url);
  });

  it("is not taken where the profile says so", () => {
    const text = "[profile p]\nignore_configured_endpoint_urls = true\nendpoint_url = https://a.example.com\n";
    expect(endpointSettings(parseAwsFile(text, "config"), "p").endpoint).toBeUndefined();
  });

  it("comes with its line", () => {
    expect(endpointSettings(parseAwsFile(cases[1]?.[1] ?? "", "config"), "p").endpoint?.line).toBe(2);
  });

  it.each(cases)("is what the JavaScript SDK reads: %s", async (_name, text, url) => {
    const folder = mkdtempSync(join(tmpdir(), "gcp2aws-endpoint-"));
    const file = join(folder, "config");
    writeFileSync(file, text);
    const saved = { ...process.env };
    Object.assign(process.env, { AWS_CONFIG_FILE: file, AWS_SHARED_CREDENTIALS_FILE: "/dev/null", AWS_PROFILE: "p" });
    try {
      let asked = "";
      const requestHandler = {
        handle: ({ hostname }: { hostname: string }) => {
          asked = hostname;
          return Promise.reject(new Error("no network here"));
        },
      };
      const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "s" };
      const client = new STSClient({ region: "us-east-1", profile: "p", credentials, requestHandler, maxAttempts: 1 });
      await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toThrow("no network here");
      expect(asked).toBe(url === undefined ? "sts.us-east-1.amazonaws.com" : new URL(url).hostname);
    } finally {
      process.env = saved;
    }
  });
});

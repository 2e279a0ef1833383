// Clients that do the exchange themselves, with the token that `gcp2aws token --output` keeps for them.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "../cli/cloud.ts";
import { AUDIENCE, entries, type Entry, ROLE, run, runProgram } from "../cli/run.ts";
import { awsCli, python } from "./clients.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

async function environment(entry: Entry): Promise<Record<string, string>> {
  const file = join(mkdtempSync(join(tmpdir(), "gcp2aws-token-")), "token");
  const result = await run(entry, ["token", "--audience", AUDIENCE, "--output", file, "--once"], { env: cloud.env });
  expect(result).toEqual({ status: 0, stdout: "", stderr: "" });
  const { AWS_ENDPOINT_URL_STS: _, ...env } = cloud.env;
  return {
    ...env,
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ROLE_ARN: ROLE,
    AWS_ROLE_SESSION_NAME: "by-itself",
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ENDPOINT_URL: cloud.emulator.awsUrl,
  };
}

const ARN = "arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/by-itself";

/**
 * Data of botocore's own kind that sends STS to the emulator. Debian 12's AWS CLI and boto3 do not know AWS_ENDPOINT_URL yet, and
 * there is no other way to have them do their own exchange there.
 */
function botocoreData(): string {
  const path = mkdtempSync(join(tmpdir(), "gcp2aws-botocore-"));
  const directory = join(path, "sts", "2011-06-15");
  mkdirSync(directory, { recursive: true });
  const parameter = (type: string) => ({ type, required: false, documentation: "" });
  const rules = {
    version: "1.0",
    parameters: {
      Region: { builtIn: "AWS::Region", ...parameter("String") },
      UseDualStack: { builtIn: "AWS::UseDualStack", ...parameter("Boolean") },
      UseFIPS: { builtIn: "AWS::UseFIPS", ...parameter("Boolean") },
      Endpoint: { builtIn: "SDK::Endpoint", ...parameter("String") },
      UseGlobalEndpoint: { builtIn: "AWS::STS::UseGlobalEndpoint", ...parameter("Boolean") },
    },
    rules: [
      { conditions: [], type: "endpoint", endpoint: { url: cloud.emulator.awsUrl, properties: {}, headers: {} } },
    ],
  };
  writeFileSync(join(directory, "endpoint-rule-set-1.json"), JSON.stringify(rules));
  return path;
}

describe.each(entries)("token --output, $name", (entry) => {
  it.skipIf(awsCli === undefined)(`AWS CLI v2 (${awsCli?.version})`, async () => {
    const argv = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
    const env = { ...(await environment(entry)), AWS_DATA_PATH: botocoreData() };
    const { stdout, stderr } = await runProgram(awsCli?.program ?? "aws", argv, { env });
    expect({ stdout, stderr }).toEqual({ stdout: `${ARN}\n`, stderr: "" });
  });

  it.skipIf(python === undefined)(python?.version ?? "boto3", async () => {
    const script = `
import boto3
session = boto3.Session()
print(session.client("sts").get_caller_identity()["Arn"], session.get_credentials().method)
`;
    const env = { ...(await environment(entry)), AWS_DATA_PATH: botocoreData() };
    const { stdout, stderr } = await runProgram(python?.program ?? "python3", ["-c", script], { env });
    expect({ stdout, stderr }).toEqual({ stdout: `${ARN} assume-role-with-web-identity\n`, stderr: "" });
  });

  it("AWS SDK for JavaScript v3", async () => {
    const script = `
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn);
`;
    const { stdout, stderr } = await runProgram(process.execPath, ["--input-type=module", "-e", script], {
      env: await environment(entry),
    });
    expect({ stdout, stderr }).toEqual({ stdout: `${ARN}\n`, stderr: "" });
  });
});

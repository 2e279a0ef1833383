// AWS CLI v2, boto3 and the AWS SDK for JavaScript each use the profiles that configure and write-credentials write.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "../cli/cloud.ts";
import { AUDIENCE, cleanEnv, entries, type Entry, ROLE, run, runProgram } from "../cli/run.ts";
import { awsCli, python } from "./clients.ts";

const ASSUMED = "arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/100111222333444555666";
const PROFILES = ["TeamA-S3ReadOnlyAccess", "default"];

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

/** A user for whom one of the commands has written the profile. */
async function userOf(command: string, profile: string, entry: Entry): Promise<Record<string, string>> {
  const { HOME: _home, ...clouds } = cloud.env;
  const env = cleanEnv({
    ...clouds,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
  });
  const argv = [command, "--profile", profile, "--role-arn", ROLE, "--audience", AUDIENCE];
  const { status } = await run(entry, argv, { env, secrets: cloud.secrets });
  expect(status).toBe(0);
  // Others see no metadata server: what they have, they have by the profile.
  return command === "configure" ? env : { ...env, GCE_METADATA_HOST: "127.0.0.1:1" };
}

describe.each(entries)("$name", (entry) => {
  describe.each(["configure", "write-credentials"])("%s", (command) => {
    it.skipIf(awsCli === undefined).each(PROFILES)(`AWS CLI v2 (${awsCli?.version}), %s`, async (profile) => {
      const env = await userOf(command, profile, entry);
      const choice = profile === "default" ? [] : ["--profile", profile];
      const argv = [
        "sts",
        "get-caller-identity",
        "--output",
        "json",
        ...choice,
        "--endpoint-url",
        cloud.emulator.awsUrl,
      ];
      const { stdout, stderr } = await runProgram(awsCli?.program ?? "aws", argv, { env });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout).Arn).toBe(ASSUMED);
    });

    it.skipIf(python === undefined).each(PROFILES)(`${python?.version}, %s`, async (profile) => {
      const script = `
import boto3, os
print(boto3.Session().client("sts", endpoint_url=os.environ["EMULATOR"]).get_caller_identity()["Arn"])
`;
      const env = { ...(await userOf(command, profile, entry)), EMULATOR: cloud.emulator.awsUrl, AWS_PROFILE: profile };
      const { stdout, stderr } = await runProgram(python?.program ?? "python3", ["-c", script], { env });
      expect(stderr).toBe("");
      expect(stdout.trim()).toBe(ASSUMED);
    });

    it.each(PROFILES)("AWS SDK for JavaScript v3, %s", async (profile) => {
      const script = `
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
const { Arn } = await new STSClient({ endpoint: process.env.EMULATOR }).send(new GetCallerIdentityCommand({}));
console.log(Arn);
`;
      const env = { ...(await userOf(command, profile, entry)), EMULATOR: cloud.emulator.awsUrl, AWS_PROFILE: profile };
      const { stdout, stderr } = await runProgram(process.execPath, ["--input-type=module", "-e", script], { env });
      expect(stderr).toBe("");
      expect(stdout.trim()).toBe(ASSUMED);
    });
  });
});

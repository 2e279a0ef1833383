// AWS CLI v2, boto3 and the AWS SDK for JavaScript each take credentials through credential_process.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "../cli/cloud.ts";
import { AUDIENCE, credentialProcessEntries, type Entry, ROLE, runProgram } from "../cli/run.ts";
import { awsCli, python } from "./clients.ts";

const PROFILE = "TeamA-S3ReadOnlyAccess";
const ASSUMED = "arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/100111222333444555666";
const BUCKETS = ["DOC-EXAMPLE-BUCKET1", "DOC-EXAMPLE-BUCKET2"];

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

/** The blog's profile, and around it only what points a client at the emulator. */
function profile(entry: Entry, flags: readonly string[] = []): Record<string, string> {
  const config = join(mkdtempSync(join(tmpdir(), "gcp2aws-config-")), "config");
  const command = [
    ...entry.command.map((part) => `"${part}"`),
    "credential-process",
    "--role-arn",
    ROLE,
    "--audience",
    AUDIENCE,
    ...flags,
  ];
  writeFileSync(config, `[profile ${PROFILE}]\nregion = us-east-1\ncredential_process = ${command.join(" ")}\n`);
  return { ...cloud.env, AWS_CONFIG_FILE: config, AWS_EC2_METADATA_DISABLED: "true" };
}

function aws(entry: Entry, argv: readonly string[], flags?: readonly string[]) {
  return runProgram(
    awsCli?.program ?? "aws",
    [...argv, "--profile", PROFILE, "--endpoint-url", cloud.emulator.awsUrl],
    { env: profile(entry, flags) },
  );
}

describe.skipIf(awsCli === undefined).each(credentialProcessEntries)(
  `AWS CLI v2 (${awsCli?.version}), $name`,
  (entry) => {
    it("get-caller-identity", async () => {
      const { stdout, stderr } = await aws(entry, ["sts", "get-caller-identity", "--output", "json"]);
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toEqual({
        UserId: expect.stringMatching(/^AROA[A-Z0-9]{17}:100111222333444555666$/),
        Account: "111122223333",
        Arn: ASSUMED,
      });
    });

    it("s3 ls", async () => {
      const { stdout, status } = await aws(entry, ["s3", "ls"]);
      expect(status).toBe(0);
      expect(BUCKETS.every((bucket) => stdout.includes(bucket))).toBe(true);
    });

    it("shows the whole explanation of a denial", async () => {
      const { status, stdout, stderr } = await aws(
        entry,
        ["s3", "ls"],
        ["--service-account", "team-b@example-project.iam.gserviceaccount.com"],
      );
      expect({ failed: status !== 0, stdout }).toEqual({ failed: true, stdout: "" });
      expect(stderr).toContain("[STS_ACCESS_DENIED]");
      expect(stderr).toContain("→ accounts.google.com:oaud");
    });
  },
);

describe.skipIf(python === undefined).each(credentialProcessEntries)(`${python?.version}, $name`, (entry) => {
  it("get_caller_identity and list_buckets", async () => {
    const script = `
import boto3, json, os
session = boto3.Session(profile_name="${PROFILE}")
url = os.environ["EMULATOR"]
arn = session.client("sts", endpoint_url=url).get_caller_identity()["Arn"]
buckets = [bucket["Name"] for bucket in session.client("s3", endpoint_url=url).list_buckets()["Buckets"]]
print(json.dumps([arn, buckets]))
`;
    const { stdout, stderr } = await runProgram(python?.program ?? "python3", ["-c", script], {
      env: { ...profile(entry), EMULATOR: cloud.emulator.awsUrl },
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual([ASSUMED, BUCKETS]);
  });
});

describe.each(credentialProcessEntries)("AWS SDK for JavaScript v3, $name", (entry) => {
  it("GetCallerIdentity and ListBuckets", async () => {
    const script = `
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { fromProcess } from "@aws-sdk/credential-providers";
const options = { region: "us-east-1", endpoint: process.env.EMULATOR, credentials: fromProcess({ profile: "${PROFILE}" }) };
const { Arn } = await new STSClient(options).send(new GetCallerIdentityCommand({}));
const { Buckets } = await new S3Client({ ...options, forcePathStyle: true }).send(new ListBucketsCommand({}));
console.log(JSON.stringify([Arn, Buckets.map(({ Name }) => Name)]));
`;
    const { stdout, stderr } = await runProgram(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...profile(entry), EMULATOR: cloud.emulator.awsUrl },
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual([ASSUMED, BUCKETS]);
  });
});

// AWS CLI v2, boto3 and the AWS SDK for JavaScript with what `gcp2aws env` sets, by way of real shells.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "../cli/cloud.ts";
import { entries, type Entry, FLAGS, runProgram } from "../cli/run.ts";
import { awsCli, bash, type Client, dash, fish, python } from "./clients.ts";

const ASSUMED = "arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/100111222333444555666";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

/** What would win over the credentials, or be mixed with them, were it not unset. */
const others = {
  AWS_PROFILE: "other",
  AWS_DEFAULT_PROFILE: "other",
  AWS_SECURITY_TOKEN: "stale",
  AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/Other",
  AWS_WEB_IDENTITY_TOKEN_FILE: "/nonexistent/token",
  AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:9/",
  AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: "stale",
  AWS_SESSION_TOKEN: "stale",
};

function environment(entry: Entry): Record<string, string> {
  const config = join(mkdtempSync(join(tmpdir(), "gcp2aws-config-")), "config");
  writeFileSync(config, "[profile other]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = stale\n");
  const quoted = [...entry.command, "env", ...FLAGS.slice(1)].map((part) => `'${part}'`).join(" ");
  return {
    ...cloud.env,
    ...others,
    AWS_CONFIG_FILE: config,
    AWS_EC2_METADATA_DISABLED: "true",
    EMULATOR: cloud.emulator.awsUrl,
    ENV: quoted,
  };
}

const shells: [string, Client | undefined, (command: string, env: string) => string][] = [
  ["dash", dash, (command, env) => `eval "$(${env})" && ${command}`],
  ["bash", bash, (command, env) => `set -euo pipefail; eval "$(${env})" && ${command}`],
  ["fish", fish, (command, env) => `${env} --format fish | source; and ${command}`],
];

const clients: [string, Client | undefined, (program: string) => string][] = [
  [
    `AWS CLI v2 (${awsCli?.version})`,
    awsCli,
    (aws) => `${aws} sts get-caller-identity --query Arn --output text --endpoint-url "$EMULATOR"`,
  ],
  [
    python?.version ?? "boto3",
    python,
    (python3) =>
      `${python3} -c 'import boto3, os; print(boto3.client("sts", endpoint_url=os.environ["EMULATOR"]).get_caller_identity()["Arn"])'`,
  ],
  [
    "AWS SDK for JavaScript v3",
    { program: process.execPath, version: "" },
    (node) =>
      `${node} --input-type=module -e 'import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts"; console.log((await new STSClient({ endpoint: process.env.EMULATOR }).send(new GetCallerIdentityCommand({}))).Arn)'`,
  ],
];

describe.each(entries)("env, $name", (entry) => {
  describe.each(shells)("%s", (_, shell, script) => {
    it.for(clients)("%s", async ([, client, command], { skip }) => {
      if (shell === undefined || client === undefined) {
        skip();
        return;
      }
      const env = environment(entry);
      const text = script(command(client.program), env["ENV"] ?? "");
      const { status, stdout, stderr } = await runProgram(shell.program, ["-c", text], { env });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${ASSUMED}\n`, stderr: "" });
    });
  });
});

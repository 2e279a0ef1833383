// A program that depends on gcp2aws as anybody's would: scripts/try-package.ts installs, compiles and runs it.
import assert from "node:assert/strict";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { createCredentialChain, fromEnv } from "@aws-sdk/credential-providers";
import {
  type Credentials,
  type ErrorCode,
  fromGoogleIdentity,
  Gcp2awsError,
  type GoogleIdentityOptions,
} from "gcp2aws";
import { startEmulator } from "gcp2aws/emulator";
import { evaluateTrustPolicy, lintTrustPolicy, readTrustPolicy, type TrustEvaluation } from "gcp2aws/trust-policy";

const options: GoogleIdentityOptions = {
  roleArn: "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA",
  audience: "https://aws.example.com",
  timeoutSeconds: 5,
};
const ASSUMED = "arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/100111222333444555666";

async function whoIs(credentials: () => Promise<Credentials>): Promise<string | undefined> {
  const sts = new STSClient({ credentials });
  return (await sts.send(new GetCallerIdentityCommand({}))).Arn;
}

const statement = {
  Effect: "Allow",
  Principal: { Federated: "accounts.google.com" },
  Action: "sts:AssumeRoleWithWebIdentity",
  Condition: { StringEquals: { "accounts.google.com:oaud": options.audience } },
};
const reading = readTrustPolicy({ Version: "2012-10-17", Statement: statement });
assert.ok("policy" in reading);
const claims = { iss: "https://accounts.google.com", sub: "1", aud: options.audience ?? "" };
const evaluation: TrustEvaluation = evaluateTrustPolicy(reading.policy, { claims });
assert.equal(evaluation.decision, "allowed");
assert.equal(lintTrustPolicy(JSON.stringify({ Statement: statement }))[0]?.rule, "audience-only");

const emulator = await startEmulator();
const [admin] = emulator.definition.users;
Object.assign(process.env, emulator.env, {
  AWS_ACCESS_KEY_ID: admin?.accessKeyId,
  AWS_SECRET_ACCESS_KEY: admin?.secretAccessKey,
});
try {
  assert.equal(await whoIs(fromGoogleIdentity(options)), ASSUMED);

  const chain = createCredentialChain(fromGoogleIdentity(options), fromEnv());
  const { Arn } = await new STSClient({ credentials: chain }).send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, ASSUMED);

  const refusal: ErrorCode = "STS_ACCESS_DENIED";
  await assert.rejects(
    fromGoogleIdentity({ ...options, audience: "https://wrong.example.com" }),
    (error) => error instanceof Gcp2awsError && error.code === refusal && !error.tryNextLink,
  );

  // Nobody listens there: not on Google Cloud, so the chain goes on.
  process.env["GCE_METADATA_HOST"] = "127.0.0.1:9";
  const elsewhere = createCredentialChain(fromGoogleIdentity({ ...options, timeoutSeconds: 1 }), fromEnv());
  const next = await new STSClient({ credentials: elsewhere }).send(new GetCallerIdentityCommand({}));
  assert.equal(next.Arn, "arn:aws:iam::111122223333:user/admin");
} finally {
  await emulator.close();
}
console.log("ok");

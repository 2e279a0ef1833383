// Asks the emulated AWS who it is and which buckets there are, with the credentials that the SDK's default chain finds:
// one line of JSON at once, and one more for each line of stdin.
import { createInterface } from "node:readline";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const endpoint = process.env.EMULATOR;
const sts = new STSClient({ endpoint });
const s3 = new S3Client({ endpoint, forcePathStyle: true });

async function ask() {
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  const { accessKeyId } = await sts.config.credentials();
  console.log(JSON.stringify({ arn: Arn, buckets: Buckets.map(({ Name }) => Name), key: accessKeyId }));
}

await ask();
for await (const _ of createInterface(process.stdin)) await ask();

// Each real client, through each door that gcp2aws opens to it, calls GetCallerIdentity and ListBuckets.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "../cli/cloud.ts";
import { runProgram } from "../cli/run.ts";
import { awsCli, buildGoProgram, type Client, goProgram, javaScript, programFile, python, rclone } from "./clients.ts";
import { ASSUMED, BUCKETS, doors, type OpenDoor } from "./doors.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
  buildGoProgram();
}, 240_000);
afterAll(() => cloud.close());

interface Answer {
  /** Not of a client that has no such call. */
  arn?: string;
  buckets: readonly string[];
}

type Ask = (door: OpenDoor) => Promise<Answer>;

async function call({ env, around }: OpenDoor, program: string, ...argv: string[]): Promise<string> {
  const [first = program, ...rest] = [...around, program, ...argv];
  const { status, stdout, stderr } = await runProgram(first, rest, {
    env: { ...env, EMULATOR: cloud.emulator.awsUrl },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

const printed =
  (program = "", ...argv: string[]): Ask =>
  async (door) => {
    const { arn, buckets }: Required<Answer> = JSON.parse(await call(door, program, ...argv));
    return { arn, buckets };
  };

const askAwsCli: Ask = async (door) => {
  // Version 2.9 does not know AWS_ENDPOINT_URL.
  const aws = (...argv: string[]) =>
    call(door, awsCli?.program ?? "", ...argv, "--endpoint-url", cloud.emulator.awsUrl, "--output", "text");
  const [arn, names] = await Promise.all([
    aws("sts", "get-caller-identity", "--query", "Arn"),
    aws("s3api", "list-buckets", "--query", "Buckets[].Name"),
  ]);
  return { arn: arn.trim(), buckets: names.trim().split("\t") };
};

const askRclone: Ask = async (door) => {
  const remote = `:s3,provider=AWS,env_auth=true,region=us-east-1,endpoint="${cloud.emulator.awsUrl}":`;
  const folders = await call(door, rclone?.program ?? "", "--config", "", "lsf", remote);
  return {
    buckets: folders
      .trim()
      .split("/\n")
      .map((name) => name.replace(/\/$/, "")),
  };
};

const all: Answer = { arn: ASSUMED, buckets: BUCKETS };

const clients: readonly { client: Client | undefined; ask: Ask; answer: Answer }[] = [
  { client: awsCli, ask: askAwsCli, answer: all },
  { client: python, ask: printed(python?.program, programFile("ask.py")), answer: all },
  { client: javaScript, ask: printed(javaScript.program, programFile("ask.mjs")), answer: all },
  { client: goProgram, ask: printed(goProgram?.program), answer: all },
  { client: rclone, ask: askRclone, answer: { buckets: BUCKETS } },
];

describe.each(doors.flatMap(({ entries, ...door }) => entries.map((entry) => ({ ...door, entry }))))(
  "$name, $entry.name",
  ({ entry, open }) => {
    let door: OpenDoor;
    beforeAll(async () => {
      door = await open(entry, cloud.env);
    });
    afterAll(() => door.close());

    it.each(clients.filter(({ client }) => client !== undefined))("$client.version", async ({ ask, answer }) => {
      expect(await ask(door)).toEqual(answer);
    });
  },
);

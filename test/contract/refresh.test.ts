// Long-lived programs whose credentials run out: the SDK in them comes back through its door for new ones.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "../cli/cloud.ts";
import { type Client, faketime, javaScript, programFile, python } from "./clients.ts";
import { type MovedClock, moveClock } from "./clock.ts";
import { ASSUMED, BUCKETS, doors, type OpenDoor } from "./doors.ts";

const HOUR = 3600;
const MINUTE = 60;

let cloud: Cloud;
let clock: MovedClock;
let door: OpenDoor | undefined;
let program: ChildProcess | undefined;

beforeEach(async () => {
  clock = moveClock();
  cloud = await startCloud({ clock: clock.now });
});
afterEach(async () => {
  program?.kill();
  await door?.close();
  await cloud.close();
});

interface Answer {
  arn: string;
  buckets: string[];
  key: string;
}

/** Starts one of programs/, and returns what has it ask again; the first answer is the one it gives by itself. */
function start({ program: name }: Client, file: string, { env, around }: OpenDoor): () => Promise<Answer> {
  const [command, ...argv] = [...around, name, programFile(file)] as const;
  const child = spawn(command ?? name, argv, { env: { ...env, EMULATOR: cloud.emulator.awsUrl } });
  program = child;
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  let isFirst = true;
  return async () => {
    if (!isFirst) child.stdin.write("\n");
    isFirst = false;
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the program ended:\n${said}`);
    const answer: Answer = JSON.parse(value);
    expect(answer).toMatchObject({ arn: ASSUMED, buckets: BUCKETS });
    return answer;
  };
}

const clients: readonly { client: Client | undefined; file: string }[] = [
  { client: python, file: "ask.py" },
  { client: javaScript, file: "ask.mjs" },
];

// A session of `exec --static` ends with its credentials.
const refreshing = doors.filter(({ name }) => name !== "exec --static");

describe
  .skipIf(faketime === undefined)
  .each(refreshing.flatMap(({ entries, ...rest }) => entries.map((entry) => ({ ...rest, entry }))))(
  "$name, $entry.name",
  ({ name, entry, open }) => {
    it.each(clients.filter(({ client }) => client !== undefined))("$client.version", async ({ client, file }) => {
      const { GCP2AWS_CACHE: _, ...env } = cloud.env;
      door = await open(entry, { ...env, ...clock.env });
      const ask = start(client ?? javaScript, file, door);

      const first = await ask();
      expect((await ask()).key).toBe(first.key);

      // Nobody asked in time, as on a machine that was suspended.
      clock.advance(3 * HOUR);
      const second = await ask();
      expect(second.key).not.toBe(first.key);

      // botocore takes what is about to end from EC2's metadata service for longer than it lives, and asks later
      // (_evaluate_expiration in its utils.py).
      if (name === "serve --imds") return;
      // Within the last five minutes, where every SDK looks for new ones. A server has them once its exchange is over.
      clock.advance(56 * MINUTE);
      let third = await ask();
      for (let more = 200; more > 0 && third.key === second.key; more--) third = await ask();
      expect([first.key, second.key]).not.toContain(third.key);
      // The old ones are over, the new ones are not.
      clock.advance(30 * MINUTE);
      await ask();
    });
  },
);

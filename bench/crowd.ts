// Many processes at once on an empty cache.
import { spawn } from "node:child_process";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { availableMemory } from "node:process";
import { type Clouds, emptyCache, FLAGS } from "./clouds.ts";
import { compile, type Entry, median, peakMemory, type Row, type Table } from "./measure.ts";

const MOST = 1_000;
/** Of the memory that is free; the rest is for the clouds, and for what a process takes besides its own. */
const SHARE = 0.7;

/** As often as the time allows: each round takes up to a minute. */
export async function crowd(clouds: Clouds, entries: readonly Entry[], rounds: number): Promise<Table> {
  const peak = compile(clouds, "peak.c");
  let calls = 0;
  // Counts on the way to the emulated AWS.
  const server = createServer((incoming, answer) => {
    calls++;
    const outgoing = request(clouds.awsUrl, { method: "POST", headers: incoming.headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  await new Promise<void>((listening) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, listening));
  const env = { ...clouds.env, AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };

  const rows: Row[] = [];
  for (const { name, command, nothing } of entries) {
    const each = peakMemory(peak, command, [], clouds.env);
    const room = Math.floor((SHARE * availableMemory()) / each);
    const size = Math.min(MOST, room);
    const bound = size < MOST ? ` (all that memory allows, at ${Math.round(each / 1e6)} MB each)` : "";
    const many = `${size.toLocaleString("en")} × ${name}`;
    const [ratios, seconds, most]: [number[], number[], { calls: number; answers: number; failed: number }] = [
      [],
      [],
      { calls: 0, answers: 0, failed: 0 },
    ];
    for (let round = 0; round < rounds; round++) {
      emptyCache(clouds);
      calls = 0;
      const idle = await together(size, nothing, [], env);
      const ours = await together(size, command, FLAGS, env);
      ratios.push(ours.seconds / idle.seconds);
      seconds.push(ours.seconds);
      most.calls = Math.max(most.calls, calls);
      most.failed = Math.max(most.failed, ours.failed);
      most.answers = Math.max(most.answers, new Set(ours.outputs).size);
    }
    rows.push({
      name: `${many}: calls to STS${bound}`,
      value: `${most.calls}, ${most.answers === 1 ? "one answer" : `${most.answers} answers`}, ${most.failed} without`,
      expected: "1",
      reached: most.calls === 1 && most.answers === 1 && most.failed === 0,
    });
    rows.push({
      name: `${many}: of as many that do nothing`,
      value: `${median(ratios).toFixed(2)}×, ${median(seconds).toFixed(2)} s`,
    });
  }
  server.close();
  server.closeAllConnections();
  return { title: `Many at once on an empty cache, median of ${rounds}: the most calls of any round`, rows };
}

async function together(
  size: number,
  [program, ...first]: readonly [string, ...string[]],
  argv: readonly string[],
  env: Record<string, string>,
): Promise<{ seconds: number; outputs: string[]; failed: number }> {
  const started = performance.now();
  const ends: Promise<{ status: number | null; output: string }>[] = [];
  for (let count = 0; count < size; count++) {
    ends.push(
      new Promise((done, fail) => {
        let output = "";
        const child = spawn(program, [...first, ...argv], { env, stdio: ["ignore", "pipe", "ignore"] });
        child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
        child.on("error", fail);
        child.on("close", (status) => done({ status, output }));
      }),
    );
    // To start hundreds can take longer than a client waits for STS, whose calls pass through this process.
    await new Promise((next) => setImmediate(next));
  }
  const outcomes = await Promise.all(ends);
  return {
    seconds: (performance.now() - started) / 1000,
    outputs: outcomes.filter(({ status }) => status === 0).map(({ output }) => output),
    failed: outcomes.filter(({ status }) => status !== 0).length,
  };
}

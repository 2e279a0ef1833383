// Many processes at once on an empty cache.
import { spawn } from "node:child_process";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clouds, FLAGS } from "./clouds.ts";
import type { Entry, Row, Table } from "./measure.ts";
import { rmSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Of the larger runtimes as many as 24 GB and two cores bear. */
const sizes: Record<string, number> = { "native helper": 1_000, "standalone executable": 300, "npm entry": 60 };

export async function crowd(clouds: Clouds, entries: readonly Entry[]): Promise<Table> {
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
    const size = sizes[name] ?? 60;
    for (const left of readdirSync(clouds.cache)) rmSync(join(clouds.cache, left), { recursive: true });
    calls = 0;
    const idle = await together(size, nothing, [], env);
    const ours = await together(size, command, FLAGS, env);
    const answers = new Set(ours.outputs);
    rows.push({
      name: `${size.toLocaleString("en")} × ${name}: calls to STS`,
      value: `${calls}, ${answers.size === 1 ? "one answer" : `${answers.size} answers`}`,
      expected: "1",
      reached: calls === 1 && answers.size === 1,
    });
    rows.push({
      name: `${size.toLocaleString("en")} × ${name}: of as many that do nothing`,
      value: `${(ours.seconds / idle.seconds).toFixed(2)}×, ${ours.seconds.toFixed(2)} s`,
    });
  }
  server.close();
  server.closeAllConnections();
  return { title: "Many at once on an empty cache", rows };
}

async function together(
  size: number,
  [program, ...first]: readonly [string, ...string[]],
  argv: readonly string[],
  env: Record<string, string>,
): Promise<{ seconds: number; outputs: string[] }> {
  const started = performance.now();
  const outputs = await Promise.all(
    Array.from(
      { length: size },
      () =>
        new Promise<string>((done, fail) => {
          let output = "";
          const child = spawn(program, [...first, ...argv], { env, stdio: ["ignore", "pipe", "ignore"] });
          child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
          child.on("error", fail);
          child.on("close", () => done(output));
        }),
    ),
  );
  return { seconds: (performance.now() - started) / 1000, outputs };
}

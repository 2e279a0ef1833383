// How soon a process that waits for another one's answer has printed it.
import { spawn } from "node:child_process";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clouds, emptyCache, FLAGS } from "./clouds.ts";
import { type Entry, median, type Row, type Table } from "./measure.ts";

/** Milliseconds until STS answers: each kind has started by then and waits. */
const HELD_MS = 300;

export async function wake(clouds: Clouds, entries: readonly Entry[], runs: number): Promise<Table> {
  const [fastest] = entries;
  if (fastest === undefined) return { title: "", rows: [] };
  let calls = 0;
  let asked = () => {};
  let answeredAt = NaN;
  const server = createServer((incoming, answer) => {
    calls++;
    asked();
    const outgoing = request(clouds.awsUrl, { method: "POST", headers: incoming.headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        setTimeout(() => {
          answeredAt = performance.now();
          answer.writeHead(response.statusCode ?? 500, response.headers).end(Buffer.concat(chunks));
        }, HELD_MS),
      );
    });
    incoming.pipe(outgoing);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const env = { ...clouds.env, AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  /** When it has printed. */
  const start = ({ command: [program, ...first] }: Entry) =>
    new Promise<number>((done, fail) => {
      const child = spawn(program, [...first, ...FLAGS], { env, stdio: ["ignore", "pipe", "ignore"] });
      child.stdout.once("data", () => done(performance.now()));
      child.on("error", fail);
      child.on("close", (status) => status !== 0 && fail(new Error(`${program} failed`)));
    });

  const samples = new Map<string, number[]>();
  for (let run = 0; run < runs; run++) {
    for (const entry of entries) {
      emptyCache(clouds);
      calls = 0;
      const isAsked = new Promise<void>((done) => (asked = done));
      const holder = start(fastest);
      await isAsked;
      const printed = await start(entry);
      await holder;
      if (calls !== 1) throw new Error("the one that should have waited asked STS itself");
      samples.set(entry.name, [...(samples.get(entry.name) ?? []), printed - answeredAt]);
    }
  }
  server.close();
  server.closeAllConnections();
  const rows = [...samples].map(([name, times]): Row => ({ name, value: `${median(times).toFixed(1)} ms` }));
  return {
    title: "From STS's answer to another process's output, which waited for it (the native helper asked)",
    rows,
  };
}

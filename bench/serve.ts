// gcp2aws serve under load, beside a bare server of node:http.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { promisify } from "node:util";
import { AUDIENCE, type Clouds, ROLE } from "./clouds.ts";
import { type Entry, firstThat, median, type Row, type Table } from "./measure.ts";
import { row } from "./speed.ts";

const TOKEN = "the-token-of-this-bench";
const PATH = `/role/${ROLE.split("/")[1]}`;
/** At once, on as many connections, before there are credentials. */
const CROWD = 1_000;
/** How far STS is away from that crowd, so that it is there before the answer. */
const STS_MS = 500;
const ROUND_SECONDS = 2;

interface Server {
  url: string;
  child: ChildProcess;
  stop: () => Promise<void>;
}

/** @param long ten minutes of load instead of half a one, for the memory */
export async function serve(clouds: Clouds, entries: readonly Entry[], runs: number, long: boolean): Promise<Table[]> {
  // It says its version with status 1.
  firstThat(["sh"], ["-c", "wrk --version; true"], /^wrk/, "wrk", "wrk");
  const served = entries.filter(({ name }) => name !== "native helper");
  return [
    await besideBare(clouds, served, Math.max(4, Math.round(runs / 2))),
    await firstCrowd(clouds, served),
    await memory(clouds, served, long ? 600 : 30),
  ];
}

async function start(clouds: Clouds, { command: [program, ...first] }: Entry, env = clouds.env): Promise<Server> {
  const token = clouds.write("token", TOKEN);
  const flags = ["--role-arn", ROLE, "--audience", AUDIENCE, "--listen", "127.0.0.1:0", "--token-file", token];
  const child = spawn(program, [...first, "serve", "--no-cache", "--log-format", "json", ...flags], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [line] = (await once(child.stderr, "data")) as [Buffer];
  child.stderr.resume();
  const { url } = JSON.parse(line.toString().split("\n")[0] ?? "") as { url: string };
  return {
    url,
    child,
    stop: async () => {
      child.kill();
      await once(child, "exit");
    },
  };
}

async function besideBare(clouds: Clouds, entries: readonly Entry[], runs: number): Promise<Table> {
  const servers = await Promise.all(entries.map((entry) => start(clouds, entry)));
  const [first] = servers;
  if (first === undefined) return { title: "", rows: [] };
  const answer = await fetch(`${first.url}${PATH}`, { headers: { Authorization: TOKEN } });
  const headers = Object.fromEntries(
    ["Content-Type", "Cache-Control", "Content-Length"].map((name) => [name, answer.headers.get(name) ?? ""]),
  );
  const same = clouds.write("answer.json", JSON.stringify({ headers, body: await answer.text() }));
  const bare = `http://127.0.0.1:${await clouds.start("bench/bare-server.ts", same)}`;
  const bun = spawn("bun", ["bench/bare-server.ts", same], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(bun.stdout, "data")) as [Buffer];
  const bareBun = `http://127.0.0.1:${port.toString().trim()}`;

  const urls = [bare, bareBun, ...servers.map(({ url }) => url)];
  const samples = urls.map(() => ({ perSecond: new Array<number>(), p99: new Array<number>() }));
  // In turns, there and back: the machine's mood changes from one second to the next, and each is compared with its
  // neighbours, which came before it as often as after.
  for (let run = -2; run < runs; run++) {
    const order = [...urls.entries()];
    for (const [index, url] of run % 2 === 0 ? order : order.toReversed()) {
      const { perSecond, p99 } = await wrk(url, ROUND_SECONDS);
      if (run < 0) continue;
      samples[index]?.perSecond.push(perSecond);
      samples[index]?.p99.push(p99);
    }
  }
  bun.kill();
  await Promise.all(servers.map(({ stop }) => stop()));

  const ratio = (index: number, beside: number) =>
    median((samples[index]?.perSecond ?? []).map((value, run) => value / (samples[beside]?.perSecond[run] ?? NaN)));
  const p99 = (index: number) => `${median(samples[index]?.p99 ?? []).toFixed(1)} ms`;
  const show = (value: number) => value.toFixed(2);
  const rows = entries.flatMap(({ name }, at): Row[] => {
    const [index, isBun] = [at + 2, name === "standalone executable"];
    return [
      row(`${name}: requests per second, of a bare server under Node`, ratio(index, 0), show, 0.85, "least", ""),
      ...(isBun ? [row(`${name}: of a bare server under Bun`, ratio(index, 1), show, undefined, "least", "")] : []),
      { name: `${name}: 99 of 100 within; the bare server`, value: `${p99(index)}; ${p99(isBun ? 1 : 0)}` },
    ];
  });
  const perSecond = Math.round(median(samples[0]?.perSecond ?? []) / 1000);
  return { title: `Serving, beside a bare server of node:http that answers ${perSecond},000 a second`, rows };
}

async function firstCrowd(clouds: Clouds, entries: readonly Entry[]): Promise<Table> {
  const far = await clouds.start("bench/network.ts", new URL(clouds.awsUrl).port, String(STS_MS));
  const env = { ...clouds.env, AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${far}` };
  const rows: Row[] = [];
  for (const entry of entries) {
    const server = await start(clouds, entry, env);
    const agent = new Agent({ maxSockets: Infinity });
    const began = performance.now();
    const answers = await Promise.all(
      Array.from({ length: CROWD }, () => ask(`${server.url}${PATH}`, agent).catch((error: Error) => error.message)),
    );
    const seconds = (performance.now() - began) / 1000;
    agent.destroy();
    const exchanges = Number(/^gcp2aws_exchanges_total\S* (\d+)$/m.exec(await ask(`${server.url}/metrics`))?.[1]);
    await server.stop();
    const good = answers.filter((answer) => answer.includes('"AccessKeyId"'));
    rows.push({
      name: `${entry.name}: exchanges, answers`,
      value: `${exchanges}, ${good.length.toLocaleString("en")} in ${seconds.toFixed(2)} s`,
      expected: `1 and ${CROWD.toLocaleString("en")}, all the same`,
      reached: exchanges === 1 && good.length === CROWD && new Set(good).size === 1,
    });
  }
  return { title: `${CROWD.toLocaleString("en")} first requests at once, STS ${STS_MS} ms away`, rows };
}

async function memory(clouds: Clouds, entries: readonly Entry[], seconds: number): Promise<Table> {
  const rows: Row[] = [];
  for (const entry of entries) {
    const server = await start(clouds, entry);
    const began = memoryOf(server.child);
    const samples: number[] = [];
    const sampling = setInterval(() => samples.push(memoryOf(server.child)), (seconds * 1000) / 60);
    await wrk(server.url, seconds);
    clearInterval(sampling);
    await server.stop();
    // What a runtime takes to get going is not growth.
    const [early, late] = [samples.slice(15, 30), samples.slice(45)].map((part) => Math.max(...part));
    const growth = ((late ?? NaN) / (early ?? NaN) - 1) * 100;
    const name = `${entry.name}: at the start, most in the second and in the last quarter`;
    const show = () => [began, early ?? NaN, late ?? NaN].map((kilobytes) => Math.round(kilobytes / 1000)).join(", ");
    rows.push(row(name, growth, () => `${show()} MB`, 10, "most", " % more"));
  }
  return { title: `Memory over ${seconds} s of load`, rows };
}

/** Load by 32 connections from one thread: requests per second, and milliseconds that 99 of 100 answers take at most. */
async function wrk(url: string, seconds: number): Promise<{ perSecond: number; p99: number }> {
  const argv = ["-t1", "-c32", `-d${seconds}s`, "--latency", "-H", `Authorization: ${TOKEN}`, `${url}${PATH}`];
  const { stdout } = await promisify(execFile)("wrk", argv);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`not all answers were good: ${stdout}`);
  const [, p99 = "", unit = ""] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const milliseconds: Record<string, number> = { us: 0.001, ms: 1, s: 1000 };
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p99: Number(p99) * (milliseconds[unit] ?? NaN),
  };
}

function ask(url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { Authorization: TOKEN }, ...(agent === undefined ? {} : { agent }) }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve(body));
    }).on("error", reject);
  });
}

/** Resident, in kilobytes. */
function memoryOf({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

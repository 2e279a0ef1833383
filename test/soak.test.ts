// Thirty days of a process that keeps credentials, with everything going wrong in turn, by a clock moved by hand; and
// what the real parts of such a process leave behind when they are started and ended again and again.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig } from "../src/config.ts";
import { lives } from "../src/credentials.ts";
import { ConnectionError, FileError, type HttpRequest, type HttpResponse } from "../src/host.ts";
import { listenHttp } from "../src/host/http-server.ts";
import { processHost } from "../src/host/process.ts";
import { every } from "../src/host/timers.ts";
import { createKeeper, tend } from "../src/keeper.ts";
import { obtain } from "../src/obtain.ts";
import { CLAIMS, fakeHost, ROLE_ARN, START, stsErrorBody, stsSuccess, unsignedToken } from "./fake-host.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Numbers from 0 to below 1, the same for the same seed (https://prng.di.unimi.it/splitmix64.c, in 32 bits). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What is wrong, and from when to when by the time that is right. */
interface Episode {
  kind: "sts-away" | "metadata-away" | "denied" | "clock" | "disk-full";
  from: number;
  until: number;
  /** By how much the clock of the machine is ahead meanwhile. */
  aheadMs: number;
}

function episodes(random: () => number): Episode[] {
  const list: Episode[] = [];
  const often = (kind: Episode["kind"], eachMs: number, lengthMs: number, aheadMs: () => number = () => 0) => {
    for (let from = START + eachMs * random(); from < START + 30 * DAY; from += eachMs * (0.5 + random())) {
      list.push({ kind, from, until: from + lengthMs * (0.5 + random()), aheadMs: aheadMs() });
    }
  };
  often("sts-away", DAY, 40 * MINUTE);
  often("metadata-away", 2 * DAY, 40 * MINUTE);
  often("denied", 3 * DAY, 20 * MINUTE);
  often("disk-full", 3 * DAY, 5 * HOUR);
  // Forward and back, by seconds and by hours.
  often("clock", 2 * DAY, HOUR, () => (random() < 0.5 ? -1 : 1) * (random() < 0.5 ? 3 * MINUTE : 3 * HOUR) * random());
  return list;
}

/** Both clouds and a machine in between, whose time goes from one thing that happens to the next. */
function world(durationSeconds: number, seed: number) {
  const random = sequence(seed);
  const wrong = episodes(random);
  const clouds = { calls: [] as number[], inFlight: 0, mostInFlight: 0, issued: new Map<string, number>() };
  /** Time that is right, and how much of it this machine has slept through. */
  let [time, suspendedMs] = [START, 0];
  const pending: { at: number; wake: () => void }[] = [];
  const byKind = Map.groupBy(wrong, ({ kind }) => kind);
  const isOn = (kind: Episode["kind"]) => byKind.get(kind)?.find(({ from, until }) => from <= time && time < until);
  const later = (ms: number) => new Promise<void>((wake) => pending.push({ at: time + Math.max(0, ms), wake }));

  const respond = async ({ url, timeoutMs }: HttpRequest): Promise<HttpResponse> => {
    const toMetadata = url.includes("computeMetadata");
    if (!toMetadata) clouds.calls.push(time);
    const away = isOn(toMetadata ? "metadata-away" : "sts-away");
    const dice = toMetadata ? 1 : random();
    // Some refuse at once, some say nothing until time is up.
    const latency = away !== undefined ? (random() < 0.5 ? 1 : timeoutMs) : 5 + 200 * random();
    await later(Math.min(latency, timeoutMs));
    if (away !== undefined || dice < 0.1)
      throw new ConnectionError(latency < timeoutMs ? "refused" : "timeout", "away");
    const headers = { "metadata-flavor": "Google", date: new Date(time).toUTCString() };
    const seconds = Math.floor(time / 1000);
    if (toMetadata)
      return { status: 200, headers, body: unsignedToken({ ...CLAIMS, iat: seconds, exp: seconds + 3600 }) };
    if (dice < 0.2) return { status: 503, headers, body: "" };
    if (dice < 0.3) return { status: 400, headers, body: stsErrorBody("Throttling", "Rate exceeded") };
    if (isOn("denied") !== undefined)
      return { status: 403, headers, body: stsErrorBody("AccessDenied", "Not authorized") };
    const id = `ASIA${String(clouds.issued.size).padStart(16, "0")}`;
    const expiration = (seconds + durationSeconds) * 1000;
    clouds.issued.set(id, expiration);
    return {
      status: 200,
      headers,
      body: stsSuccess({ AccessKeyId: id, Expiration: new Date(expiration).toISOString().replace(".000", "") }),
    };
  };

  const host = fakeHost(() => new Error("not used"), {
    now: () => time + (isOn("clock")?.aheadMs ?? 0),
    ticks: () => time - START - suspendedMs,
    random,
    sleep: later,
    request: async (request) => {
      const toSts = !request.url.includes("computeMetadata");
      if (toSts) clouds.mostInFlight = Math.max(clouds.mostInFlight, ++clouds.inFlight);
      try {
        return await respond(request);
      } finally {
        if (toSts) clouds.inFlight--;
      }
    },
    // Nobody else holds the lock, unless there are two flights.
    waitForEnd: (_, timeoutMs) => later(timeoutMs).then(() => "timeout"),
    warn: () => {},
  });
  host.files.now = host.now;
  host.files.before = (operation) => {
    if (isOn("disk-full") !== undefined && ["write", "makeDirectory", "bind"].includes(operation))
      throw new FileError("ENOSPC");
  };
  return {
    host,
    clouds,
    random,
    wrong,
    get time() {
      return time;
    },
    /** Lets the time pass in which a machine is awake, with all that happens in it. */
    pass: async (ms: number) => {
      const until = time + ms;
      await settled();
      for (;;) {
        const next = pending.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        pending.splice(pending.indexOf(next), 1);
        time = Math.max(time, next.at);
        next.wake();
        await settled();
      }
      time = Math.max(time, until);
    },
    suspend: (ms: number) => {
      time += ms;
      suspendedMs += ms;
    },
  };
}

describe.each([
  // Exchanges of a life without faults; at most so many calls to STS, of which 300 in the worst hour.
  { seconds: 900, least: 11_000, most: 26_000 },
  { seconds: 3_600, least: 2_700, most: 11_500 },
  // By what happens when: 1,181 to 2,935 in seven such lives.
  { seconds: 43_200, least: 220, most: 4_000 },
])("30 days with sessions of $seconds s", ({ seconds, least, most }) => {
  it("hand over what lives, always, and nothing else; and ask AWS within bounds", { timeout: 60_000 }, async () => {
    const one = world(seconds, seconds);
    const { host, clouds, random, wrong } = one;
    const given = { roleArn: ROLE_ARN, audience: "https://aws.example.com", durationSeconds: String(seconds) };
    const config = readConfig(given, { GCP2AWS_CACHE_DIR: "/home/cache" });
    const keeper = createKeeper(config, host, obtain);
    let tick = () => {};
    tend(keeper, (_, action) => {
      tick = action;
      return () => {};
    });

    const counts = { asked: 0, answered: 0, waited: 0, failed: 0 };
    /** Gathered, as an expectation takes longer than an answer. */
    const broken: string[] = [];
    const must = (holds: boolean, what: string) => {
      if (!holds) broken.push(`${what}, ${new Date(one.time).toISOString()}`);
    };
    const read = async () => {
      counts.asked++;
      const before = keeper.held();
      const living = before !== undefined && lives(before, host.now());
      let isSettled = false;
      const answer = keeper.ask().then(
        ({ credentials, issuedAt, expiresAt }) => {
          counts.answered++;
          isSettled = true;
          must(expiresAt > host.now(), "expired by this machine's clock");
          must(issuedAt <= host.now() + MINUTE, "issued in what is now the future");
          // Nobody who looks at a clock that is behind can know better.
          const behind = Math.max(0, one.time - host.now());
          must((clouds.issued.get(credentials.accessKeyId) ?? 0) > one.time - behind, "expired by AWS's clock");
        },
        () => {
          counts.failed++;
          isSettled = true;
          must(!living, "failed though there are credentials that live");
          must(
            wrong.some((each) => each.kind !== "disk-full" && each.from <= one.time && one.time < each.until + MINUTE),
            "failed without a cause",
          );
        },
      );
      await settled();
      if (!isSettled) counts.waited++;
      must(!living || isSettled, "kept waiting though there are credentials that live");
      return answer;
    };

    const reading: Promise<void>[] = [read()];
    for (let nextNap = DAY * random(); one.time < START + 30 * DAY;) {
      tick();
      if (random() < 0.2) reading.push(read(), read());
      await one.pass(10 * SECOND);
      if (one.time - START < nextNap) continue;
      one.suspend(MINUTE + 9 * HOUR * random() ** 3);
      nextNap = one.time - START + 2 * DAY * random();
      reading.push(read());
    }
    await one.pass(HOUR);
    await Promise.all(reading);

    expect(broken).toEqual([]);
    expect(clouds.mostInFlight).toBe(1);
    expect(clouds.issued.size).toBeGreaterThan(least);
    expect(clouds.calls.length).toBeLessThan(most);
    expect(busiestHour(clouds.calls)).toBeLessThan(300);
    expect(counts.answered + counts.failed).toBe(counts.asked);
    // Only an outage that is longer than what was left of a session keeps anybody from credentials.
    expect(counts.failed / counts.asked).toBeLessThan(0.05);
  });
});

function busiestHour(calls: readonly number[]): number {
  let [most, first] = [0, 0];
  for (const [last, at] of calls.entries()) {
    while (at - (calls[first] ?? at) > HOUR) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** What the event loop of this process waits for, and its descriptors. */
function resources(): Map<string, number> {
  const counts = new Map([["descriptors", readdirSync("/proc/self/fd").length]]);
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** What there is more of than before, once what was closed had its time. */
async function grown(before: ReadonlyMap<string, number>): Promise<string[]> {
  let more: string[] = [];
  for (let look = 0; look < 200; look++) {
    more = [...resources()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map((each) => each.join(" "));
    if (more.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return more;
}

describe("200 times", () => {
  it("a server that is started, used and closed leaves nothing behind", { timeout: 60_000 }, async () => {
    const keeper = { ask: () => Promise.resolve() };
    const reply = { status: 200, headers: {}, body: "x".repeat(600) };
    const once = async () => {
      const server = await listenHttp([{ host: "127.0.0.1", port: 0 }], {
        handle: () => Promise.resolve({ reply, label: "test" }),
        answered: () => {},
      });
      const stopTending = tend(keeper, every);
      const url = new URL(server.urls[0] ?? "");
      const idle = connect(Number(url.port), url.hostname).on("error", () => {});
      await new Promise<void>((resolve, reject) => {
        get(url, (response) => response.resume().on("end", resolve)).on("error", reject);
      });
      stopTending();
      idle.destroy();
      await server.close();
    };
    await once();
    const before = resources();
    for (let round = 0; round < 200; round++) await once();
    expect(await grown(before)).toEqual([]);
  });

  it(
    "a refresh with files leaves no descriptor, no socket and no file of its own behind",
    { timeout: 60_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "gcp2aws-soak-"));
      let time = Date.now();
      const host = {
        ...processHost,
        now: () => time,
        request: ({ url }: HttpRequest): Promise<HttpResponse> => {
          const headers = { "metadata-flavor": "Google", date: new Date(time).toUTCString() };
          const expiration = new Date(time + HOUR).toISOString().replace(/\.\d+/, "");
          const body = url.includes("computeMetadata")
            ? unsignedToken({ ...CLAIMS, exp: time })
            : stsSuccess({ Expiration: expiration });
          return Promise.resolve({ status: 200, headers, body });
        },
        preconnect: () => {},
        warn: (problem: Error) => {
          throw problem;
        },
      };
      const given = { roleArn: ROLE_ARN, audience: "https://aws.example.com" };
      const keeper = createKeeper(readConfig(given, { GCP2AWS_CACHE_DIR: join(folder, "cache") }), host, obtain);
      try {
        await keeper.ask();
        const before = resources();
        for (let round = 0; round < 200; round++) {
          time += 2 * HOUR;
          expect((await keeper.ask()).issuedAt).toBe(time);
        }
        expect(await grown(before)).toEqual([]);
        expect(
          readdirSync(join(folder, "cache")).filter((name) => !/^gcp2aws-[0-9a-f]{32}(\.lock)?$/.test(name)),
        ).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

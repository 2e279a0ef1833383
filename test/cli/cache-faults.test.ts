// What the cache is for on a bad day: thousands of processes, killed and stopped at random moments.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { formatEntry, parseEntry, parseFailure } from "../../src/cache/entry.ts";
import { cacheKey } from "../../src/cache/key.ts";
import { readConfig } from "../../src/config.ts";
import { stsErrorBody, stsSuccess, unsignedToken } from "../fake-host.ts";
import { AUDIENCE, credentialProcessEntries, type Entry, FLAGS, ROLE } from "./run.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const base = mkdtempSync(join(tmpdir(), "gcp2aws-faults-"));

const AT_ONCE = Promise.resolve();
/** Both clouds in one small server: tokens at once, numbered credentials after `delayMs`, or a denial. */
const clouds = {
  calls: 0,
  delayMs: 0,
  /** What STS waits for before that, in the calls that come from now on. */
  held: AT_ONCE,
  denies: false,
  /** The moment when each of the access keys ends, in milliseconds since the epoch. */
  issued: new Map<string, number>(),
  /** When STS answered last, by performance.now(). */
  answeredAt: 0,
};
let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on("end", () => {
      if (request.method === "GET") {
        const sub = { iss: "https://accounts.google.com", sub: "1121", exp: Math.floor(Date.now() / 1000) + 3600 };
        response.writeHead(200, { "Metadata-Flavor": "Google" }).end(unsignedToken(sub));
        return;
      }
      const key = `ASIA${String(++clouds.calls).padStart(16, "0")}`;
      const expiration = `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`;
      const { denies, delayMs, held } = clouds;
      if (!denies) clouds.issued.set(key, Date.parse(expiration));
      const body = denies
        ? stsErrorBody("AccessDenied", "no")
        : stsSuccess({ AccessKeyId: key, Expiration: expiration });
      const answer = () => {
        clouds.answeredAt = performance.now();
        response.writeHead(denies ? 403 : 200).end(body);
      };
      void held.then(() => setTimeout(answer, delayMs));
    });
  });
  // 1,000 clients may come at once where the lock does not hold.
  await new Promise<void>((listening) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, listening));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(base, { recursive: true, force: true });
});

let homes = 0;
function freshHome(): string {
  const home = join(base, String(homes++));
  mkdirSync(home, { mode: 0o700 });
  return home;
}
const cacheOf = (home: string) => join(home, ".cache", "gcp2aws");

/** Until so many are connected to the socket of who holds the lock; sooner than a call of STS gives up, in 10 s. */
async function joined(home: string, waiters: number): Promise<void> {
  await vi.waitFor(
    () => {
      const lock = namesIn(cacheOf(home)).find((name) => name.endsWith(".lock")) ?? "";
      const [holder = "nobody"] = namesIn(join(cacheOf(home), lock));
      // The listener itself has a line, too.
      const sockets = readFileSync("/proc/net/unix", "utf8").split("\n");
      expect(sockets.filter((line) => line.endsWith(`/${holder}`)).length).toBeGreaterThan(waiters);
    },
    { timeout: 9_000, interval: 2 },
  );
}

interface Running {
  child: ChildProcess;
  /** Milliseconds since the epoch. */
  began: number;
  ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
}

function environment(home: string): Record<string, string> {
  return {
    PATH: "/usr/bin:/bin",
    HOME: home,
    GCE_METADATA_HOST: `127.0.0.1:${port}`,
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
  };
}

function start(
  entry: Entry,
  home: string,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Running {
  const [program, ...first] = entry.command;
  const began = Date.now();
  const child = spawn(program, [...first, ...FLAGS, ...flags], {
    env: { ...environment(home), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 110_000,
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  return {
    child,
    began,
    ended: new Promise((done, fail) => {
      child.on("error", fail);
      child.on("close", (status) => done({ status, ...output }));
    }),
  };
}

/**
 * Whole credentials that AWS has issued and that had not ended when they were asked for; anything else fails the test.
 * @param began milliseconds since the epoch
 */
function expectCredentials(stdout: string, began = Date.now()): string {
  expect(stdout).toMatch(/^\{[^\n]*\}\n$/);
  const { AccessKeyId, Expiration } = JSON.parse(stdout) as { AccessKeyId: string; Expiration: string };
  const ends = clouds.issued.get(AccessKeyId);
  expect(ends, AccessKeyId).toBeGreaterThan(began);
  expect(Date.parse(Expiration)).toBe(Math.floor((ends ?? 0) / 1000) * 1000);
  return AccessKeyId;
}

const fastest = credentialProcessEntries.at(-1);
const others = credentialProcessEntries.slice(0, -1);
if (fastest === undefined) throw new Error("there is no way to run it");

describe("many processes at once", () => {
  /** As many of each as two cores and their memory bear; together a thousand where the native helper is there. */
  const crowd: Entry[] = [
    ...Array.from({ length: others.length > 1 ? 960 : 100 }, () => fastest),
    ...others.flatMap((entry) => Array.from({ length: 20 }, () => entry)),
  ];

  it("make one call to STS, and all have its answer", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 300, denies: false });
    const home = freshHome();
    // The servers are in this process, which cannot answer while it starts a thousand others.
    const patient = ["--wait", "100", "--timeout", "200"];
    const results = await Promise.all(crowd.map((entry) => start(entry, home, patient).ended));
    expect(results.map(({ status, stderr }) => `${status} ${stderr}`).filter((text) => text !== "0 ")).toEqual([]);
    expect(new Set(results.map(({ stdout }) => expectCredentials(stdout))).size).toBe(1);
    expect(clouds.calls).toBe(1);
    expect(readdirSync(cacheOf(home))).toHaveLength(1);
  });

  it("make one call to STS when it refuses, and all have its error", async () => {
    // Until all have started, however long that takes: who begins a second after the refusal asks for itself, and is to.
    // A call gives up after 10 s.
    Object.assign(clouds, { calls: 0, delayMs: 8_000, denies: true });
    const home = freshHome();
    const results = await Promise.all(crowd.slice(-200).map((entry) => start(entry, home).ended));
    clouds.denies = false;
    for (const { status, stdout, stderr } of results) {
      expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
      expect(stderr).toContain("[STS_ACCESS_DENIED]");
    }
    expect(clouds.calls).toBe(1);
  });
});

describe.each(credentialProcessEntries)("one that waits, $name", (entry) => {
  it("is woken when the answer is there, not later", async () => {
    Object.assign(clouds, { delayMs: 0, denies: false });
    const waits: number[] = [];
    for (let round = 0; round < 5; round++) {
      clouds.calls = 0;
      const home = freshHome();
      let answer = () => {};
      clouds.held = new Promise((done) => (answer = done));
      const first = start(fastest, home);
      while (clouds.calls === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      clouds.held = AT_ONCE;
      const second = start(entry, home);
      const printed = new Promise<number>((done) => second.child.stdout?.once("data", () => done(performance.now())));
      await joined(home, 1);
      answer();
      const results = await Promise.all([first.ended, second.ended]);
      waits.push((await printed) - clouds.answeredAt);
      expect(new Set(results.map(({ stdout }) => expectCredentials(stdout))).size).toBe(1);
      expect(clouds.calls).toBe(1);
    }
    // From STS's answer to what the waiter prints: `npm run bench` has the few milliseconds. It has just begun to wait,
    // and one that is not woken looks again after a second: each time, where a busy machine is slow now and then.
    expect(Math.min(...waits)).toBeLessThan(500);
  });
});

describe.each(credentialProcessEntries)("one that holds the lock, $name", (entry) => {
  async function holder(home: string): Promise<Running> {
    const calls = clouds.calls;
    const running = start(entry, home);
    while (clouds.calls === calls) await new Promise((resolve) => setTimeout(resolve, 2));
    return running;
  }

  it("is killed: another takes over before its patience is over", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 30_000 });
    const home = freshHome();
    const first = await holder(home);
    const waiting = credentialProcessEntries.map((other) => start(other, home));
    // Until they are in the queue there is nothing to take over.
    await joined(home, waiting.length);
    clouds.delayMs = 0;
    const killed = Date.now();
    first.child.kill("SIGKILL");
    const results = await Promise.all(waiting.map(({ ended }) => ended));
    // One that took the dead for a stopped one would put it aside after half of its 30 s.
    expect(Date.now() - killed).toBeLessThan(10_000);
    expect(new Set(results.map(({ stdout }) => expectCredentials(stdout))).size).toBe(1);
    expect(clouds.calls).toBe(2);
  });

  it("is stopped: it is put aside, and does no harm when it goes on", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 500 });
    const home = freshHome();
    const first = await holder(home);
    first.child.kill("SIGSTOP");
    clouds.delayMs = 0;
    // Half of it until it is put aside, less than the 10 s after which the stopped one gives its call up; and as much for
    // what follows.
    const results = await Promise.all([1, 2, 3].map(() => start(entry, home, ["--timeout", "12"]).ended));
    expect(new Set(results.map(({ stdout }) => expectCredentials(stdout))).size).toBe(1);
    expect(clouds.calls).toBe(2);
    first.child.kill("SIGCONT");
    expectCredentials((await first.ended).stdout);
    expectCredentials((await start(entry, home).ended).stdout);
    expect(readdirSync(cacheOf(home))).toHaveLength(1);
  });
});

describe("an entry that is cut off", () => {
  it("at any byte is none, with a real program for each length", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 0, denies: false });
    const home = freshHome();
    expectCredentials((await start(fastest, home).ended).stdout);
    const whole = readFileSync(join(cacheOf(home), namesIn(cacheOf(home))[0] ?? ""));
    // The others take their time to start.
    const step = fastest.name === "native helper" ? 1 : 32;
    const lengths = Array.from({ length: Math.ceil(whole.length / step) }, (_, number) => number * step);
    lengths.push(whole.length - 1);
    const worker = async (): Promise<void> => {
      const own = freshHome();
      await start(fastest, own).ended;
      for (let length = lengths.pop(); length !== undefined; length = lengths.pop()) {
        const path = join(cacheOf(own), namesIn(cacheOf(own))[0] ?? "");
        const before = readFileSync(path);
        expect(before.length).toBe(whole.length);
        truncateSync(path, length);
        const { status, stdout, stderr } = await start(fastest, own).ended;
        expect({ length, status, stderr }).toEqual({ length, status: 0, stderr: "" });
        const key = expectCredentials(stdout);
        expect(before.toString("utf8"), `cut off at ${length}`).not.toContain(key);
        expect(readFileSync(path, "utf8"), `cut off at ${length}`).toContain(key);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect(clouds.calls).toBeGreaterThan(whole.length / step);
  });
});

const MINUTE = 60_000;
const DURATIONS = [3600, 3601, 3602];

interface Storm {
  /** Times of the entry that is put there again and again, from now in milliseconds; none where it is taken away. */
  entry?: () => { issuedAt: number; expiresAt: number; refreshAt: number };
  /** What STS does: answer, refuse, or now this and now that. */
  denies: () => boolean;
  /** Whether those that end by themselves may say something else than credentials alone. */
  may: "only credentials" | "warn" | "only fail" | "warn or fail";
}

/** Three of five have an entry, and in each state some are killed while it is read, renewed and waited for. */
const storms: Readonly<Record<string, Storm>> = {
  "nothing in the cache": { denies: () => false, may: "only credentials" },
  "nothing in the cache, and a denial": { denies: () => true, may: "only fail" },
  "expiring credentials and refreshes in the background": {
    entry: () => ({ issuedAt: -20 * MINUTE, expiresAt: 40 * MINUTE, refreshAt: -1 }),
    denies: () => Math.random() < 0.3,
    may: "warn",
  },
  "due credentials": {
    entry: () => ({ issuedAt: -50 * MINUTE, expiresAt: 10 * MINUTE, refreshAt: -30 * MINUTE }),
    denies: () => Math.random() < 0.5,
    may: "warn",
  },
  "credentials at their end": {
    entry: () => ({
      issuedAt: -60 * MINUTE,
      expiresAt: Math.round(Math.random() * 600 - 300),
      refreshAt: -30 * MINUTE,
    }),
    denies: () => Math.random() < 0.2,
    may: "warn or fail",
  },
};

describe("2,000 kills at random moments", () => {
  const KILLS = 2_000 / Object.keys(storms).length;
  let planted = 0;

  /** An entry as if it had been written before now, in one step. */
  function plant(home: string, seconds: number, times: NonNullable<Storm["entry"]>): void {
    const now = Date.now();
    const { issuedAt, expiresAt, refreshAt } = times();
    const accessKeyId = `ASIAPLANTED${String(planted++).padStart(9, "0")}`;
    clouds.issued.set(accessKeyId, now + expiresAt);
    const credentials = {
      accessKeyId,
      secretAccessKey: "s",
      sessionToken: "t".repeat(500),
      expiration: new Date(now + expiresAt),
      accountId: "111122223333",
    };
    const about = { roleArn: ROLE, audience: AUDIENCE, source: "metadata server, default" };
    const moments = { issuedAt: now + issuedAt, expiresAt: now + expiresAt, refreshAt: now + refreshAt };
    const path = join(cacheOf(home), nameOf(home, seconds));
    const temporary = `${path}.planted`;
    writeFileSync(temporary, formatEntry({ credentials, ...moments, ...about }, sha256), { mode: 0o600 });
    renameSync(temporary, path);
  }

  function nameOf(home: string, seconds: number): string {
    const config = readConfig(
      { roleArn: ROLE, audience: AUDIENCE, durationSeconds: String(seconds) },
      environment(home),
    );
    return cacheKey(config, readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), sha256);
  }

  it.each(Object.entries(storms))(
    "over %s leave no half answer, no half entry, nothing expired and no lock that stays",
    async (_, storm) => {
      Object.assign(clouds, { calls: 0, delayMs: 1, denies: storm.denies() });
      const home = freshHome();
      mkdirSync(cacheOf(home), { recursive: true, mode: 0o700 });
      // Kills of the fast one are many, of the slow ones some; each kind writes, waits and takes over.
      const plan = Array.from({ length: KILLS }, (__, number) => (number % 40 === 0 ? number % others.length : -1));
      const tally = { killed: 0, answered: 0, planted: 0, failed: 0 };
      // A kill falls anywhere in a life, however long one is on this machine just now: three in four are killed.
      const span = { fast: 20, slow: 150 };
      /** Temporary files and locks that were seen: what was going on when somebody was killed. */
      const unfinished = new Set<string>();
      const lasting = { storm: true };
      const stir = (async () => {
        // Back to where it began again and again, or hardly anybody would be killed while writing.
        while (lasting.storm) {
          const names = namesIn(cacheOf(home));
          for (const name of names) if (/\.([0-9]+\.tmp|lock)/.test(name)) unfinished.add(name);
          for (const name of names.filter((text) => text.endsWith(".failure"))) {
            attempt(() => unlinkSync(join(cacheOf(home), name)));
          }
          for (const seconds of DURATIONS) {
            if (storm.entry === undefined) attempt(() => unlinkSync(join(cacheOf(home), nameOf(home, seconds))));
            else plant(home, seconds, storm.entry);
          }
          clouds.denies = storm.denies();
          await new Promise((resolve) => setTimeout(resolve, 3));
        }
      })();
      const worker = async (): Promise<void> => {
        for (let kind = plan.pop(); kind !== undefined; kind = plan.pop()) {
          const entry = others[kind] ?? fastest;
          const flags = ["--duration-seconds", String(DURATIONS[plan.length % 3])];
          // Every other one is what the others start in the background.
          const env = plan.length % 2 === 0 && storm.entry !== undefined ? { GCP2AWS_REFRESH_NOW: "1" } : {};
          const running = start(entry, home, flags, env);
          const pace = kind === -1 ? "fast" : "slow";
          const timer = setTimeout(() => running.child.kill("SIGKILL"), Math.random() * span[pace]);
          const { status, stdout, stderr } = await running.ended;
          clearTimeout(timer);
          span[pace] *= status === null ? 1.02 : 0.94;
          if (status === null) tally.killed++;
          else {
            expectOutcome(storm, status, stdout, stderr);
            tally.answered++;
            if (status !== 0) tally.failed++;
            else if (expectCredentials(stdout, running.began).startsWith("ASIAPLANTED")) tally.planted++;
          }
        }
      };
      /** What chance has to bring about is waited for, within this test's time: no storm is over before it. */
      const sawAll = (): boolean =>
        (storm.entry === undefined || tally.planted > 0) && (!storm.may.includes("fail") || tally.failed > 0);
      while (tally.killed < KILLS || !sawAll()) {
        if (plan.length === 0) plan.push(...Array.from({ length: 100 }, () => -1));
        await Promise.all(Array.from({ length: 12 }, worker));
      }
      lasting.storm = false;
      await stir;
      expect(tally.answered).toBeGreaterThan(40);
      // More than the three locks.
      expect(unfinished.size).toBeGreaterThan(3);

      clouds.denies = false;
      for (const name of namesIn(cacheOf(home)).filter((text) => !text.includes(".lock") && !text.endsWith(".tmp"))) {
        const path = join(cacheOf(home), name);
        const file = readIfThere(path);
        // A refresh in the background may still be forgetting a failure.
        if (file === undefined) continue;
        const { text, mode } = file;
        const kept = name.endsWith(".failure") ? parseFailure(text, sha256) : parseEntry(text, sha256);
        expect(kept, name).toBeDefined();
        expect(mode & 0o777).toBe(0o600);
        // A failure is remembered for a moment, as it should be.
        if (name.endsWith(".failure")) attempt(() => unlinkSync(path));
      }
      for (const seconds of DURATIONS) {
        const { began, ended } = start(fastest, home, ["--duration-seconds", String(seconds)]);
        const { status, stdout } = await ended;
        expect(status).toBe(0);
        expectCredentials(stdout, began);
        // A lock that stayed is waited for until half of 30 s is over.
        expect(Date.now() - began).toBeLessThan(10_000);
      }
    },
    180_000,
  );

  function expectOutcome({ may }: Storm, status: number, stdout: string, stderr: string): void {
    if (status === 0) {
      expect(may).not.toBe("only fail");
      const warning =
        /^gcp2aws: warning: no new credentials, the present ones live for another .*\[STS_ACCESS_DENIED\]\n/;
      if (stderr !== "") expect(stderr).toMatch(warning);
      if (!may.startsWith("warn")) expect(stderr).toBe("");
    } else {
      expect(may).toContain("fail");
      expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
      expect(stderr).toContain("[STS_ACCESS_DENIED]");
    }
  }
});

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readIfThere(path: string): { text: string; mode: number } | undefined {
  try {
    return { text: readFileSync(path, "utf8"), mode: lstatSync(path).mode };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Somebody else was quicker.
  }
}

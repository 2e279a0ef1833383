// What the cache is for on a bad day: thousands of processes, killed and stopped at random moments.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEntry, parseFailure } from "../../src/cache/entry.ts";
import { stsErrorBody, stsSuccess, unsignedToken } from "../fake-host.ts";
import { credentialProcessEntries, type Entry, FLAGS } from "./run.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const base = mkdtempSync(join(tmpdir(), "gcp2aws-faults-"));

/** Both clouds in one small server: tokens at once, numbered credentials after `delayMs`, or a denial. */
const clouds = { calls: 0, delayMs: 0, denies: false, issued: new Set<string>() };
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
      clouds.issued.add(key);
      const body = clouds.denies
        ? stsErrorBody("AccessDenied", "no")
        : stsSuccess({
            AccessKeyId: key,
            Expiration: `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`,
          });
      setTimeout(() => response.writeHead(clouds.denies ? 403 : 200).end(body), clouds.delayMs);
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

interface Running {
  child: ChildProcess;
  ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
}

function start(entry: Entry, home: string, flags: readonly string[] = []): Running {
  const [program, ...first] = entry.command;
  const child = spawn(program, [...first, ...FLAGS, ...flags], {
    env: {
      PATH: "/usr/bin:/bin",
      HOME: home,
      GCE_METADATA_HOST: `127.0.0.1:${port}`,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  return {
    child,
    ended: new Promise((done, fail) => {
      child.on("error", fail);
      child.on("close", (status) => done({ status, ...output }));
    }),
  };
}

/** Whole credentials that AWS has issued and that still live; anything else fails the test. */
function expectCredentials(stdout: string): string {
  expect(stdout).toMatch(/^\{[^\n]*\}\n$/);
  const { AccessKeyId, Expiration } = JSON.parse(stdout) as { AccessKeyId: string; Expiration: string };
  expect(clouds.issued.has(AccessKeyId)).toBe(true);
  expect(Date.parse(Expiration)).toBeGreaterThan(Date.now());
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
    const results = await Promise.all(crowd.map((entry) => start(entry, home).ended));
    expect(results.map(({ status, stderr }) => `${status} ${stderr}`).filter((text) => text !== "0 ")).toEqual([]);
    expect(new Set(results.map(({ stdout }) => expectCredentials(stdout))).size).toBe(1);
    expect(clouds.calls).toBe(1);
    expect(readdirSync(cacheOf(home))).toHaveLength(1);
  });

  it("make one call to STS when it refuses, and all have its error", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 300, denies: true });
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

describe("those who wait", () => {
  it("are woken when the answer is there, not later", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 1_000 });
    const home = freshHome();
    const results = await Promise.all(
      Array.from({ length: 9 }, async () => {
        await start(fastest, home).ended;
        return performance.now();
      }),
    );
    // From the first that has it to the last: what they do after it included, on a machine that does other things too.
    expect(clouds.calls).toBe(1);
    expect(Math.max(...results) - Math.min(...results)).toBeLessThan(100);
  });
});

describe.each(credentialProcessEntries)("one that holds the lock, $name", (entry) => {
  async function holder(home: string): Promise<Running> {
    const calls = clouds.calls;
    const running = start(entry, home);
    while (clouds.calls === calls) await new Promise((resolve) => setTimeout(resolve, 2));
    return running;
  }

  it("is killed: another takes over in less than a second", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 30_000 });
    const home = freshHome();
    const first = await holder(home);
    const waiting = credentialProcessEntries.map((other) => start(other, home));
    // They are in the queue when their sockets are there; until then there is nothing to take over.
    await new Promise((resolve) => setTimeout(resolve, 400));
    clouds.delayMs = 0;
    const killed = Date.now();
    first.child.kill("SIGKILL");
    const results = await Promise.all(waiting.map(({ ended }) => ended));
    expect(Date.now() - killed).toBeLessThan(1_000);
    expect(new Set(results.map(({ stdout }) => expectCredentials(stdout))).size).toBe(1);
    expect(clouds.calls).toBe(2);
  });

  it("is stopped: it is put aside, and does no harm when it goes on", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 500 });
    const home = freshHome();
    const first = await holder(home);
    first.child.kill("SIGSTOP");
    clouds.delayMs = 0;
    const results = await Promise.all([1, 2, 3].map(() => start(entry, home, ["--timeout", "4"]).ended));
    expect(new Set(results.map(({ stdout }) => expectCredentials(stdout))).size).toBe(1);
    expect(clouds.calls).toBe(2);
    first.child.kill("SIGCONT");
    expectCredentials((await first.ended).stdout);
    expectCredentials((await start(entry, home).ended).stdout);
    expect(readdirSync(cacheOf(home))).toHaveLength(1);
  });
});

describe("2,000 kills at random moments", () => {
  it("leave no half answer, no half entry and no lock that stays", async () => {
    Object.assign(clouds, { calls: 0, delayMs: 1, denies: false });
    const home = freshHome();
    // Kills of the fast one are many, of the slow ones some; each kind writes, waits and takes over.
    const plan = Array.from({ length: 2_400 }, (_, number) => (number % 40 === 0 ? number % others.length : -1));
    const tally = { killed: 0, answered: 0 };
    // A kill falls anywhere in a life, however long one is on this machine just now: three in four are killed.
    const span = { fast: 20, slow: 150 };
    /** Temporary files and locks that were seen: what was going on when somebody was killed. */
    const unfinished = new Set<string>();
    const storm = { lasts: true };
    const clear = (async () => {
      // Cold again and again, or hardly anybody would be killed while writing.
      while (storm.lasts) {
        const names = namesIn(cacheOf(home));
        for (const name of names) if (/\.(tmp|lock)/.test(name)) unfinished.add(name);
        for (const name of names.filter((text) => /^gcp2aws-[0-9a-f]{32}$/.test(text))) {
          attempt(() => unlinkSync(join(cacheOf(home), name)));
        }
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    })();
    const worker = async (): Promise<void> => {
      for (let kind = plan.pop(); kind !== undefined; kind = plan.pop()) {
        const entry = others[kind] ?? fastest;
        const running = start(entry, home, ["--duration-seconds", String(3600 + (plan.length % 3))]);
        const pace = kind === -1 ? "fast" : "slow";
        const timer = setTimeout(() => running.child.kill("SIGKILL"), Math.random() * span[pace]);
        const { status, stdout, stderr } = await running.ended;
        clearTimeout(timer);
        span[pace] *= status === null ? 1.02 : 0.94;
        if (status === null) tally.killed++;
        else {
          expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
          expectCredentials(stdout);
          tally.answered++;
        }
      }
    };
    while (tally.killed < 2_000) {
      if (plan.length === 0) plan.push(...Array.from({ length: 200 }, () => -1));
      await Promise.all(Array.from({ length: 12 }, worker));
    }
    storm.lasts = false;
    await clear;
    expect(tally.answered).toBeGreaterThan(200);
    expect(unfinished.size).toBeGreaterThan(50);

    for (const name of namesIn(cacheOf(home)).filter((text) => !text.includes(".lock") && !text.endsWith(".tmp"))) {
      const text = readFileSync(join(cacheOf(home), name), "utf8");
      const kept = name.endsWith(".failure") ? parseFailure(text, sha256) : parseEntry(text, sha256);
      expect(kept, name).toBeDefined();
      expect(lstatSync(join(cacheOf(home), name)).mode & 0o777).toBe(0o600);
    }
    for (const seconds of [3600, 3601, 3602]) {
      const started = Date.now();
      const { status, stdout } = await start(fastest, home, ["--duration-seconds", String(seconds)]).ended;
      expect(status).toBe(0);
      expectCredentials(stdout);
      expect(Date.now() - started).toBeLessThan(1_000);
    }
  }, 180_000);
});

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Somebody else was quicker.
  }
}

// What clients of `serve` and `exec` get while clouds, machine and disk fail.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/index.ts";
import type { Emulator } from "../../src/emulator/index.ts";
import {
  away,
  changed,
  type Fickle,
  half,
  honest,
  instead,
  type Mood,
  shortLived,
  silent,
  startFickle,
} from "./fickle.ts";
import { AUDIENCE, cleanEnv, entries, ROLE, run } from "./run.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const FLAGS = ["--role-arn", ROLE, "--audience", AUDIENCE];
const LISTEN = ["--listen", "127.0.0.1:0"];
const TOKEN = "a-token-of-these-stories";
const html = "<html><body>Sign in to the guest network</body></html>";

let emulator: Emulator;
/** By how much the clouds' clocks are ahead of the one of the tests. */
let cloudsAheadMs = 0;
beforeAll(async () => {
  emulator = await startEmulator({ clock: () => Date.now() + cloudsAheadMs });
});
afterAll(() => emulator.close());

interface Machine {
  metadata: Fickle;
  sts: Fickle;
  folder: string;
  env: Record<string, string>;
  /** Flags that every `serve` gets. */
  flags: string[];
  close: () => Promise<void>;
}

/** Both clouds, honest so far, and a home without a cache. */
async function machine(mood: Mood = honest): Promise<Machine> {
  const metadata = await startFickle(emulator.metadataUrl, honest);
  const sts = await startFickle(emulator.awsUrl, mood);
  const folder = mkdtempSync(join(tmpdir(), "gcp2aws-chaos-"));
  writeFileSync(join(folder, "token"), TOKEN);
  return {
    metadata,
    sts,
    folder,
    env: cleanEnv({
      GCE_METADATA_HOST: metadata.url.replace("http://", ""),
      AWS_ENDPOINT_URL_STS: sts.url,
      GCP2AWS_CACHE: "off",
    }),
    flags: [...FLAGS, ...LISTEN, "--token-file", join(folder, "token")],
    close: async () => {
      await Promise.all([metadata.close(), sts.close()]);
    },
  };
}

interface Seen {
  status: number;
  body: Record<string, string>;
  ready: number;
}

/** The role's answer, and right after it whether the server says that it is ready. */
async function look({ urls }: ServerProcess, token = TOKEN): Promise<Seen> {
  const answer = await fetch(`${urls[0]}/role/RoleForAccessFromGCPTeamA`, { headers: { Authorization: token } });
  const body = (await answer.json()) as Record<string, string>;
  const { status: ready } = await fetch(`${urls[0]}/readyz`);
  return { status: answer.status, body, ready };
}

async function until<T>(what: () => Promise<T>, holds: (value: T) => boolean, withinMs: number): Promise<T> {
  const limit = performance.now() + withinMs;
  for (;;) {
    const value = await what();
    if (holds(value)) return value;
    if (performance.now() > limit) throw new Error(`still not so: ${JSON.stringify(value)}`);
    await pause(150);
  }
}

const isGood = ({ status }: Seen) => status === 200;

/** What the server has once it has some: before, it keeps nobody waiting for long, and says 503. */
const good = (server: ServerProcess) => until(() => look(server), isGood, 30_000);

type Cloud = "metadata" | "sts";

/** What a cloud does, and the code that clients see once no credentials live; before it was found out, STS_TIMEOUT. */
const faults: readonly [Cloud, string, Mood, RegExp][] = [
  ["sts", "away", away, /^STS_UNREACHABLE$/],
  ["sts", "silent", silent, /^STS_TIMEOUT$/],
  ["sts", "a login page", instead(200, html), /^STS_BAD_RESPONSE$/],
  ["sts", "a megabyte", instead(200, "<a>".repeat(350_000), "text/xml"), /^STS_BAD_RESPONSE$/],
  ["sts", "half an answer", half, /^STS_(UNREACHABLE|BAD_RESPONSE)$/],
  ["sts", "another account", changed((body) => body.replaceAll("111122223333", "999988887777")), /^STS_BAD_RESPONSE$/],
  [
    "sts",
    "another role",
    changed((body) => body.replace(/:assumed-role\/[^/]+/, ":assumed-role/Admin")),
    /^STS_BAD_RESPONSE$/,
  ],
  [
    "sts",
    "blanks",
    changed((body) => body.replace(/<SecretAccessKey>[^<]*/, "<SecretAccessKey>")),
    /^STS_BAD_RESPONSE$/,
  ],
  ["sts", "credentials of yesterday", shortLived(-86_400), /^LOCAL_CLOCK$/],
  ["metadata", "away", away, /^IDENTITY_UNREACHABLE$|^STS_TIMEOUT$/],
  ["metadata", "silent", silent, /^IDENTITY_TIMEOUT$|^STS_TIMEOUT$/],
  ["metadata", "a login page", instead(200, html), /^IDENTITY_BAD_TOKEN$/],
  ["metadata", "half a token", half, /^IDENTITY_|^STS_TIMEOUT$/],
];

const LIFE_SECONDS = 15;

/** As {@link shortLived}, with a record of the access keys that were handed out. */
function recorded(keys: Set<string>): Mood {
  return (answer, response) => {
    keys.add(/<AccessKeyId>([^<]*)/.exec(answer.body)?.[1] ?? "");
    shortLived(LIFE_SECONDS)(answer, response);
  };
}

/**
 * From good credentials through a fault that outlasts them to new ones; yields what is secret in these.
 * @param keys of those that an honest STS has handed out
 */
async function outlast(
  server: ServerProcess,
  one: Machine,
  keys: ReadonlySet<string>,
  [cloud, , mood, code]: (typeof faults)[number],
): Promise<string[]> {
  let last = await good(server);
  one[cloud].mood = mood;
  const asked = one[cloud].requests;
  const end = () => Date.parse(last.body["Expiration"] ?? "");
  let answers = 0;
  let late = 0;
  for (; Date.now() < end() - 500; await pause(200)) {
    const began = Date.now();
    const isAsked = one[cloud].requests > asked;
    const seen = await look(server);
    // One that was asked for before may still come.
    if (seen.body["AccessKeyId"] !== last.body["AccessKeyId"] && keys.has(seen.body["AccessKeyId"] ?? "")) {
      late++;
      last = seen;
    }
    if (Date.now() >= end()) break;
    expect(seen, `at ${end() - began} ms before the end`).toEqual({ status: 200, body: last.body, ready: 200 });
    if (isAsked) answers++;
  }
  expect(late).toBeLessThanOrEqual(1);
  expect(answers).toBeGreaterThan(0);
  await pause(end() - Date.now() + 50);

  const giveUp = performance.now() + 40_000;
  for (let told = 0; told < 3;) {
    const { status, body, ready } = await look(server);
    expect(status === 403 || status === 503, `status ${status}`).toBe(true);
    expect(Object.keys(body)).toEqual(["Code", "Message"]);
    expect(body["Message"]).toMatch(/\w/);
    expect(ready).toBe(503);
    if (code.test(body["Code"] ?? "")) told++;
    // The attempt takes longer than anybody is kept waiting.
    else expect(body["Code"]).toBe("STS_TIMEOUT");
    expect(performance.now(), `${body["Code"]} only`).toBeLessThan(giveUp);
  }

  one[cloud].mood = cloud === "sts" ? shortLived(600) : honest;
  const next = await until(() => look(server), isGood, 60_000);
  expect(Date.parse(next.body["Expiration"] ?? "")).toBeGreaterThan(Date.now());
  expect(next.ready).toBe(200);
  return [last, next].flatMap(({ body }) => [body["SecretAccessKey"] ?? "", body["Token"] ?? ""]);
}

const faketime = ["x86_64", "aarch64"]
  .map((machineName) => `/usr/lib/${machineName}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
if (faketime === undefined && process.env["CI"] !== undefined) throw new Error("apt-get install faketime first");

describe.concurrent.each(entries)("$name", (entry) => {
  // All at once, as each waits for credentials to end.
  it.concurrent.each(faults)("serve, %s: %s", async (...fault) => {
    const keys = new Set<string>();
    const one = await machine(recorded(keys));
    const server = await startServer(entry, one.flags, one.env);
    try {
      const secrets = await outlast(server, one, keys, fault);
      const log = JSON.stringify(server.log());
      for (const secret of [...secrets, TOKEN]) expect(log).not.toContain(secret);
      expect(log).not.toContain("eyJ");
    } finally {
      expect(await server.stop()).toBe(0);
      await one.close();
    }
  });

  it.concurrent("serve hands over nothing that ended while the machine was stopped", async () => {
    const one = await machine(shortLived(4));
    const server = await startServer(entry, one.flags, one.env);
    try {
      const before = await good(server);
      server.child.kill("SIGSTOP");
      await pause(5_000);
      // Already waits when the machine wakes up.
      const waiting = Promise.all([good(server), good(server), good(server)]);
      await pause(100);
      one.sts.mood = shortLived(600);
      const woken = Date.now();
      server.child.kill("SIGCONT");
      for (const { status, body, ready } of await waiting) {
        expect({ status, ready }).toEqual({ status: 200, ready: 200 });
        expect(body["AccessKeyId"]).not.toBe(before.body["AccessKeyId"]);
        expect(Date.parse(body["Expiration"] ?? "")).toBeGreaterThan(woken);
      }
    } finally {
      await server.stop();
      await one.close();
    }
  });

  it.concurrent("serve answers who is waiting when it is told to end", async () => {
    // AWS answers when the server has been told to end.
    let tell = () => {};
    const told = new Promise<void>((resolve) => (tell = resolve));
    const one = await machine((answer, response) => void told.then(() => honest(answer, response)));
    const server = await startServer(entry, one.flags, one.env);
    try {
      const url = `${server.urls[0]}/role/RoleForAccessFromGCPTeamA`;
      const began = performance.now();
      const waiting = fetch(url, { headers: { Authorization: TOKEN } });
      // Answered after the one above has come in.
      await fetch(`${server.urls[0]}/healthz`);
      const stopped = server.stop();
      await server.logged("ending");
      // As systemd may, for SendSIGHUP=.
      server.child.kill("SIGHUP");
      // On a connection of its own.
      await expect(once(request(url, { agent: false }).end(), "response")).rejects.toThrow(
        /ECONNREFUSED|ECONNRESET|hang up/,
      );
      tell();
      const answer = await waiting;
      if (answer.status !== 200) {
        // On a slow machine all of this takes longer than anybody is kept waiting.
        expect(await answer.json()).toMatchObject({ Code: "STS_TIMEOUT" });
        expect(performance.now() - began).toBeGreaterThan(1_700);
      }
      expect(await stopped).toBe(0);
    } finally {
      await one.close();
    }
  });

  it.concurrent("serve reads its tokens again, and keeps the old one where it cannot", async () => {
    const one = await machine();
    const server = await startServer(entry, one.flags, one.env);
    const file = join(one.folder, "token");
    const again = async (text: string) => {
      const looked = () =>
        server.log().filter(({ event }) => event === "tokens read again" || event?.startsWith("token not read")).length;
      const before = looked();
      writeFileSync(file, text);
      server.child.kill("SIGHUP");
      await until(
        () => Promise.resolve(looked()),
        (count) => count > before,
        30_000,
      );
    };
    try {
      await good(server);
      await again("another-token-of-these-stories\n");
      expect((await look(server)).status).toBe(401);
      expect((await look(server, "another-token-of-these-stories")).status).toBe(200);
      // As a disk that was full leaves it.
      await again("");
      expect((await look(server, "")).status).toBe(401);
      expect((await look(server, "another-token-of-these-stories")).status).toBe(200);
      expect(server.log()).toContainEqual(
        expect.objectContaining({ event: "token not read, the one before holds", code: "LOCAL_FILE" }),
      );
    } finally {
      await server.stop();
      await one.close();
    }
  });

  it.concurrent("exec's command goes on when its credentials cannot be renewed", async () => {
    const one = await machine(shortLived(LIFE_SECONDS));
    const script = `
      const { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: Authorization } = process.env;
      const until = Date.now() + 60_000;
      for (let refused = 0; refused < 4 && Date.now() < until; ) {
        const asked = Date.now();
        const answer = await fetch(url, { headers: { Authorization } });
        const body = await answer.json();
        if (body.Code === "STS_UNREACHABLE") refused++;
        console.log([answer.status, body.Code ?? "", Date.parse(body.Expiration) > asked].join(" "));
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      process.exit(7);`;
    try {
      const [program, ...first] = entry.command;
      const argv = [...first, "exec", ...FLAGS, "--", process.execPath, "--input-type=module", "-e", script];
      const child = spawn(program, argv, { env: one.env, stdio: ["ignore", "pipe", "pipe"] });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => {
        if (stdout === "") one.sts.mood = away;
        stdout += chunk.toString();
      });
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      expect(await once(child, "close")).toEqual([7, null]);
      const lines = stdout.trim().split("\n");
      expect(lines[0]).toBe("200  true");
      expect(lines.at(-1)).toBe("503 STS_UNREACHABLE false");
      // The attempt may take longer than anybody is kept waiting.
      const known = new Set(["200  true", "503 STS_UNREACHABLE false", "503 STS_TIMEOUT false"]);
      expect(lines.filter((line) => !known.has(line))).toEqual([]);
      expect(stderr.match(/\[STS_UNREACHABLE\]/g)).toHaveLength(1);
    } finally {
      await one.close();
    }
  });
});

describe.each(entries)("$name, on a disk that is full", (entry) => {
  it("serve hands over credentials, and says once that it cannot keep them", async ({ skip }) => {
    const disk = mkdtempSync(join(tmpdir(), "gcp2aws-chaos-disk-"));
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0700", "gcp2aws-chaos", disk]);
    skip(status !== 0, "only root may mount a small disk");
    const one = await machine(shortLived(4));
    const cache = join(disk, "cache");
    mkdirSync(cache, { mode: 0o700 });
    expect(spawnSync("sh", ["-c", `cat /dev/zero >"$1/zeros" 2>&1`, "sh", disk]).status).not.toBe(0);
    const env = { ...one.env, GCP2AWS_CACHE: "on", GCP2AWS_CACHE_DIR: cache };
    try {
      // Without a token file it needs one of its own, and leaves nothing that the next start would take for one.
      const [program, ...first] = [...entry.command, "serve", ...FLAGS, ...LISTEN];
      const refused = await run({ name: "", command: [program, ...first] }, [], { env });
      expect(refused).toMatchObject({ status: 6, stderr: expect.stringContaining("[LOCAL_CACHE]") });
      expect(files(cache).filter((name) => name.endsWith(".token"))).toEqual([]);

      const server = await startServer(entry, one.flags, env);
      try {
        const before = await good(server);
        await until(
          () => look(server),
          (seen) => isGood(seen) && seen.body["AccessKeyId"] !== before.body["AccessKeyId"],
          30_000,
        );
        const full = server.log().filter(({ code, level }) => code === "LOCAL_CACHE" && level === "warn");
        expect(full).toHaveLength(1);
        expect(files(cache).filter((name) => !name.endsWith(".lock"))).toEqual([]);
      } finally {
        await server.stop();
      }
    } finally {
      spawnSync("umount", [disk]);
      await one.close();
    }
  });
});

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(directory, name)).isFile(),
  );
}

describe.each(entries)("$name, whose clock jumps", (entry) => {
  it.runIf(faketime !== undefined)("serve notices that the machine slept, and that the clock is wrong", async () => {
    const one = await machine();
    const clock = join(one.folder, "clock");
    const set = (hours: number) => writeFileSync(clock, `+${hours}h\n`);
    set(0);
    const fake = {
      LD_PRELOAD: faketime ?? "",
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    const server = await startServer(entry, one.flags, { ...one.env, ...fake });
    try {
      const first = await good(server);
      // Two hours of sleep: the world has gone on as well.
      cloudsAheadMs = 2 * 3_600_000;
      set(2);
      const second = await good(server);
      expect(second).toMatchObject({ status: 200, ready: 200 });
      expect(second.body["AccessKeyId"]).not.toBe(first.body["AccessKeyId"]);
      // Set back to what is no longer true: nobody knows how long these live.
      set(0);
      const third = await until(
        () => look(server),
        ({ status, body }) => {
          expect(status).toBe(503);
          return body["Code"] === "LOCAL_CLOCK";
        },
        30_000,
      );
      expect(third).toMatchObject({ ready: 503 });
      set(2);
      expect(await good(server)).toMatchObject({ ready: 200, body: second.body });
    } finally {
      cloudsAheadMs = 0;
      await server.stop();
      await one.close();
    }
  });
});

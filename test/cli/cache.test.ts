// The cache as people meet it: real commands, real files, one account on loopback.
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatEntry, parseEntry } from "../../src/cache/entry.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { cleanEnv, credentialProcessEntries, entries, type Entry, FLAGS, type Result, run } from "./run.ts";
import { listing } from "./users.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const MINUTE = 60_000;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

/** A user with an empty home and the cache on. */
function user(entry: Entry, extra: Record<string, string> = {}, at = cloud) {
  const { GCP2AWS_CACHE: _off, HOME: _home, ...clouds } = at.env;
  const env = cleanEnv({ ...clouds, ...extra });
  const home = env["HOME"] ?? "";
  const directory = extra["GCP2AWS_CACHE_DIR"] ?? join(home, ".cache", "gcp2aws");
  const entryFile = () =>
    join(directory, readdirSync(directory).find((name) => /^gcp2aws-[0-9a-f]{32}$/.test(name)) ?? "none");
  return {
    env,
    home,
    directory,
    entryFile,
    ask: (flags: readonly string[] = [], more: Record<string, string> = {}) =>
      run(entry, [...FLAGS, ...flags], { env: { ...env, ...more }, secrets: at.secrets }),
    /** Moves the entry's times as if this many milliseconds had gone by. */
    age: (ms: number) => {
      const path = entryFile();
      const kept = parseEntry(readFileSync(path, "utf8"), sha256);
      if (kept === undefined) throw new Error("no entry to age");
      const { credentials, issuedAt, expiresAt, refreshAt } = kept;
      const older = {
        ...kept,
        credentials: { ...credentials, expiration: new Date(credentials.expiration.getTime() - ms) },
        issuedAt: issuedAt - ms,
        expiresAt: expiresAt - ms,
        refreshAt: refreshAt - ms,
      };
      writeFileSync(path, formatEntry(older, sha256), { mode: 0o600 });
    },
  };
}

const asked = () => cloud.aws.requests.length;
const keyOf = ({ stdout }: Result): unknown => JSON.parse(stdout).AccessKeyId;

async function until(condition: () => boolean): Promise<void> {
  const giveUp = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > giveUp) throw new Error("it did not come about in 10 seconds");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe.each(credentialProcessEntries)("cache, $name", (entry) => {
  it("asks once, and touches no network after that", async () => {
    const { ask, directory, home, entryFile } = user(entry);
    const before = asked();
    const first = await ask();
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(await ask()).toEqual(first);
    expect(asked() - before).toBe(1);
    expect(readdirSync(directory)).toHaveLength(1);
    // Another metadata server is another question: nothing is kept for it.
    expect((await ask(["--timeout", "3"], { GCE_METADATA_HOST: "127.0.0.1:1" })).status).toBe(3);
    for (const path of [join(home, ".cache"), directory]) expect(lstatSync(path).mode & 0o777).toBe(0o700);
    expect(lstatSync(entryFile()).mode & 0o777).toBe(0o600);
  });

  it.each<[string, string[], Record<string, string>]>([
    ["--no-cache", ["--no-cache"], {}],
    ["GCP2AWS_CACHE=off", [], { GCP2AWS_CACHE: "off" }],
  ])("is off with %s", async (_, flags, env) => {
    const { ask, home } = user(entry);
    const before = asked();
    await ask(flags, env);
    await ask(flags, env);
    expect(asked() - before).toBe(2);
    expect(existsSync(join(home, ".cache"))).toBe(false);
  });

  it("lies where it is told to, or in the runtime directory", async () => {
    const base = mkdtempSync(join(tmpdir(), "gcp2aws-runtime-"));
    await user(entry, { GCP2AWS_CACHE_DIR: join(base, "a", "b") }).ask();
    expect(readdirSync(join(base, "a", "b"))).toHaveLength(1);
    await user(entry, { XDG_RUNTIME_DIR: base }).ask();
    expect(readdirSync(join(base, "gcp2aws"))).toHaveLength(1);
  });

  it("answers at once while it refreshes in the background, once", async () => {
    const { ask, age, entryFile } = user(entry);
    const before = asked();
    const first = await ask();
    age(25 * MINUTE);
    const text = readFileSync(entryFile(), "utf8");
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask()));
    for (const answer of answers) expect(answer).toMatchObject({ status: 0, stderr: "" });
    await until(() => readFileSync(entryFile(), "utf8") !== text);
    expect(asked() - before).toBe(2);
    const second = await ask();
    expect(asked() - before).toBe(2);
    expect(keyOf(second)).not.toBe(keyOf(first));
    // Whoever came before the refresh was done got the old ones; it can be done before the last of five begins.
    const keys = answers.map(keyOf);
    expect(keys).toContain(keyOf(first));
    for (const key of keys) expect([keyOf(first), keyOf(second)]).toContain(key);
  });

  it("asks again at once when SDKs would, and hands over what lives when AWS is away", async () => {
    const own = await startCloud();
    const { ask, age, entryFile } = user(entry, {}, own);
    const first = await ask();
    age(46 * MINUTE);
    const second = await ask();
    expect(keyOf(second)).not.toBe(keyOf(first));
    age(46 * MINUTE);
    const text = readFileSync(entryFile(), "utf8");
    await own.close();
    const down = await ask(["--timeout", "3"]);
    expect(down.status).toBe(0);
    expect(keyOf(down)).toBe(keyOf(second));
    expect(down.stderr).toMatch(
      /^gcp2aws: warning: no new credentials, the present ones live for another 14 min: .* \[IDENTITY_UNREACHABLE\]\n( {2}.*\n)+hint: /,
    );
    expect(readFileSync(entryFile(), "utf8")).toBe(text);
    age(15 * MINUTE);
    expect(await ask(["--timeout", "3"])).toMatchObject({ status: 3, stdout: "" });
  });

  it("remembers a failure for a moment, says so, and forgets it on request", async () => {
    const { ask, env, directory } = user(entry);
    const before = asked();
    expect((await ask()).status).toBe(0);
    const wrong = () =>
      run(entry, ["credential-process", ...FLAGS.slice(1, 3), "--audience", "https://wrong.example.com"], {
        env,
        secrets: cloud.secrets,
      });
    const refused = await wrong();
    expect(refused.status).toBe(4);
    expect(refused.stderr).not.toContain("cache clear");
    // The first pause is a second, which a busy machine may be over; each is longer than the one before.
    let [calls, again] = [2, await wrong()];
    for (; calls < 7 && !again.stderr.includes("cache clear"); calls++) again = await wrong();
    expect(again.status).toBe(4);
    expect(again.stderr).toMatch(
      /this failed \d+ s ago(, \d times in a row)? and is tried again in \d+ s, or at once after: gcp2aws cache clear\n/,
    );
    expect(asked() - before).toBe(calls);
    const full = entries[0] ?? entry;
    expect((await run(full, ["cache", "clear"], { env })).stdout).toBe(
      `1 entry and 1 remembered failure removed from ${directory}\n`,
    );
    await wrong();
    expect(asked() - before).toBe(calls + 1);
  });

  it("takes an entry that was cut off anywhere for none", async () => {
    const { ask, entryFile } = user(entry);
    await ask();
    const { size } = lstatSync(entryFile());
    for (const length of [0, 1, 17, 84, 85, 86, size >> 1, size - 2, size - 1]) {
      const before = asked();
      truncateSync(entryFile(), length);
      expect(await ask()).toMatchObject({ status: 0, stderr: "" });
      expect(asked() - before, `cut at ${length} of ${size}`).toBe(1);
    }
  });

  it("hands over the credentials when the disk is full or read-only, or the home is nowhere", async () => {
    const places = [mountedFull(), mountedReadOnly()].filter((place) => place !== undefined);
    for (const place of places) {
      const { ask } = user(entry, { GCP2AWS_CACHE_DIR: join(place.path, "cache") });
      const result = await ask();
      place.release();
      expect(result.status).toBe(0);
      expect(result.stderr).toMatch(
        new RegExp(`^gcp2aws: warning: .*${place.code} \\[LOCAL_CACHE\\]\nhint: set GCP2AWS_CACHE_DIR .*\n$`),
      );
    }
    const { ask } = user(entry, { HOME: "/proc/nowhere" });
    expect((await ask()).status).toBe(0);
  });
});

describe.each(credentialProcessEntries)("a hostile neighbour, $name", (entry) => {
  const SECRET = "kept from them";
  type Trap = (place: { directory: string; entryFile: () => string; victim: string }) => void;
  it.each<[string, Trap]>([
    [
      "a link in place of the entry",
      ({ entryFile, victim }) => replace(entryFile(), (path) => symlinkSync(victim, path)),
    ],
    ["a hard link as the entry", ({ entryFile, victim }) => replace(entryFile(), (path) => linkSync(victim, path))],
    ["a FIFO in place of the entry", ({ entryFile }) => replace(entryFile(), (path) => mkfifo(path))],
    ["a directory in place of the entry", ({ entryFile }) => replace(entryFile(), (path) => mkdirSync(path, 0o600))],
    ["an entry open to all", ({ entryFile }) => chmodSync(entryFile(), 0o666)],
    ["a cache directory open to all", ({ directory }) => chmodSync(directory, 0o777)],
    [
      "a link in place of the directory",
      ({ directory }) => {
        renameSync(directory, `${directory}.moved`);
        symlinkSync(`${directory}.moved`, directory);
      },
    ],
    [
      "a file in place of the directory",
      ({ directory }) => {
        renameSync(directory, `${directory}.moved`);
        writeFileSync(directory, SECRET);
      },
    ],
  ])("%s: nothing read, nothing written", async (_, trap) => {
    const { ask, directory, entryFile, home } = user(entry);
    const first = await ask();
    const victim = join(home, "victim");
    writeFileSync(victim, SECRET, { mode: 0o600 });
    trap({ directory, entryFile, victim });
    const before = listing(home);
    const second = await ask();
    expect(second.status).toBe(0);
    expect(keyOf(second)).not.toBe(keyOf(first));
    expect(second.stderr).toMatch(
      /^gcp2aws: warning: cache not used: .* \[LOCAL_CACHE\]\nhint: (look at who made it|chmod [67]00 \/)/,
    );
    expect(listing(home)).toEqual(before);
    expect(readFileSync(victim, "utf8")).toBe(SECRET);
  });
});

describe.each(entries)("gcp2aws cache, $name", (entry) => {
  const cache = (argv: readonly string[], env: Record<string, string>) =>
    run(entry, ["cache", ...argv], { env, secrets: cloud.secrets });

  it("lists roles and times, and no secrets", async () => {
    const { ask, env, age } = user(entry);
    expect((await cache(["list"], env)).stdout).toBe("no credentials in the cache\n");
    const { stdout } = await ask();
    age(12 * MINUTE);
    const table = await cache(["list"], env);
    expect(table.stdout).toMatch(
      /^ROLE +AUDIENCE +SOURCE +EXPIRES +LEFT +AGE\narn:aws:iam::111122223333:role\/RoleForAccessFromGCPTeamA {2}https:\/\/aws\.example\.com {2}metadata server, default {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}4[78] min {2}1[23] min\n$/,
    );
    const json = await cache(["list", "--json"], env);
    expect(JSON.parse(json.stdout)).toEqual({
      failures: [],
      entries: [
        {
          role: "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA",
          audience: "https://aws.example.com",
          source: "metadata server, default",
          expiration: expect.stringMatching(/Z$/),
          ageSeconds: expect.closeTo(720, -2),
        },
      ],
    });
    for (const secret of cloud.secrets.result) expect(`${table.stdout}${json.stdout}`).not.toContain(secret);
    expect(`${table.stdout}${json.stdout}`).not.toContain(JSON.parse(stdout).AccessKeyId);
  });

  it("clears, and says where", async () => {
    const { ask, env, directory } = user(entry);
    expect((await cache(["path"], env)).stdout).toBe(`${directory}\n`);
    await ask();
    await ask(["--duration-seconds", "900"]);
    // Names that somebody else may use too, and files much like ours.
    const theirs = ["notes", "d41d8cd98f00b204e9800998ecf8427e", "gcp2aws-d41d8cd98f00b204e9800998ecf8427e.tar.gz"];
    for (const name of theirs) writeFileSync(join(directory, name), "of somebody", { mode: 0o600 });
    expect((await cache(["clear"], env)).stdout).toBe(`2 entries removed from ${directory}\n`);
    expect(readdirSync(directory).toSorted()).toEqual(theirs.toSorted());
    expect((await cache(["clear"], env)).stdout).toBe(`nothing in ${directory}\n`);
  });

  it("says what is wrong with it", async () => {
    const { ask, env, directory } = user(entry);
    await ask();
    chmodSync(directory, 0o755);
    for (const command of ["list", "clear"]) {
      const { status, stdout, stderr } = await cache([command], env);
      expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
      expect(stderr).toContain(`${directory}: its mode is 755, not 700 [LOCAL_CACHE]`);
    }
    expect((await cache(["clean"], env)).stderr).toContain('"clean": no such command [USAGE_UNKNOWN_COMMAND]');
    expect((await cache([], env)).status).toBe(2);
    const { HOME: _, ...homeless } = env;
    expect((await cache(["path"], homeless)).stderr).toContain("no home directory is known [LOCAL_CACHE]");
  });
});

function replace(path: string, make: (path: string) => void): void {
  unlinkSync(path);
  make(path);
}

function mkfifo(path: string): void {
  if (spawnSync("mkfifo", ["-m", "600", path]).status !== 0) throw new Error("mkfifo failed");
}

interface Mounted {
  path: string;
  code: string;
  release: () => void;
}

/** A small disk of our own; undefined where we may not mount. */
function mounted(options: string, code: string, prepare: (path: string) => void): Mounted | undefined {
  const path = mkdtempSync(join(tmpdir(), "gcp2aws-disk-"));
  const mayNot = process.env["CI"] === undefined ? undefined : new Error("CI runs as root, to mount small disks");
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=64k,${options}`, "gcp2aws-test", path]).status !== 0) {
    if (mayNot !== undefined) throw mayNot;
    return undefined;
  }
  prepare(path);
  return { path, code, release: () => void spawnSync("umount", [path]) };
}

function mountedFull(): Mounted | undefined {
  return mounted("mode=0700", "ENOSPC", (path) => {
    mkdirSync(join(path, "cache"), { mode: 0o700 });
    try {
      writeFileSync(join(path, "filler"), Buffer.alloc(1024 * 1024));
    } catch {
      // Full is what it should be.
    }
  });
}

function mountedReadOnly(): Mounted | undefined {
  return mounted("mode=0700", "EROFS", (path) => void spawnSync("mount", ["-o", "remount,ro", path]));
}

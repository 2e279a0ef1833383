// The cache between users of one machine: each case as the processes of real ones, with nothing but what the kernel
// grants them.
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { type Entry, FLAGS, type Result, run } from "./run.ts";
import { ALICE, BOB, entriesForEverybody, isRoot, listing, openFolder } from "./users.ts";

let cloud: Cloud;
const base = openFolder(tmpdir());
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(async () => {
  await cloud.close();
  rmSync(base, { recursive: true, force: true });
});

let made = 0;
/** A directory of this user's. */
function directoryOf(uid: number, mode = 0o700): string {
  const path = join(base, String(made++));
  mkdirSync(path);
  if (isRoot) chownSync(path, uid, uid);
  chmodSync(path, mode);
  return path;
}

const entries = entriesForEverybody(base);

/** What this user gets by this program. Nobody but its owner may see the checkout, so it starts somewhere else. */
function ask(entry: Entry, uid: number, env: Record<string, string>): Promise<Result> {
  const { GCP2AWS_CACHE: _off, HOME: _home, ...clouds } = cloud.env;
  const user = isRoot ? { uid } : {};
  return run(entry, FLAGS, { env: { ...clouds, ...env }, secrets: cloud.secrets, cwd: "/", ...user });
}

const keyOf = ({ stdout }: Result): unknown => JSON.parse(stdout).AccessKeyId;

/** Credentials all the same, and one warning that says why the cache is not used. */
function expectWarning(result: Result, why: string): void {
  expect(result.status).toBe(0);
  expect(keyOf(result)).toMatch(/^ASIA/);
  expect(result.stderr).toMatch(/^gcp2aws: warning: cache not used: [^\n]* \[LOCAL_CACHE\]\nhint: [^\n]*\n$/);
  expect(result.stderr).toContain(why);
}

describe.each(entries)("a place that is closed to us, $name", (entry) => {
  it.each<[string, (place: string) => Record<string, string>, string]>([
    ["a home", (place) => ({ HOME: place }), "/.cache/gcp2aws: EACCES"],
    ["a home of which not even the names may be seen", (place) => ({ HOME: join(place, "x") }), "gcp2aws: EACCES"],
    ["a directory given", (place) => ({ GCP2AWS_CACHE_DIR: join(place, "cache") }), "/cache: EACCES"],
  ])("is %s: credentials all the same, and EACCES", async (name, env, why) => {
    // Root's, or of a user who is not root our own: what is closed to a user is closed to itself too.
    const place = directoryOf(0, name.includes("names") ? 0o000 : isRoot ? 0o755 : 0o555);
    expectWarning(await ask(entry, BOB, env(place)), why);
    chmodSync(place, 0o700);
    expect(readdirSync(place)).toEqual([]);
  });
});

describe.skipIf(!isRoot).each(entries)("two users, $name", (entry) => {
  it("have a cache each in their homes", async () => {
    const [alice, bob] = [directoryOf(ALICE), directoryOf(BOB)];
    const first = await ask(entry, ALICE, { HOME: alice });
    const second = await ask(entry, BOB, { HOME: bob });
    expect([first, second]).toMatchObject([
      { status: 0, stderr: "" },
      { status: 0, stderr: "" },
    ]);
    expect(keyOf(second)).not.toBe(keyOf(first));
    expect(await ask(entry, ALICE, { HOME: alice })).toEqual(first);
    expect(await ask(entry, BOB, { HOME: bob })).toEqual(second);
    expect(listing(alice).map((line) => (line as unknown[])[2])).toEqual([ALICE, ALICE, ALICE]);
  });

  it.each<[string, number, number, string]>([
    ["as it was made", 0o700, 0o600, "EACCES"],
    ["opened for reading, with its entry", 0o755, 0o644, `belongs to user ${ALICE}, not to ${BOB}`],
    ["opened for all, with its entry", 0o777, 0o666, `belongs to user ${ALICE}, not to ${BOB}`],
  ])(
    "are told to share a directory, %s: the second neither reads nor writes there",
    async (_, mode, entryMode, why) => {
      const shared = join(openFolder(base), "cache");
      const first = await ask(entry, ALICE, { GCP2AWS_CACHE_DIR: shared });
      expect(first).toMatchObject({ status: 0, stderr: "" });
      chmodSync(join(shared, readdirSync(shared)[0] ?? ""), entryMode);
      chmodSync(shared, mode);
      const before = listing(shared);
      const second = await ask(entry, BOB, { GCP2AWS_CACHE_DIR: shared });
      expectWarning(second, why);
      expect(keyOf(second)).not.toBe(keyOf(first));
      expect(listing(shared)).toEqual(before);
      // Its owner notices what has been opened.
      const third = await ask(entry, ALICE, { GCP2AWS_CACHE_DIR: shared });
      if (mode === 0o700) expect(third).toEqual(first);
      else expectWarning(third, `its mode is ${mode.toString(8)}, not 700`);
      expect(listing(shared)).toEqual(before);
    },
  );

  it.each<[string, (trap: string, alices: string) => void, string]>([
    ["a directory of its own", (trap) => mkdirSync(trap, { mode: 0o700 }), "EACCES"],
    ["a directory open to all", (trap) => mkdirOpen(trap), `belongs to user ${BOB}, not to ${ALICE}`],
    ["a file", (trap) => writeFileSync(trap, "", { mode: 0o666 }), "a link, or not a directory, is in its place"],
    ["a link to a directory of ours", (trap, alices) => symlinkSync(alices, trap), "a link, or not a directory"],
  ])("of whom one has made %s where the other's cache shall lie", async (_, make, why) => {
    const folder = openFolder(base);
    const trap = join(folder, "cache");
    const alices = directoryOf(ALICE);
    // Made by root and given away, but for links: whose they are does not matter, as they are not followed.
    make(trap, alices);
    if (!why.startsWith("a link")) chownSync(trap, BOB, BOB);
    const before = listing(folder);
    expectWarning(await ask(entry, ALICE, { GCP2AWS_CACHE_DIR: trap }), why);
    expect(listing(folder)).toEqual(before);
    expect(readdirSync(alices)).toEqual([]);
  });

  it.each<[string, number, string]>([
    ["closed to us", 0o600, "EACCES"],
    ["open to us", 0o644, `belongs to user ${BOB}, not to ${ALICE}`],
  ])("of whom one's entry got into the other's directory, %s", async (_, mode, why) => {
    const own = directoryOf(ALICE);
    const first = await ask(entry, ALICE, { GCP2AWS_CACHE_DIR: own });
    const path = join(own, readdirSync(own)[0] ?? "");
    chownSync(path, BOB, BOB);
    chmodSync(path, mode);
    const before = listing(own);
    const second = await ask(entry, ALICE, { GCP2AWS_CACHE_DIR: own });
    expectWarning(second, why);
    expect(keyOf(second)).not.toBe(keyOf(first));
    expect(listing(own)).toEqual(before);
  });

  it("of whom one has inherited the other's runtime directory: its own home is used", async () => {
    const [runtime, home] = [directoryOf(ALICE), directoryOf(BOB)];
    expect(await ask(entry, BOB, { HOME: home, XDG_RUNTIME_DIR: runtime })).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(runtime)).toEqual([]);
    expect(readdirSync(join(home, ".cache", "gcp2aws"))).toHaveLength(1);
  });
});

describe.skipIf(!isRoot).each(entries)("root in the home of a user, as by sudo, $name", (entry) => {
  it("makes nothing there", async () => {
    const home = directoryOf(ALICE);
    expectWarning(await ask(entry, 0, { HOME: home }), "/.cache");
    expect(readdirSync(home)).toEqual([]);
    // What root made would have shut its owner out of the cache.
    expect(await ask(entry, ALICE, { HOME: home })).toMatchObject({ status: 0, stderr: "" });
  });

  it("makes nothing in the user's .cache either", async () => {
    const home = directoryOf(ALICE);
    mkdirSync(join(home, ".cache"), { mode: 0o700 });
    chownSync(join(home, ".cache"), ALICE, ALICE);
    expectWarning(await ask(entry, 0, { HOME: home }), "/.cache");
    expect(readdirSync(join(home, ".cache"))).toEqual([]);
  });

  it("does not use the cache that is there", async () => {
    const home = directoryOf(ALICE);
    const first = await ask(entry, ALICE, { HOME: home });
    const before = listing(home);
    const second = await ask(entry, 0, { HOME: home });
    expectWarning(second, `belongs to user ${ALICE}, not to 0`);
    expect(keyOf(second)).not.toBe(keyOf(first));
    expect(listing(home)).toEqual(before);
    expect(await ask(entry, ALICE, { HOME: home })).toEqual(first);
  });
});

function mkdirOpen(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o777);
}

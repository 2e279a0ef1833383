import { describe, expect, it } from "vitest";
import { askOnce, type CacheOptions } from "../../src/cache/ask-once.ts";
import { cacheKey } from "../../src/cache/key.ts";
import type { Entry } from "../../src/cache/entry.ts";
import { entryOf } from "../../src/cache/refresh.ts";
import { formatError, Gcp2awsError } from "../../src/errors.ts";
import { FileError } from "../../src/host.ts";
import { type FakeHost, fakeHost, ROLE_ARN } from "../fake-host.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DIRECTORY = "/home/.cache/gcp2aws";

const config: CacheOptions = {
  roleArn: ROLE_ARN,
  audience: "https://aws.example.com",
  source: {
    kind: "metadata",
    metadataUrl: "http://169.254.169.254",
    serviceAccount: "default",
    tokenFormat: "full",
    licenses: false,
  },
  roleSessionName: "{sub}",
  durationSeconds: undefined,
  longest: false,
  sessionPolicies: { policy: "", arns: [] },
  chain: { via: [], externalId: "", sourceIdentity: "", tags: [], transitiveTags: [] },
  sts: {
    region: "us-east-1",
    endpoint: undefined,
    fips: false,
    dualStack: false,
    profile: "",
    fallbackRegions: [],
  },
  authorities: { extra: "", aws: "", google: "" },
  timeoutMs: 30_000,
  cacheLocations: [{ directory: DIRECTORY, within: undefined }],
  refreshNow: false,
};

/** AWS: hands out numbered credentials of an hour, unless it is `away` or the test says otherwise. */
interface Aws {
  calls: number;
  away: Gcp2awsError | undefined;
  lifetimeMs: number;
  clockAheadMs: number;
  backgrounds: number;
}

function machine(overrides: Partial<FakeHost> = {}) {
  const host = fakeHost(() => new Error("no network here"), overrides);
  const aws: Aws = { calls: 0, away: undefined, lifetimeMs: HOUR, clockAheadMs: 0, backgrounds: 0 };
  const obtain = (): Promise<Entry> => {
    aws.calls++;
    if (aws.away !== undefined) return Promise.reject(aws.away);
    const expiration = new Date(host.time - aws.clockAheadMs + aws.lifetimeMs);
    const id = `ASIA${aws.calls}`;
    const credentials = {
      accessKeyId: id,
      secretAccessKey: "s",
      sessionToken: "t",
      expiration,
      accountId: "111122223333",
    };
    const about = { roleArn: config.roleArn, audience: config.audience, source: "a test" };
    return Promise.resolve(entryOf({ credentials, clockAheadMs: aws.clockAheadMs }, about, host.time, host.random()));
  };
  const ask = async (changes: Partial<CacheOptions> = {}) => {
    const entry = await askOnce({
      config: { ...config, ...changes },
      host,
      obtain,
      refreshInBackground: () => {
        aws.backgrounds++;
      },
    })();
    return entry.credentials;
  };
  return { host, aws, ask };
}

const key = cacheKey(config, "", (text) => fakeHost(() => new Error()).sha256(text));
const ENTRY = `${DIRECTORY}/${key}`;
const away = new Gcp2awsError("STS_UNREACHABLE", "no answer from AWS STS", { hint: "look at the network" });
const denied = new Gcp2awsError("STS_ACCESS_DENIED", "AWS said no", { details: ["aud  x", "sub  y"] });

async function failureOf(asked: Promise<unknown>): Promise<Gcp2awsError> {
  const error: unknown = await asked.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof Gcp2awsError) return error;
  throw error;
}

describe("asking", () => {
  it("asks once, then answers from the cache", async () => {
    const { host, aws, ask } = machine();
    const first = await ask();
    host.time += 8 * MINUTE;
    expect(await ask()).toEqual(first);
    expect(aws.calls).toBe(1);
    expect(host.stderr).toBe("");
    expect([...host.files.nodes].filter(([name]) => name.startsWith(`${DIRECTORY}/`)).map(([name]) => name)).toEqual([
      ENTRY,
    ]);
  });

  it("keeps nothing when the cache is off", async () => {
    const { host, aws, ask } = machine();
    await ask({ cacheLocations: [] });
    await ask({ cacheLocations: [] });
    expect(aws.calls).toBe(2);
    expect(host.files.nodes.size).toBe(2);
  });

  it("never answers one question with the credentials of another", async () => {
    const { aws, ask } = machine();
    await ask();
    await ask({ audience: "https://other.example.com" });
    await ask({ durationSeconds: 900 });
    expect(aws.calls).toBe(3);
  });

  it.each<[string, number, number, number, number]>([
    ["12 hours, before a seventh", 12 * HOUR, 1.7 * HOUR, 1, 0],
    ["12 hours, after a quarter", 12 * HOUR, 3.1 * HOUR, 1, 1],
    ["12 hours, 16 minutes left", 12 * HOUR, 12 * HOUR - 16 * MINUTE, 1, 1],
    ["12 hours, 15 minutes left", 12 * HOUR, 12 * HOUR - 15 * MINUTE, 2, 0],
    ["an hour, before a seventh", HOUR, 8 * MINUTE, 1, 0],
    ["an hour, after a quarter", HOUR, 16 * MINUTE, 1, 1],
    ["an hour, 15 minutes left", HOUR, 45 * MINUTE, 2, 0],
    ["15 minutes, before a seventh", 15 * MINUTE, 2 * MINUTE, 1, 0],
    ["15 minutes, after a quarter", 15 * MINUTE, 4 * MINUTE, 1, 1],
    ["15 minutes, a quarter left", 15 * MINUTE, 12 * MINUTE, 2, 0],
    ["15 minutes, over", 15 * MINUTE, 15 * MINUTE, 2, 0],
  ])("%s", async (_, lifetimeMs, age, calls, backgrounds) => {
    const { host, aws, ask } = machine();
    aws.lifetimeMs = lifetimeMs;
    await ask();
    host.time += age;
    await ask();
    expect({ calls: aws.calls, backgrounds: aws.backgrounds }).toEqual({ calls, backgrounds });
  });

  it("lets one background refresh run, and a dead one be followed by another", async () => {
    const { host, aws, ask } = machine();
    await ask();
    host.time += 40 * MINUTE;
    host.files.makeDirectory(`${ENTRY}.lock`);
    host.files.bind(`${ENTRY}.lock/other`);
    await ask();
    expect(aws.backgrounds).toBe(0);
    host.time += 2 * MINUTE;
    await ask();
    expect(aws.backgrounds).toBe(1);
  });

  it("starts no further background refresh while the last one's failure is waited out", async () => {
    const { host, aws, ask } = machine();
    await ask();
    host.time += 20 * MINUTE;
    await ask();
    aws.away = away;
    await ask({ refreshNow: true });
    for (let asked = 0; asked < 10; asked++) await ask();
    expect(aws).toMatchObject({ backgrounds: 1, calls: 2 });
    host.time += 1_000;
    await ask();
    expect(aws.backgrounds).toBe(2);
  });

  it("refreshes what is expiring when it is the background itself", async () => {
    const { host, aws, ask } = machine();
    const first = await ask({ refreshNow: true });
    expect(await ask({ refreshNow: true })).toEqual(first);
    host.time += 40 * MINUTE;
    expect(await ask({ refreshNow: true })).not.toEqual(first);
    expect(aws).toMatchObject({ calls: 2, backgrounds: 0 });
    expect(host.stderr).toBe("");
  });

  it("draws another moment for each machine of a fleet", async () => {
    const refreshed = async (random: number) => {
      const { host, aws, ask } = machine({ random: () => random });
      await ask();
      const issued = host.time;
      while (aws.backgrounds === 0) {
        host.time += MINUTE / 2;
        await ask();
      }
      return (host.time - issued) / MINUTE;
    };
    expect(await refreshed(0)).toBeCloseTo(9, 0);
    expect(await refreshed(0.5)).toBeCloseTo(12, 0);
    expect(await refreshed(0.999)).toBeCloseTo(15, 0);
  });
});

describe("failing", () => {
  it("hands over credentials that live, with a warning, and keeps them", async () => {
    const { host, aws, ask } = machine();
    const first = await ask();
    const entry = host.files.nodes.get(ENTRY)?.text;
    host.time += 50 * MINUTE;
    aws.away = away;
    expect(await ask()).toEqual(first);
    expect(host.stderr).toBe(
      "gcp2aws: warning: no new credentials, the present ones live for another 10 min: no answer from AWS STS [STS_UNREACHABLE]\nhint: look at the network\n",
    );
    expect(host.files.nodes.get(ENTRY)?.text).toBe(entry);
    host.time += 10 * MINUTE - 1;
    expect(await ask()).toEqual(first);
    host.time += 1;
    expect((await failureOf(ask())).code).toBe("STS_UNREACHABLE");
  });

  it("asks AWS after 1, 2, 4 and at last 30 seconds, and says so in between", async () => {
    const { host, aws, ask } = machine();
    aws.away = denied;
    expect(formatError(await failureOf(ask()))).toBe(formatError(denied));
    const again = await failureOf(ask());
    expect(again.code).toBe("STS_ACCESS_DENIED");
    expect(again.details).toEqual([
      "aud  x",
      "sub  y",
      "this failed 0 s ago and is tried again in 1 s, or at once after: gcp2aws cache clear",
    ]);
    const gaps: number[] = [];
    let last = host.time;
    for (let second = 0; gaps.length < 8; second++) {
      host.time += 1_000;
      const before = aws.calls;
      await failureOf(ask());
      if (aws.calls > before) {
        gaps.push((host.time - last) / 1000);
        last = host.time;
      }
    }
    expect(gaps).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  it("forgets a failure after a success", async () => {
    const { host, aws, ask } = machine();
    aws.away = away;
    await failureOf(ask());
    aws.away = undefined;
    host.time += 1_000;
    await ask();
    expect([...host.files.nodes.keys()].some((name) => name.endsWith(".failure"))).toBe(false);
  });

  it("waits as long as AWS asked for, but no longer than 30 seconds", async () => {
    const { host, aws, ask } = machine();
    aws.away = new Gcp2awsError("STS_THROTTLED", "slower", { retryAfterMs: 600_000 });
    await failureOf(ask());
    host.time += 29_999;
    await failureOf(ask());
    expect(aws.calls).toBe(1);
    host.time += 1;
    await failureOf(ask());
    expect(aws.calls).toBe(2);
  });

  it("does not remember a defect", async () => {
    const { host, ask, aws } = machine();
    const broken = () =>
      askOnce({ config, host, obtain: () => Promise.reject(new TypeError("x")), refreshInBackground: () => {} })();
    await expect(broken()).rejects.toBeInstanceOf(TypeError);
    await ask();
    expect(aws.calls).toBe(1);
  });
});

describe("those with more time", () => {
  const slow = new Gcp2awsError("STS_TIMEOUT", "no answer in time", { retryable: true });

  it("are not told that others had too little", async () => {
    const { host, aws, ask } = machine();
    aws.away = slow;
    await failureOf(ask({ timeoutMs: 1_000 }));
    await failureOf(ask({ timeoutMs: 1_000 }));
    expect(aws.calls).toBe(1);
    aws.away = undefined;
    await ask({ timeoutMs: 30_000 });
    expect(aws.calls).toBe(2);
    expect(host.stderr).toBe("");
  });

  it("but are told of a refusal, which time does not change", async () => {
    const { aws, ask } = machine();
    aws.away = denied;
    await failureOf(ask({ timeoutMs: 1_000 }));
    await failureOf(ask({ timeoutMs: 30_000 }));
    expect(aws.calls).toBe(1);
  });

  it("have all of it when the old credentials would not outlive the hurry", async () => {
    const allowed: number[] = [];
    const { host, aws, ask } = machine();
    const measured = (changes: Partial<CacheOptions> = {}) =>
      askOnce({
        config: { ...config, ...changes },
        host,
        obtain: (deadline) => {
          allowed.push(deadline - host.time);
          return Promise.reject(away);
        },
        refreshInBackground: () => {},
      })();
    await ask();
    host.time += 50 * MINUTE;
    await measured();
    host.time += 10 * MINUTE - 3_000;
    await measured();
    host.time += 3_000;
    await failureOf(measured());
    expect(allowed).toEqual([5_000, 30_000, 30_000]);
    expect(aws.calls).toBe(1);
  });
});

describe("the clock", () => {
  it("trusts no entry that was written in the future", async () => {
    const { host, aws, ask } = machine();
    await ask();
    host.time -= 30_000;
    await ask();
    expect(aws.calls).toBe(1);
    host.time -= 2 * HOUR;
    await ask();
    expect(aws.calls).toBe(2);
    aws.away = away;
    host.time -= 2 * HOUR;
    expect((await failureOf(ask())).code).toBe("STS_UNREACHABLE");
  });

  it("does not wait for a failure of the future to pass", async () => {
    const { host, aws, ask } = machine();
    aws.away = away;
    await failureOf(ask());
    host.time -= HOUR;
    await failureOf(ask());
    expect(aws.calls).toBe(2);
  });

  it("ends credentials when they end for AWS", async () => {
    const { host, aws, ask } = machine();
    aws.clockAheadMs = -10 * MINUTE;
    await ask();
    aws.away = away;
    host.time += HOUR - 1;
    await ask();
    host.time += 1;
    expect((await failureOf(ask())).code).toBe("STS_UNREACHABLE");
  });
});

describe("many processes", () => {
  /** Somebody else has the lock and does `then` while this process waits. */
  const held = (host: FakeHost, then: (leave: () => void) => void) => {
    host.files.makeDirectory("/home/.cache");
    host.files.makeDirectory(DIRECTORY);
    host.files.makeDirectory(`${ENTRY}.lock`);
    const stop = host.files.bind(`${ENTRY}.lock/other`);
    const leave = () => {
      host.files.unlink(`${ENTRY}.lock/other`);
      stop();
    };
    host.meanwhile = () => {
      host.meanwhile = () => {};
      then(leave);
    };
    return { stop };
  };

  it("waits for the one that asks, and takes its answer", async () => {
    const other = machine();
    await other.ask();
    const { host, aws, ask } = machine();
    held(host, (leave) => {
      host.files.write(ENTRY, other.host.files.nodes.get(ENTRY)?.text ?? "");
      leave();
    });
    expect((await ask()).accessKeyId).toBe("ASIA1");
    expect(aws.calls).toBe(0);
  });

  it("fails with the error of the one that asked", async () => {
    const other = machine();
    other.aws.away = denied;
    await failureOf(other.ask());
    const { host, aws, ask } = machine();
    held(host, (leave) => {
      host.files.write(`${ENTRY}.failure`, other.host.files.nodes.get(`${ENTRY}.failure`)?.text ?? "");
      leave();
    });
    expect(formatError(await failureOf(ask()))).toBe(formatError(denied));
    expect(aws.calls).toBe(0);
  });

  it("takes over from each of many that are killed one after the other", async () => {
    const { host, aws, ask } = machine();
    let left = 6;
    const next = (stop: () => void) => () => {
      stop();
      if (--left === 0) {
        host.meanwhile = () => {};
        return;
      }
      // Another of those who waited is quicker.
      host.files.unlink(`${ENTRY}.lock/other${left + 1}`);
      host.meanwhile = next(host.files.bind(`${ENTRY}.lock/other${left}`));
    };
    host.files.makeDirectory("/home/.cache");
    host.files.makeDirectory(DIRECTORY);
    host.files.makeDirectory(`${ENTRY}.lock`);
    host.meanwhile = next(host.files.bind(`${ENTRY}.lock/other6`));
    await ask();
    expect({ calls: aws.calls, left }).toEqual({ calls: 1, left: 0 });
  });

  it.each([
    ["asks for itself when nothing can be kept here", true],
    ["waits on when they had no luck", false],
  ])("after three that left nothing, %s", async (_, full) => {
    const { host, aws, ask } = machine();
    host.files.makeDirectory("/home/.cache");
    host.files.makeDirectory(DIRECTORY);
    host.files.makeDirectory(`${ENTRY}.lock`);
    let ended = 0;
    const come = () => {
      const stop = host.files.bind(`${ENTRY}.lock/other${ended}`);
      host.meanwhile = () => {
        host.files.unlink(`${ENTRY}.lock/other${ended}`);
        stop();
        if (++ended < 6) come();
      };
    };
    come();
    if (full) {
      host.files.before = (operation) => {
        if (operation === "write") throw new FileError("ENOSPC");
      };
    }
    await ask();
    expect({ calls: aws.calls, ended }).toEqual({ calls: 1, ended: full ? 3 : 6 });
  });

  it("waits on for one that drops its connection and lives", async () => {
    const other = machine();
    await other.ask();
    const { host, aws, ask } = machine();
    host.files.makeDirectory("/home/.cache");
    host.files.makeDirectory(DIRECTORY);
    host.files.makeDirectory(`${ENTRY}.lock`);
    host.files.bind(`${ENTRY}.lock/other`);
    const { waitForEnd } = host;
    let dropped = 0;
    host.waitForEnd = (path, timeoutMs) => (dropped++ < 10 ? Promise.resolve("ended") : waitForEnd(path, timeoutMs));
    host.meanwhile = () => host.files.write(ENTRY, other.host.files.nodes.get(ENTRY)?.text ?? "");
    expect((await ask()).accessKeyId).toBe("ASIA1");
    expect({ calls: aws.calls, dropped }).toEqual({ calls: 0, dropped: 11 });
  });

  it("begins nothing that it has no time for, and blames nobody", async () => {
    const { host, aws, ask } = machine();
    host.files.makeDirectory("/home/.cache");
    host.files.makeDirectory(DIRECTORY);
    // Whoever it is, others are quicker, and stop.
    let others = 0;
    const makeDirectory = host.files.makeDirectory;
    host.files.makeDirectory = (path) => {
      makeDirectory(path);
      if (!path.startsWith(`${ENTRY}.lock.`) || others > 1) return;
      if (others === 0) makeDirectory(`${ENTRY}.lock`);
      host.files.bind(`${ENTRY}.lock/other${others++}`);
    };
    const failure = await failureOf(ask());
    expect(failure.code).toBe("STS_TIMEOUT");
    expect(failure.message).toContain("another gcp2aws process");
    expect(aws.calls).toBe(0);
    expect([...host.files.nodes.keys()].some((path) => path.endsWith(".failure"))).toBe(false);
  });

  it("blames no other where it is slow by itself", async () => {
    const { host, aws, ask } = machine();
    const makeDirectory = host.files.makeDirectory;
    host.files.makeDirectory = (path) => {
      makeDirectory(path);
      // Stopped for nearly all of its time before it has the turn.
      if (path.startsWith(`${ENTRY}.lock.`)) host.time += config.timeoutMs - 500;
    };
    aws.away = away;
    expect((await failureOf(ask())).code).toBe(away.code);
    expect(aws.calls).toBe(1);
  });

  it("takes the answer of one that was put aside, when its own attempt fails", async () => {
    const other = machine();
    await other.ask();
    const { host } = machine();
    const asked = askOnce({
      config,
      host,
      obtain: () => {
        host.files.write(ENTRY, other.host.files.nodes.get(ENTRY)?.text ?? "");
        return Promise.reject(away);
      },
      refreshInBackground: () => {},
    });
    expect((await asked()).credentials.accessKeyId).toBe("ASIA1");
    expect(host.stderr).toBe("");
    expect([...host.files.nodes.keys()].some((path) => path.endsWith(".failure"))).toBe(false);
  });

  it("says when something else is in the place of the lock", async () => {
    const { host, aws, ask } = machine();
    host.files.makeDirectory("/home/.cache");
    host.files.makeDirectory(DIRECTORY);
    host.files.write(`${ENTRY}.lock`, "");
    const { list } = host.files;
    host.files.list = (path) => {
      if (path === `${ENTRY}.lock`) throw new FileError("ENOTDIR");
      return list(path);
    };
    await ask();
    expect(aws.calls).toBe(1);
    expect(host.stderr).toContain(`no lock: ${ENTRY}.lock: ENOTDIR [LOCAL_CACHE]`);
  });

  it("takes over from one that is killed", async () => {
    const { host, aws, ask } = machine();
    const { stop } = held(host, () => stop());
    await ask();
    expect(aws.calls).toBe(1);
    expect([...host.files.nodes.keys()].filter((name) => name.includes(".lock"))).toEqual([]);
  });

  it("puts one aside that is stopped, and leaves time to ask itself", async () => {
    const { host, aws, ask } = machine();
    held(host, () => {});
    const before = host.time;
    await ask();
    expect(aws.calls).toBe(1);
    expect(host.time - before).toBe(15_000);
  });

  it("takes the answer of one that was put aside, while another is asked", async () => {
    const other = machine();
    await other.ask();
    const { host, aws, ask } = machine();
    held(host, () => host.files.write(ENTRY, other.host.files.nodes.get(ENTRY)?.text ?? ""));
    const before = host.time;
    expect((await ask()).accessKeyId).toBe("ASIA1");
    expect(aws.calls).toBe(0);
    expect(host.time - before).toBe(1_000);
  });

  it("goes alone where there can be no lock", async () => {
    const { host, aws, ask } = machine();
    host.listen = () => Promise.reject(new FileError("EPERM"));
    await ask();
    await ask();
    expect(aws.calls).toBe(1);
    expect(host.stderr).toBe("");
  });
});

describe("a cache that does not work", () => {
  it.each(["EROFS", "ENOSPC", "EACCES", "EDQUOT"])("hands over the credentials all the same: %s", async (code) => {
    const { host, aws, ask } = machine();
    host.files.before = (operation) => {
      if (["makeDirectory", "write", "bind", "rename"].includes(operation)) throw new FileError(code);
    };
    await ask();
    await ask();
    expect(aws.calls).toBe(2);
    expect(host.stderr).toBe(
      `gcp2aws: warning: cache not used: ${DIRECTORY}: ${code} [LOCAL_CACHE]\nhint: set GCP2AWS_CACHE_DIR to a directory of this user's own, or switch the cache off with --no-cache\n`.repeat(
        2,
      ),
    );
  });

  it("hands over what lives though the record of a failure is open to others, and leaves that alone", async () => {
    const { host, aws, ask } = machine();
    const first = await ask();
    aws.away = away;
    host.time += 40 * MINUTE;
    await ask({ refreshNow: true });
    own(host, `${ENTRY}.failure`, { mode: 0o644 });
    const before = host.files.nodes.get(`${ENTRY}.failure`);
    host.stderr = "";
    expect(await ask()).toEqual(first);
    expect(host.stderr).toContain("its mode is 644, not 600");
    host.time += 10 * MINUTE;
    expect(await ask()).toEqual(first);
    expect(host.files.nodes.get(`${ENTRY}.failure`)).toBe(before);
  });

  it("makes nothing in a directory of another user", async () => {
    const { host, aws, ask } = machine();
    own(host, "/home", { uid: 1001 });
    await ask();
    expect(aws.calls).toBe(1);
    expect(host.stderr).toContain("cache not used: /home/.cache: not made, as /home belongs to user 1001, not to 1000");
    expect([...host.files.nodes.keys()]).toEqual(["/", "/home"]);
  });

  it("keeps nothing that it could not read again", async () => {
    const { host, ask } = machine();
    const big = askOnce({
      config,
      host,
      obtain: async () => {
        const entry = await ask();
        return entryOf(
          { credentials: { ...entry, sessionToken: "x".repeat(70_000) }, clockAheadMs: 0 },
          { roleArn: ROLE_ARN, audience: config.audience, source: "a test" },
          host.now(),
          0,
        );
      },
      refreshInBackground: () => {},
    });
    host.time += 55 * MINUTE;
    expect((await big()).credentials.sessionToken).toHaveLength(70_000);
    expect(host.stderr).toContain(`${ENTRY} not written: EFBIG [LOCAL_CACHE]`);
  });

  it("takes a copied entry for no answer to another question", async () => {
    const { host, aws, ask } = machine();
    await ask();
    const other = { ...config, roleArn: `${ROLE_ARN}2` };
    host.files.write(`${DIRECTORY}/${cacheKey(other, "", host.sha256)}`, host.files.nodes.get(ENTRY)?.text ?? "");
    await ask({ roleArn: other.roleArn });
    expect(aws.calls).toBe(2);
  });

  it("says when the disk fills up, and leaves nothing behind", async () => {
    const { host, ask } = machine();
    host.files.before = (operation) => {
      if (operation === "write") throw new FileError("ENOSPC");
    };
    await ask();
    expect(host.stderr).toContain(`${ENTRY} not written: ENOSPC [LOCAL_CACHE]`);
    expect([...host.files.nodes.keys()]).toEqual(["/", "/home", "/home/.cache", DIRECTORY]);
  });

  it.each<[string, (host: FakeHost) => void, string]>([
    [
      "a directory of somebody else",
      (host) => own(host, DIRECTORY, { uid: 1001 }),
      "belongs to user 1001, not to 1000",
    ],
    ["a directory open to others", (host) => own(host, DIRECTORY, { mode: 0o755 }), "its mode is 755, not 700"],
    ["an entry of somebody else", (host) => own(host, ENTRY, { uid: 0 }), "belongs to user 0, not to 1000"],
    ["an entry open to others", (host) => own(host, ENTRY, { mode: 0o644 }), "its mode is 644, not 600"],
    ["an entry with a second name", (host) => own(host, ENTRY, { links: 2 }), "it has 2 names"],
    ["a FIFO as the entry", (host) => own(host, ENTRY, { kind: "other" }), "not a file"],
  ])("uses nothing of %s", async (_, change, why) => {
    const { host, aws, ask } = machine();
    await ask();
    change(host);
    const before = new Map(host.files.nodes);
    await ask();
    expect(aws.calls).toBe(2);
    expect(host.stderr).toContain(`gcp2aws: warning: cache not used: `);
    expect(host.stderr).toContain(why);
    expect(new Map(host.files.nodes)).toEqual(before);
  });

  it("takes a text that is cut off or changed for no entry", async () => {
    const { host, aws, ask } = machine();
    await ask();
    const node = host.files.nodes.get(ENTRY);
    const whole = node?.text ?? "";
    for (let length = 0; length < whole.length; length++) {
      const calls = aws.calls;
      host.files.unlink(ENTRY);
      host.files.write(ENTRY, whole.slice(0, length));
      await ask();
      expect(aws.calls, `${length} bytes`).toBe(calls + 1);
    }
    expect(host.stderr).toBe("");
  });
});

function own(host: FakeHost, path: string, change: object): void {
  const node = host.files.nodes.get(path);
  if (node === undefined) throw new Error(`${path} is not there`);
  node.status = { ...node.status, ...change };
}

describe("an AWS that fails", () => {
  it.each<[string, (minute: number, draw: () => number) => boolean]>([
    ["3 calls in 10", (_, draw) => draw() < 0.3],
    ...[600, 607, 614, 621, 628, 635, 642, 649, 656].map((start): [string, (minute: number) => boolean] => [
      `for 40 minutes from minute ${start}`,
      (minute) => minute >= start && minute < start + 40,
    ]),
  ])("%s: every command of a day gets credentials while old ones live", async (_, fails) => {
    let seed = 7;
    const draw = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const { host, aws, ask } = machine({ random: draw });
    let asked = 0;
    let unanswered = 0;
    await ask();
    for (let minute = 0; minute < 24 * 60; minute++) {
      host.time += MINUTE;
      aws.away = fails(minute, draw) ? away : undefined;
      const backgrounds = aws.backgrounds;
      asked++;
      const answer = await ask().catch(() => undefined);
      if (answer === undefined) unanswered++;
      else expect(answer.expiration.getTime()).toBeGreaterThan(host.time);
      if (aws.backgrounds > backgrounds) await ask({ refreshNow: true });
    }
    expect({ asked, unanswered }).toEqual({ asked: 1440, unanswered: 0 });
    expect(aws.calls).toBeLessThan(180);
  });

  it("for 40 minutes, whenever that begins: every command gets credentials, with one every 5 minutes", async () => {
    let seed = 11;
    const draw = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    for (let outage = 0; outage < 60; outage++) {
      const { host, aws, ask } = machine({ random: draw });
      host.time += draw() * 5 * MINUTE;
      const start = host.time + 2 * HOUR + (outage * HOUR) / 60;
      for (const end = start + 40 * MINUTE; host.time < end; host.time += 5 * MINUTE) {
        aws.away = host.time >= start ? away : undefined;
        const backgrounds = aws.backgrounds;
        expect((await ask()).expiration.getTime()).toBeGreaterThan(host.time);
        if (aws.backgrounds > backgrounds) await ask({ refreshNow: true });
      }
    }
  });
});

describe("a clock that is set", () => {
  it("moves no deadline", async () => {
    const { host } = machine();
    const deadlines: number[] = [];
    const measured = askOnce({
      config,
      host,
      obtain: (deadline) => {
        deadlines.push(deadline - host.time);
        host.setAheadMs -= HOUR;
        return Promise.reject(away);
      },
      refreshInBackground: () => {},
    });
    await failureOf(measured());
    host.setAheadMs += 5 * HOUR;
    await failureOf(measured());
    expect(deadlines).toEqual([30_000, 30_000]);
  });

  it("takes the lock from nobody who holds it, however old it looks", async () => {
    const { host, ask } = machine();
    await ask();
    const lock = `${DIRECTORY}/gcp2aws-${"0".repeat(32)}.lock`;
    const [living, dead] = [`${lock}/${"1".repeat(16)}`, `${lock}.${"2".repeat(16)}/${"2".repeat(16)}`];
    host.files.makeDirectory(lock);
    host.files.makeDirectory(`${lock}.${"2".repeat(16)}`);
    host.files.bind(living);
    host.files.bind(dead)();
    host.files.write(`${DIRECTORY}/gcp2aws-${"3".repeat(32)}`, "an old entry");
    host.files.write(`${DIRECTORY}/gcp2aws-${"3".repeat(32)}.${"4".repeat(16)}.tmp`, "half an ol");
    host.files.write(`${DIRECTORY}/notes.txt`, "somebody's");
    host.setAheadMs += 25 * HOUR;
    await ask();
    const left = [...host.files.nodes.keys()].filter((path) => path.startsWith(`${DIRECTORY}/`));
    expect(left.toSorted()).toEqual([ENTRY, lock, living, `${DIRECTORY}/notes.txt`].toSorted());
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  keepTokenFile,
  renewalMoment,
  type TimedToken,
  writeTokenFile,
} from "../../src/delivery/web-identity-token-file.ts";
import { Gcp2awsError } from "../../src/errors.ts";
import { FileError } from "../../src/host.ts";
import { fakeHost, START } from "../fake-host.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PATH = "/home/token";
const away = new Gcp2awsError("IDENTITY_UNREACHABLE", "no identity token: connection refused", { hint: "wait" });

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A machine whose metadata server mints numbered tokens of an hour, when it is let. */
function machine(random = 0.5) {
  const host = fakeHost(() => new Error("no network"), { random: () => random });
  const google = {
    minted: 0,
    lastEnds: 0,
    lifeMs: HOUR,
    away: undefined as Error | undefined,
    delay: Promise.resolve(),
  };
  const mint = async (): Promise<TimedToken> => {
    google.minted++;
    await google.delay;
    if (google.away !== undefined) throw google.away;
    google.lastEnds = host.time + google.lifeMs;
    return { token: `token-${google.minted}`, expiresAt: google.lastEnds };
  };
  const timer = { ms: 0, action: undefined as (() => void) | undefined };
  const every = (ms: number, action: () => void) => {
    Object.assign(timer, { ms, action });
    return () => {
      timer.action = undefined;
    };
  };
  const tick = async () => {
    timer.action?.();
    await settled();
  };
  return {
    host,
    google,
    timer,
    tick,
    keep: () => keepTokenFile(PATH, mint, host, every),
    inFile: () => host.files.nodes.get(PATH)?.text,
    pass: async (ms: number, look = () => {}) => {
      for (const end = host.time + ms; host.time < end;) {
        host.time += timer.ms;
        await tick();
        look();
      }
    },
  };
}

describe("the file", () => {
  it("holds the token alone, for this user alone, and nothing is left beside it", () => {
    const { host, inFile } = machine();
    writeTokenFile(PATH, "first", host);
    writeTokenFile(PATH, "second", host);
    expect(inFile()).toBe("second");
    expect(host.files.status(PATH).mode).toBe(0o600);
    expect(host.files.list("/home")).toEqual(["token"]);
  });

  it.each(["write", "rename"])("stays as it is when it cannot be replaced: %s", (operation) => {
    const { host, inFile } = machine();
    writeTokenFile(PATH, "first", host);
    host.files.before = (called) => {
      if (called === operation) throw new FileError("ENOSPC");
    };
    expect(() => writeTokenFile(PATH, "second", host)).toThrow("/home/token not written: ENOSPC");
    host.files.before = () => {};
    expect(inFile()).toBe("first");
    expect(host.files.list("/home")).toEqual(["token"]);
  });
});

describe("when a token is renewed", () => {
  it("before half of its life is over, and 10 minutes before its end where it has that", () => {
    const anyLife = fc.integer({ min: MINUTE, max: DAY });
    fc.assert(
      fc.property(anyLife, fc.double({ min: 0, max: 0.999, noNaN: true }), (given, random) => {
        const wait = renewalMoment(START + given, START, random) - START;
        // By a clock that is behind, a token seems to live longer than any does.
        const life = Math.min(given, HOUR);
        expect(wait).toBeGreaterThanOrEqual(30 * SECOND);
        expect(wait).toBeLessThanOrEqual(life / 2);
        if (life >= 11 * MINUTE) expect(wait).toBeLessThanOrEqual(life - 10 * MINUTE);
        if (life >= 20 * MINUTE) expect(wait).toBeGreaterThanOrEqual(Math.floor(life * 0.4));
      }),
    );
  });

  it("differs from machine to machine", () => {
    expect(
      [0, 0.5, 0.999].map((random) => Math.round((renewalMoment(START + HOUR, START, random) - START) / MINUTE)),
    ).toEqual([24, 27, 30]);
  });

  it("not at once again, when it seems to be over already: this machine's clock is wrong", () => {
    expect(renewalMoment(START - HOUR, START, 0.5)).toBe(START + 30 * SECOND);
  });
});

describe("kept for long", () => {
  it("always holds a token with half an hour to live, for 30 days, and asks no more than it must", async () => {
    const { host, google, keep, pass, inFile } = machine();
    const stop = await keep();
    let shortest = HOUR;
    await pass(30 * DAY, () => {
      shortest = Math.min(shortest, google.lastEnds - host.time);
    });
    expect(shortest).toBeGreaterThan(30 * MINUTE);
    expect(inFile()).toBe(`token-${google.minted}`);
    expect(google.minted).toBeGreaterThanOrEqual((30 * DAY) / (28 * MINUTE));
    expect(google.minted).toBeLessThanOrEqual((30 * DAY) / (26 * MINUTE));
    expect(host.stderr).toBe("");
    const before = google.minted;
    stop();
    await pass(DAY);
    expect(google.minted).toBe(before);
  });

  it("keeps the file through an outage, says so, and is there soon after", async () => {
    const { host, google, keep, pass, inFile } = machine();
    await keep();
    google.away = away;
    await pass(45 * MINUTE);
    expect(inFile()).toBe("token-1");
    expect(host.stderr).toMatch(
      /^gcp2aws: warning: \/home\/token not renewed, the token in it lives for another 33 min: no identity token: connection refused \[IDENTITY_UNREACHABLE\]\nhint: wait\n/,
    );
    // 18 minutes of failures, after the first few one in 45 to 60 seconds.
    expect(google.minted).toBeGreaterThan(18);
    expect(google.minted).toBeLessThan(32);
    await pass(HOUR);
    expect(host.stderr).toContain("the token in it has ended");
    google.away = undefined;
    await pass(MINUTE);
    expect(inFile()).toBe(`token-${google.minted}`);
    const before = google.minted;
    await pass(20 * MINUTE);
    expect(google.minted).toBe(before);
  });

  it("notices at once that the machine slept", async () => {
    const { host, google, keep, tick, pass } = machine();
    await keep();
    await pass(10 * MINUTE);
    host.time += 2 * HOUR;
    await tick();
    expect(google.minted).toBe(2);
    await pass(20 * MINUTE);
    expect(google.minted).toBe(2);
  });

  it.each([
    ["back", -2 * HOUR],
    ["ahead", 2 * HOUR],
  ])("renews in time though the clock was set %s", async (_, jump) => {
    const { host, google, keep, tick, pass } = machine();
    await keep();
    await pass(10 * MINUTE);
    host.setAheadMs = jump;
    await tick();
    expect(google.minted).toBe(2);
    let shortest = HOUR;
    await pass(12 * HOUR, () => {
      shortest = Math.min(shortest, google.lastEnds - host.time);
    });
    expect(shortest).toBeGreaterThan(30 * MINUTE);
    // Ahead by more than a token lives, each seems to be over when it comes.
    expect(google.minted).toBeLessThanOrEqual(jump < 0 ? 30 : 24 * 60 + 2);
  });

  it("does not ask twice at a time, however long an answer takes", async () => {
    const { google, keep, pass, inFile } = machine();
    await keep();
    const slow = Promise.withResolvers<void>();
    google.delay = slow.promise;
    await pass(40 * MINUTE);
    expect(google.minted).toBe(2);
    slow.resolve();
    await pass(5 * SECOND);
    expect(inFile()).toBe("token-2");
  });

  it("takes what a metadata server keeps to its end, and asks again in time", async () => {
    const { google, keep, pass, host } = machine();
    google.lifeMs = 9 * MINUTE;
    await keep();
    google.lifeMs = HOUR;
    await pass(4.5 * MINUTE);
    expect(google.minted).toBe(2);
    expect(host.stderr).toBe("");
  });

  it("survives a full disk, and a defect, without showing its message", async () => {
    const { host, google, keep, pass, inFile } = machine();
    await keep();
    host.files.before = (operation) => {
      if (operation === "write") throw new FileError("ENOSPC");
    };
    await pass(30 * MINUTE);
    expect(inFile()).toBe("token-1");
    expect(host.stderr).toContain("/home/token not written: ENOSPC [LOCAL_FILE]");
    google.away = new Error("the token is eyJ");
    await pass(MINUTE);
    expect(host.stderr).toContain("[INTERNAL]");
    expect(host.stderr).not.toContain("eyJ");
    host.files.before = () => {};
    google.away = undefined;
    await pass(MINUTE);
    expect(inFile()).toBe(`token-${google.minted}`);
  });

  it("fails when the first token cannot be had", async () => {
    const { google, keep, timer, inFile } = machine();
    google.away = away;
    await expect(keep()).rejects.toBe(away);
    expect(inFile()).toBeUndefined();
    expect(timer.action).toBeUndefined();
  });
});

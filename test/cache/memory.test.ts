import { describe, expect, it } from "vitest";
import type { CacheOptions } from "../../src/cache/ask-once.ts";
import { askOnce } from "../../src/cache/ask-once.ts";
import { keepAsking } from "../../src/cache/memory.ts";
import { entryOf } from "../../src/cache/refresh.ts";
import { Gcp2awsError } from "../../src/errors.ts";
import { FileError } from "../../src/host.ts";
import { type FakeHost, fakeHost, ROLE_ARN } from "../fake-host.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DIRECTORY = "/home/.cache/gcp2aws";
const away = new Gcp2awsError("STS_UNREACHABLE", "no answer from AWS STS", { hint: "look at the network" });

function config(cacheLocations: CacheOptions["cacheLocations"]): CacheOptions {
  return {
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
    cacheLocations,
    refreshNow: false,
  };
}

/** AWS hands out numbered credentials of an hour, when it is let. */
function machine(where: "memory" | "files" = "memory", host: FakeHost = fakeHost(() => new Error("no network"))) {
  const aws = { calls: 0, away: undefined as Error | undefined, gate: Promise.resolve() };
  const options = config(where === "files" ? [{ directory: DIRECTORY, within: undefined }] : []);
  const obtain = async () => {
    aws.calls++;
    const id = `ASIA${aws.calls}`;
    await aws.gate;
    if (aws.away !== undefined) throw aws.away;
    const expiration = new Date(host.time + HOUR);
    return entryOf(
      {
        credentials: {
          accessKeyId: id,
          secretAccessKey: "s",
          sessionToken: "t",
          expiration,
          accountId: "111122223333",
        },
        clockAheadMs: 0,
      },
      { roleArn: ROLE_ARN, audience: options.audience, source: "a test" },
      host.time,
      0.5,
    );
  };
  const question = { config: options, host, obtain };
  return { host, aws, question, keeper: keepAsking(question) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe.each(["memory", "files"] as const)("kept in %s", (where) => {
  it("asks once for all that come together", async () => {
    const { aws, keeper } = machine(where);
    const answers = await Promise.all(Array.from({ length: 1000 }, () => keeper.ask()));
    expect(aws.calls).toBe(1);
    expect(new Set(answers).size).toBe(1);
  });

  it("reads and writes nothing while its answer is valid", async () => {
    const { host, aws, keeper } = machine(where);
    const first = await keeper.ask();
    host.files.before = (operation) => {
      throw new Error(`${operation} was called`);
    };
    host.time += 8 * MINUTE;
    expect(await keeper.ask()).toBe(first);
    expect(aws.calls).toBe(1);
  });

  it("answers at once from the refresh moment on, with one flight for the next", async () => {
    const { host, aws, keeper } = machine(where);
    const first = await keeper.ask();
    host.time += 25 * MINUTE;
    let open = () => {};
    aws.gate = new Promise((resolve) => (open = resolve));
    for (let asked = 0; asked < 10; asked++) expect(await keeper.ask()).toBe(first);
    open();
    await settled();
    expect(aws.calls).toBe(2);
    expect((await keeper.ask()).credentials.accessKeyId).toBe("ASIA2");
  });

  it("hands over what lives while AWS is away, to the last moment and not beyond", async () => {
    const { host, aws, keeper } = machine(where);
    const first = await keeper.ask();
    aws.away = away;
    for (; host.time < first.expiresAt - 1; host.time = Math.min(host.time + 10_000, first.expiresAt - 1)) {
      expect(await keeper.ask()).toBe(first);
      await settled();
    }
    expect(await keeper.ask()).toBe(first);
    host.time += 1;
    await expect(keeper.ask()).rejects.toMatchObject({ code: "STS_UNREACHABLE" });
    // 48 minutes, at most one attempt in 30 seconds.
    expect(aws.calls).toBeGreaterThan(60);
    expect(aws.calls).toBeLessThan(110);
    aws.away = undefined;
    host.time += 30_000;
    expect((await keeper.ask()).expiresAt).toBeGreaterThan(host.time);
  });

  it("says each failed attempt once, however many ask", async () => {
    const { host, aws, keeper } = machine(where);
    await keeper.ask();
    aws.away = away;
    host.time += 50 * MINUTE;
    for (let asked = 0; asked < 100; asked++) {
      await keeper.ask();
      await settled();
    }
    expect(aws.calls).toBe(2);
    expect(host.stderr.match(/warning/g)).toHaveLength(1);
  });

  it("does not hammer AWS when it has nothing, and says for how long", async () => {
    const { host, aws, keeper } = machine(where);
    aws.away = away;
    await expect(keeper.ask()).rejects.toMatchObject({ code: "STS_UNREACHABLE" });
    await expect(keeper.ask()).rejects.toMatchObject({
      details: [expect.stringContaining("is tried again in 1 s")],
    });
    expect(aws.calls).toBe(1);
    host.time += 1_000;
    aws.away = undefined;
    await keeper.ask();
    expect(aws.calls).toBe(2);
  });

  it("notices that the machine slept", async () => {
    const { host, aws, keeper } = machine(where);
    await keeper.ask();
    host.time += 9 * HOUR;
    expect((await keeper.ask()).credentials.accessKeyId).toBe("ASIA2");
    expect(aws.calls).toBe(2);
  });

  it("asks anew when the clock was set back", async () => {
    const { host, aws, keeper } = machine(where);
    await keeper.ask();
    host.time -= 3 * HOUR;
    expect((await keeper.ask()).credentials.accessKeyId).toBe("ASIA2");
    expect(aws.calls).toBe(2);
  });

  it("says a defect, and tries again at the next call", async () => {
    const { host, aws, keeper } = machine(where);
    const first = await keeper.ask();
    aws.away = new TypeError("AQoDYXdz");
    host.time += 30 * MINUTE;
    expect(await keeper.ask()).toBe(first);
    await settled();
    expect(host.stderr).toContain("[INTERNAL]");
    expect(host.stderr).not.toContain("AQoDYXdz");
    aws.away = undefined;
    await keeper.ask();
    await settled();
    expect((await keeper.ask()).credentials.accessKeyId).toBe("ASIA3");
  });
});

describe("files behind memory", () => {
  it("give what another process got", async () => {
    const other = machine("files");
    await other.keeper.ask();
    const { aws, keeper } = machine("files", other.host);
    await keeper.ask();
    expect(aws.calls).toBe(0);
    other.host.time += 25 * MINUTE;
    await askOnce({
      ...other.question,
      config: { ...other.question.config, refreshNow: true },
      refreshInBackground: () => {},
    })();
    expect(other.aws.calls).toBe(2);
    await keeper.ask();
    await settled();
    expect((await keeper.ask()).credentials.accessKeyId).toBe("ASIA2");
    expect(aws.calls).toBe(0);
  });

  it.each(["EROFS", "ENOSPC", "EACCES"])("are done without, and that is said once: %s", async (code) => {
    const { host, aws, keeper } = machine("files");
    host.files.before = (operation) => {
      if (operation !== "status") throw new FileError(code);
    };
    const first = await keeper.ask();
    expect(await keeper.ask()).toBe(first);
    host.time += 25 * MINUTE;
    await keeper.ask();
    await settled();
    expect(aws.calls).toBe(2);
    expect(host.stderr.match(/LOCAL_CACHE/g)).toHaveLength(1);
  });
});

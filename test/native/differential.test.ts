// The native helper and the npm entry, side by side over generated command lines, environments, states of the cache and
// answers of the clouds: the same stdout, exit status and files. The compiler is young, so what it makes of each of our
// modules is looked at from outside.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Entry,
  type Failure,
  formatEntry,
  formatFailure,
  parseEntry,
  parseFailure,
} from "../../src/cache/entry.ts";
import { cacheKey } from "../../src/cache/key.ts";
import { type Freshness, freshness, isPausing } from "../../src/cache/refresh.ts";
import { readConfig } from "../../src/config.ts";
import { flags, variableOf } from "../../src/flags.ts";
import { formatExpiration } from "../../src/credentials.ts";
import { stsErrorBody, stsSuccess, unsignedToken } from "../fake-host.ts";
import { AUDIENCE, ROLE, runProgram } from "../cli/run.ts";

const helper = resolve("dist/bin/gcp2aws-credential-process");
const npmEntry = resolve("dist/cli/main.js");
const base = mkdtempSync(join(tmpdir(), "gcp2aws-differential-"));

interface Scripted {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** When new credentials end: within what a session can have, for as long as these tests take. */
const LATER = formatExpiration(new Date(Date.now() + 6 * 60 * 60_000));

/** What both clouds answer at the moment. */
const script: { identity: Scripted; sts: Scripted; seen: string[] } = {
  identity: { status: 200, headers: {}, body: "" },
  sts: { status: 200, headers: {}, body: "" },
  seen: [],
};
let server: Server;
let port = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      script.seen.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString("utf8")}`);
      const { status, headers, body } = request.method === "GET" ? script.identity : script.sts;
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(base, { recursive: true, force: true, maxRetries: 5 });
});

/** Exit statuses that a property came across: it looked at more than one way to end. */
const statuses = new Set<number>();
const expectSeen = (...wanted: number[]) => expect([...statuses]).toEqual(expect.arrayContaining(wanted));

/** What a home has before a program runs: by path, the text of each file; and whether all that follows has happened. */
interface Planted {
  files: ReadonlyMap<string, string>;
  /** Of the entry, as credential_process prints it: each home has its own moment. */
  expiration: string;
  isQuiet: () => boolean;
}
const NOTHING: Planted = { files: new Map(), expiration: "\0", isQuiet: () => true };

/** Both programs, each in a home of its own that is otherwise the same. */
async function both(argv: readonly string[], env: Record<string, string>, plant: (home: string) => Planted) {
  const one = async (name: string, program: string, first: readonly string[]) => {
    // Of this run alone: should a refresh in the background outlive it, it writes there.
    const home = mkdtempSync(join(base, name));
    const planted = plant(home);
    script.seen = [];
    const began = Date.now();
    const result = await runProgram(program, [...first, ...argv], {
      env: {
        PATH: "/usr/bin:/bin",
        HOME: home,
        // Its path is in the name of an entry, and homes differ.
        CLOUDSDK_CONFIG: join(base, "gcloud"),
        GCE_METADATA_HOST: `127.0.0.1:${port}`,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: `http://127.0.0.1:${port}`,
        AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
        ...env,
      },
    });
    // As long as it may take.
    const giveUp = Date.now() + 30_000;
    while (!planted.isQuiet() && Date.now() < giveUp) await new Promise((done) => setTimeout(done, 3));
    const ended = Date.now();
    expect(planted.isQuiet(), "the refresh in the background came to an end").toBe(true);
    const text = (value: string) =>
      value
        .replaceAll(home, "HOME")
        .replaceAll(planted.expiration, "EXPIRATION")
        .replace(/\d+ (s|min|h)\b/g, "TIME")
        .replace(/exp .*/g, "exp");
    return {
      status: result.status,
      stdout: text(result.stdout),
      stderr: text(result.stderr),
      // How often something was tried depends on drawn waits.
      seen: [...new Set(script.seen)],
      files: filesIn(join(home, ".cache")).map((path) => {
        const kept = readFileSync(path, "utf8");
        return [
          path.replace(home, "HOME"),
          planted.files.get(path) === kept ? "as it was" : text(withRanges(kept, began, ended)),
        ];
      }),
    };
  };
  const native = await one("native", helper, []);
  if (native.status !== null) statuses.add(native.status);
  const npm = await one("npm", process.execPath, [npmEntry, "credential-process"]);
  return { native, npm };
}

/**
 * A file of the cache with each of its times, which are this run's own, as the range that it must lie in, and its hash as
 * what it is worth. All other bytes stay.
 */
function withRanges(kept: string, began: number, ended: number): string {
  const entry = parseEntry(kept, sha256);
  const failure = parseFailure(kept, sha256);
  const ranges: Record<string, [of: number | undefined, low: number, high: number]> = {};
  if (entry !== undefined) {
    const { issuedAt, expiresAt, credentials } = entry;
    const life = expiresAt - issuedAt;
    ranges["issuedAt"] = [issuedAt, began, ended];
    ranges["expiresAt"] = [expiresAt, credentials.expiration.getTime() - 2_000, credentials.expiration.getTime()];
    ranges["refreshAt"] = [entry.refreshAt, issuedAt + 0.15 * life - 1, issuedAt + 0.25 * life + 1];
  }
  if (failure !== undefined) {
    ranges["failedAt"] = [failure.failedAt, began, ended];
    // Not drawn: a second, and twice as much after each in a row.
    const pause = 1_000 * 2 ** Math.min(failure.count - 1, 5);
    ranges["retryAt"] = [failure.retryAt, failure.failedAt + pause, failure.failedAt + pause];
  }
  const whole = entry !== undefined || failure !== undefined;
  return Object.entries(ranges)
    .reduce((text, [name, [of = 0, low, high]]) => {
      const worth = of >= low && of <= high ? "in its range" : `${of - low} ms after its range begins`;
      return text.replace(`"${name}":${of}`, `"${name}":"${worth}"`);
    }, kept)
    .replace(/^(gcp2aws-cache \d+) \w+/, `$1 ${whole ? "of this text" : "of another text"}`);
}

function filesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

const awkward = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 12 }) },
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom("", " ", "=", "--", "-", "\\", "a b", "é", "😀", "\u202e", "\u2028", "\u00a0", "ß", "İ", "x\ty"),
);
const withoutNul = awkward.map((text) => text.replaceAll("\0", ""));
const valueOf = (flag: (typeof flags)[number]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(flag.example) },
    withoutNul,
    fc.constantFrom(...flags.map(({ example }) => example)),
  );

const values = Object.fromEntries(flags.map((flag) => [flag.name, valueOf(flag)]));
const given = fc.oneof(
  fc.record(values, { requiredKeys: [] }),
  // Of so many flags, all that are given seldom go together: a few do. What says no identity is not waited for.
  fc
    .subarray(
      Object.keys(values).filter((name) => name !== "wait"),
      { minLength: 1, maxLength: 3 },
    )
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, values[name] ?? awkward])))),
);
const commandLine = fc
  .tuple(given, fc.boolean(), fc.array(withoutNul, { maxLength: 1 }), fc.boolean())
  .map(([chosen, joined, stray, withRequired]) => {
    const argv: string[] = [];
    if (withRequired && chosen["role-arn"] === undefined) argv.push("--role-arn", ROLE);
    if (withRequired && chosen["audience"] === undefined) argv.push("--audience", AUDIENCE);
    for (const [name, value = ""] of Object.entries(chosen)) {
      const isSwitch = flags.find((flag) => flag.name === name)?.value === undefined;
      if (isSwitch) argv.push(value === "off" ? `--${name}=${value}` : `--${name}`);
      else if (joined) argv.push(`--${name}=${value}`);
      else argv.push(`--${name}`, value);
    }
    // Most command lines have no word that stands alone.
    if (stray[0] !== undefined && stray[0].length > 5) argv.push(stray[0]);
    return argv;
  });
const environment = fc.record(
  {
    ...Object.fromEntries(flags.map((flag) => [variableOf(flag), valueOf(flag)])),
    AWS_REGION: fc.constantFrom("eu-west-1", "us-gov-west-1", "cn-north-1", "nowhere", ""),
    AWS_USE_FIPS_ENDPOINT: fc.constantFrom("true", "TRUE", "false", ""),
    AWS_ENDPOINT_URL: fc.constantFrom("http://localhost:1", "https://u:p@x", "ftp://x", "x", "http://[::1]:1/a?b"),
    GCE_METADATA_IP: fc.constantFrom("127.0.0.1", "::1", "a b"),
    GCP2AWS_CACHE_DIR: fc.constantFrom("relative", "", "/dev/null/x", "/proc/none"),
  },
  { requiredKeys: [] },
);

/** Most of what is generated breaks some rule; a part of it must not, or nothing behind the rules is reached. */
const plain: string[] = ["--role-arn", ROLE, "--audience", AUDIENCE];
const orPlain = <T>(generated: fc.Arbitrary<T>, simple: T) =>
  fc.oneof({ weight: 2, arbitrary: generated }, fc.constant(simple));

const minted: Scripted = {
  status: 200,
  headers: { "Metadata-Flavor": "Google" },
  body: unsignedToken({ aud: AUDIENCE, sub: "1121", exp: 4_102_444_800 }),
};
/** What the clouds answer for all of a run. */
const skies: Readonly<Record<string, { identity: Scripted; sts: Scripted }>> = {
  credentials: {
    identity: minted,
    sts: { status: 200, headers: {}, body: stsSuccess({ Expiration: LATER }) },
  },
  denial: { identity: minted, sts: { status: 403, headers: {}, body: stsErrorBody("AccessDenied", "Not authorized") } },
  "no identity": {
    identity: { status: 404, headers: { "Metadata-Flavor": "Google" }, body: "none" },
    sts: { status: 500, headers: {}, body: "" },
  },
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Of an entry, in milliseconds from now. */
interface Times {
  issuedAt: number;
  expiresAt: number;
  refreshAt: number;
}
/** A second before and after each edge between two states, for a short session and a long one. */
const edges = fc
  .record({
    life: fc.constantFrom(15 * MINUTE, 60 * MINUTE, 12 * 60 * MINUTE),
    edge: fc.constantFrom("refresh", "due", "expiration"),
    past: fc.constantFrom(-SECOND, SECOND),
  })
  .map(({ life, edge, past }): Times => {
    const refresh = Math.round(life * 0.3);
    const at = { refresh, due: life - Math.min(15 * MINUTE, life / 4), expiration: life }[edge];
    const age = at + past;
    return { issuedAt: -age, expiresAt: life - age, refreshAt: refresh - age };
  });
/** Written by a clock that was ahead of this one: up to a minute is forgiven. */
const ahead = fc
  .constantFrom(2 * SECOND, MINUTE - SECOND, MINUTE + SECOND, 10 * MINUTE)
  .map((issuedAt): Times => ({ issuedAt, expiresAt: issuedAt + 60 * MINUTE, refreshAt: issuedAt + 18 * MINUTE }));
const minutes = fc.integer({ min: -90, max: 90 }).filter((at) => Math.abs(at % 15) > 1 && at !== 0);
const anywhen = fc
  .record({ issued: minutes, expires: minutes, refresh: minutes })
  .map(({ issued, expires, refresh }): Times => ({
    issuedAt: -Math.abs(issued) * MINUTE,
    expiresAt: expires * MINUTE,
    refreshAt: refresh * MINUTE,
  }));
const state = fc.record({
  times: fc.option(fc.oneof({ weight: 3, arbitrary: edges }, ahead, { weight: 2, arbitrary: anywhen }), { freq: 8 }),
  failure: fc.option(
    fc.record({
      failedAt: fc.oneof(
        fc.integer({ min: -50, max: -2 }).map((at) => at * SECOND),
        fc.constantFrom(MINUTE - SECOND, MINUTE + SECOND),
      ),
      // The pause over, or not, by a second; and one that is longer than any of ours.
      retryAt: fc.constantFrom(-70 * SECOND, -SECOND, SECOND, 20 * SECOND, 32 * SECOND),
      count: fc.constantFrom(1, 2, 9),
      allowedMs: fc.constantFrom(4_000, 8.64e15),
    }),
    { freq: 2 },
  ),
  damage: fc.option(fc.record({ at: fc.nat(900), with: fc.constantFrom("", "x", "\n", "\0", "é") }), { freq: 8 }),
  mode: fc.constantFrom(0o600, 0o600, 0o600, 0o600, 0o600, 0o600, 0o644, 0o400),
  directoryMode: fc.constantFrom(0o700, 0o700, 0o700, 0o700, 0o700, 0o700, 0o755),
  secret: withoutNul,
  refreshNow: fc.constantFrom(false, false, true),
});
type State = typeof state extends fc.Arbitrary<infer T> ? T : never;

/** @param met gets the name of the state that a program finds */
function plantState(home: string, wanted: State, met: Set<string>): Planted {
  const now = Date.now();
  const directory = join(home, ".cache", "gcp2aws");
  mkdirSync(join(home, ".cache"), { mode: 0o700 });
  mkdirSync(directory, { mode: wanted.directoryMode });
  const here = { GCE_METADATA_HOST: `127.0.0.1:${port}`, AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}` };
  const config = readConfig({ roleArn: ROLE, audience: AUDIENCE }, here);
  const name = cacheKey(config, readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), sha256);
  const [entryFile, failureFile] = [join(directory, name), join(directory, `${name}.failure`)];
  const files = new Map<string, string>();
  let { expiration } = NOTHING;
  let found: Freshness | "none" = "none";
  if (wanted.times !== null) {
    const { issuedAt, expiresAt, refreshAt } = wanted.times;
    const entry: Entry = {
      credentials: {
        accessKeyId: "ASIAEXAMPLE",
        secretAccessKey: wanted.secret,
        sessionToken: "t/+=",
        expiration: new Date(now + expiresAt),
        accountId: "111122223333",
      },
      issuedAt: now + issuedAt,
      expiresAt: now + expiresAt,
      refreshAt: now + refreshAt,
      roleArn: ROLE,
      audience: AUDIENCE,
      source: "metadata server, default",
    };
    expiration = formatExpiration(entry.credentials.expiration);
    const whole = formatEntry(entry, sha256);
    const { damage } = wanted;
    // What can be written: half of a surrogate pair is U+FFFD on the disk.
    const text = (
      damage === null ? whole : `${whole.slice(0, damage.at)}${damage.with}${whole.slice(damage.at + 1)}`
    ).toWellFormed();
    files.set(entryFile, text);
    writeFileSync(entryFile, text, { mode: wanted.mode });
    const isRead = parseEntry(text, sha256) !== undefined && wanted.mode === 0o600 && wanted.directoryMode === 0o700;
    if (isRead) found = freshness(entry, now);
  }
  let pausing = false;
  if (wanted.failure !== null) {
    const { failedAt, retryAt, count, allowedMs } = wanted.failure;
    const failure: Failure = {
      code: "STS_ACCESS_DENIED",
      message: "refused",
      hint: undefined,
      details: ["a", "b"],
      failedAt: now + failedAt,
      retryAt: now + retryAt,
      count,
      allowedMs,
      roleArn: ROLE,
    };
    pausing = isPausing(failure, now) && failure.allowedMs >= config.timeoutMs;
    files.set(failureFile, formatFailure(failure, sha256));
    writeFileSync(failureFile, formatFailure(failure, sha256), { mode: 0o600 });
  }
  met.add(found);
  const refreshes = found === "expiring" && !pausing && !wanted.refreshNow;
  const isChanged = (path: string) => existsSync(path) && readFileSync(path, "utf8") !== files.get(path);
  const isQuiet = () => {
    // The refresh in the background has left what it found out, and everybody has tidied up.
    if (refreshes && !isChanged(entryFile) && !isChanged(failureFile)) return false;
    // With new credentials, a failure is forgotten just after.
    if (refreshes && isChanged(entryFile) && existsSync(failureFile)) return false;
    return readdirSync(directory).every((file) => file === name || file === `${name}.failure`);
  };
  return { files, expiration, isQuiet };
}

describe.skipIf(!existsSync(helper))("native helper and npm entry", () => {
  it("read the same command lines and environments in the same way", async () => {
    statuses.clear();
    script.identity = { status: 404, headers: { "Metadata-Flavor": "Google" }, body: "no such account" };
    await fc.assert(
      fc.asyncProperty(orPlain(commandLine, plain), orPlain(environment, {}), async (argv, env) => {
        // Only what stays on loopback: everything else would wait for a network that is not there.
        const { native, npm } = await both(argv, { ...env, GCE_METADATA_HOST: `127.0.0.1:${port}` }, () => NOTHING);
        expect(native).toEqual(npm);
      }),
      { numRuns: 150 },
    );
    expectSeen(2, 3);
  });

  it("make the same of what the clouds answer", async () => {
    statuses.clear();
    const claims = fc.record(
      {
        iss: fc.constantFrom("https://accounts.google.com", 7, null),
        aud: withoutNul,
        azp: fc.oneof(withoutNul, fc.integer(), fc.constant(["x"])),
        sub: fc.oneof(
          { weight: 6, arbitrary: fc.constant("1121") },
          withoutNul,
          fc.bigInt(0n, 10n ** 21n).map(Number),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        ),
        email: withoutNul,
        exp: fc.oneof(fc.constant(4_102_444_800), fc.constant(1), fc.constant("x"), fc.constant(1e300)),
        google: fc.oneof(
          fc.constant(null),
          fc.record({ compute_engine: fc.record({ instance_name: withoutNul, project_number: fc.integer() }) }),
        ),
      },
      { requiredKeys: [] },
    );
    const token = fc.oneof(
      { weight: 12, arbitrary: claims.map((value) => unsignedToken(value)) },
      fc.constantFrom(
        "",
        "a.b",
        "a.b.c",
        "<html>",
        "x".repeat(20_001),
        "eyJ.e30.x",
        "a.W10.c",
        "a.bnVsbA.c",
        "a.e30x.c",
      ),
      withoutNul,
    );
    const identity: fc.Arbitrary<Scripted> = fc.record({
      status: fc.constantFrom(200, 200, 200, 200, 200, 200, 200, 200, 302, 400, 403, 404),
      headers: fc.constantFrom({ "Metadata-Flavor": "Google" }, { "Metadata-Flavor": "Google" }, {}),
      body: token,
    });
    const sts: fc.Arbitrary<Scripted> = fc.record({
      status: fc.constantFrom(200, 200, 200, 200, 200, 200, 200, 200, 301, 400, 403, 500),
      headers: fc.record(
        {
          Date: fc.constantFrom("Mon, 23 Nov 2020 12:00:00 GMT", "nonsense", "", "Monday, 23-Nov-20 12:00:00 GMT"),
          "Retry-After": fc.constantFrom("0", "1", "-1", "x", "Wed, 21 Oct 2099 07:28:00 GMT"),
        },
        { requiredKeys: [] },
      ),
      body: fc.oneof({ weight: 5, arbitrary: stsBody }, awkward),
    });
    const template = fc.constantFrom("{sub}", "{email}", "{aud}.{sub}", "{instance_name}", "{project_number}", "fixed");
    await fc.assert(
      fc.asyncProperty(identity, sts, template, async (identified, exchanged, name) => {
        script.identity = identified;
        script.sts = exchanged;
        const argv = [...plain, "--role-session-name", name];
        const look = () => both(argv, { GCP2AWS_TIMEOUT: "5" }, () => NOTHING);
        let { native, npm } = await look();
        // The drawn waits between attempts may use the time up for one and not for the other.
        if (!isDeepStrictEqual(native, npm)) ({ native, npm } = await look());
        expect(native).toEqual(npm);
      }),
      {
        numRuns: 150,
        // What must not be left to chance.
        examples: [
          [minted, skies["credentials"]?.sts ?? minted, "fixed"],
          [minted, skies["denial"]?.sts ?? minted, "fixed"],
        ],
      },
    );
    expectSeen(0, 3, 4, 5);
  }, 300_000);

  it("do the same in every state of the cache, whatever the clouds answer then", async () => {
    statuses.clear();
    const met = new Set<string>();
    await fc.assert(
      fc.asyncProperty(state, fc.constantFrom(...Object.keys(skies)), async (wanted, sky) => {
        Object.assign(script, skies[sky]);
        const look = () =>
          both(plain, { GCP2AWS_REFRESH_NOW: wanted.refreshNow ? "1" : "0" }, (home) => plantState(home, wanted, met));
        const { native, npm } = await look();
        if (isDeepStrictEqual(native, npm)) return;
        // A machine that stands still for a second moves an entry over its edge: what differs twice is a difference.
        const again = await look();
        expect(again.native).toEqual(again.npm);
      }),
      { numRuns: 200 },
    );
    expectSeen(0, 3, 4);
    expect([...met].toSorted((a, b) => a.localeCompare(b))).toEqual(["due", "expired", "expiring", "none", "valid"]);
  }, 300_000);
});

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const field = fc.oneof(
  { weight: 24, arbitrary: fc.constantFrom("ASIAEXAMPLE", "abc/+=") },
  fc.constantFrom(
    "",
    "a b",
    "&amp;",
    "&#65;",
    "&#x1F600;",
    "&#0;",
    "&nope;",
    "& ",
    "<![CDATA[x]]>",
    "<!-- c -->y",
    "é",
    "\u0000",
  ),
);
const stsBody: fc.Arbitrary<string> = fc
  .record({
    key: field,
    secret: field,
    token: field,
    expiration: fc.constantFrom(
      LATER,
      LATER,
      LATER.replace("Z", ".123Z"),
      LATER.replace("Z", "+01:00"),
      "2099-01-01T00:00:00Z",
      "2001-01-01T00:00:00Z",
      "2099-13-01T00:00:00Z",
      "2099-02-30T00:00:00Z",
      "soon",
    ),
    account: fc.constantFrom("111122223333", "111122223333", "111122223333", "999999999999", ""),
    root: fc.constantFrom("AssumeRoleWithWebIdentityResponse", "AssumeRoleWithWebIdentityResponse", "Other"),
    error: fc.option(
      fc.record({
        code: fc.constantFrom(
          "AccessDenied",
          "InvalidIdentityToken",
          "ExpiredTokenException",
          "Throttling",
          "Strange",
          "é",
          "",
        ),
        message: fc.oneof(fc.constantFrom("Not authorized", "Couldn't retrieve verification key"), field),
      }),
      { freq: 1 },
    ),
    cut: fc.option(fc.nat(600), { freq: 8 }),
  })
  .map(({ key, secret, token, expiration, account, root, error, cut }) => {
    const whole =
      error === null
        ? `<?xml version="1.0"?><${root} xmlns="x"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${expiration}</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::${account}:assumed-role/R/s</Arn></AssumedRoleUser></AssumeRoleWithWebIdentityResult></${root}>`
        : `<ErrorResponse><Error><Type>Sender</Type><Code>${error.code}</Code><Message>${error.message}</Message></Error></ErrorResponse>`;
    return cut === null ? whole : whole.slice(0, cut);
  });

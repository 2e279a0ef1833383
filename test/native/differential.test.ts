// The native helper and the npm entry, side by side over generated command lines, environments, states of the cache and
// answers of the clouds: the same stdout, exit status and files. The compiler is young, so what it makes of each of our
// modules is looked at from outside.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Entry, formatEntry, formatFailure } from "../../src/cache/entry.ts";
import { cacheKey } from "../../src/cache/key.ts";
import { flags, readConfig, variableOf } from "../../src/config.ts";
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

/** In two hours, without a fraction and a zone. */
const SOON = new Date(Date.now() + 2 * 60 * 60_000).toISOString().slice(0, 19);

/** Exit statuses that a property came across: it looked at more than one way to end. */
const statuses = new Set<number>();
const expectSeen = (...wanted: number[]) => expect([...statuses]).toEqual(expect.arrayContaining(wanted));

/** Both programs, each in a home of its own that is otherwise the same. */
async function both(argv: readonly string[], env: Record<string, string>, prepare: (home: string) => void = () => {}) {
  const one = async (name: string, program: string, first: readonly string[]) => {
    // Of this run alone: a refresh in the background may outlive it and write there.
    const home = mkdtempSync(join(base, name));
    prepare(home);
    script.seen = [];
    const result = await runProgram(program, [...first, ...argv], {
      env: {
        PATH: "/usr/bin:/bin",
        HOME: home,
        GCE_METADATA_HOST: `127.0.0.1:${port}`,
        AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
        ...env,
      },
    });
    // Times and the draw of the refresh are each run's own; where a home is, too.
    const text = (value: string) =>
      value
        .replaceAll(home, "HOME")
        .replace(/"(issuedAt|expiresAt|refreshAt|failedAt|retryAt)":\d+/g, '"$1":0')
        .replace(/^(gcp2aws-cache \d+) \w+/gm, "$1 HASH")
        .replace(/\d+ (s|min|h)\b/g, "TIME")
        .replace(/exp .*/g, "exp");
    return {
      status: result.status,
      stdout: text(result.stdout),
      stderr: text(result.stderr),
      seen: script.seen,
      files: filesIn(join(home, ".cache")).map((path) => [
        path.replace(home, "HOME"),
        text(readFileSync(path, "utf8")),
      ]),
    };
  };
  const native = await one("native", helper, []);
  if (native.status !== null) statuses.add(native.status);
  const npm = await one("npm", process.execPath, [npmEntry, "credential-process"]);
  return { native, npm };
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

const given = fc.record(Object.fromEntries(flags.map((flag) => [flag.name, valueOf(flag)])), {
  requiredKeys: [],
});
const commandLine = fc
  .tuple(given, fc.boolean(), fc.array(withoutNul, { maxLength: 1 }), fc.boolean())
  .map(([values, joined, stray, withRequired]) => {
    const argv: string[] = [];
    if (withRequired && values["role-arn"] === undefined) argv.push("--role-arn", ROLE);
    if (withRequired && values["audience"] === undefined) argv.push("--audience", AUDIENCE);
    for (const [name, value = ""] of Object.entries(values)) {
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

const timeouts = { GCP2AWS_TIMEOUT: "2" };

describe.skipIf(!existsSync(helper))("native helper and npm entry", () => {
  it("read the same command lines and environments in the same way", async () => {
    statuses.clear();
    script.identity = { status: 404, headers: { "Metadata-Flavor": "Google" }, body: "no such account" };
    await fc.assert(
      fc.asyncProperty(orPlain(commandLine, plain), orPlain(environment, {}), async (argv, env) => {
        // Only what stays on loopback: everything else would wait for a network that is not there.
        const { native, npm } = await both(argv, { ...env, GCE_METADATA_HOST: `127.0.0.1:${port}` });
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
    const metadata: Scripted = {
      status: 200,
      headers: { "Metadata-Flavor": "Google" },
      body: unsignedToken({ aud: AUDIENCE, sub: "1121", exp: 4_102_444_800 }),
    };
    const denied = stsErrorBody("AccessDenied", "Not authorized");
    const template = fc.constantFrom("{sub}", "{email}", "{aud}.{sub}", "{instance_name}", "{project_number}", "fixed");
    await fc.assert(
      fc.asyncProperty(identity, sts, template, async (minted, exchanged, name) => {
        script.identity = minted;
        script.sts = exchanged;
        const { native, npm } = await both(["--role-arn", ROLE, "--audience", AUDIENCE, "--role-session-name", name], {
          ...timeouts,
          GCP2AWS_TIMEOUT: "1",
        });
        expect(withoutTries(native)).toEqual(withoutTries(npm));
      }),
      {
        numRuns: 150,
        // What must not be left to chance.
        examples: [
          [metadata, { status: 200, headers: {}, body: stsSuccess({ Expiration: `${SOON}Z` }) }, "fixed"],
          [metadata, { status: 403, headers: {}, body: denied }, "fixed"],
        ],
      },
    );
    expectSeen(0, 3, 4, 5);
  });

  it("find the same in every state of the cache", async () => {
    statuses.clear();
    script.identity = { status: 404, headers: { "Metadata-Flavor": "Google" }, body: "none" };
    const minute = 60_000;
    const moment = fc.integer({ min: -90, max: 90 }).filter((at) => Math.abs(at % 15) > 1 && at !== 0);
    const state = fc.record({
      issuedAt: moment.map((at) => -Math.abs(at) * minute),
      expiresAt: moment.map((at) => at * minute),
      refreshAt: moment.map((at) => at * minute),
      failure: fc.option(
        fc.record({ failedAt: fc.integer({ min: -50, max: -2 }), pause: fc.integer({ min: 60, max: 90 }) }),
      ),
      damage: fc.option(fc.record({ at: fc.nat(900), with: fc.constantFrom("", "x", "\n", "\0", "é") }), { freq: 3 }),
      mode: fc.constantFrom(0o600, 0o600, 0o600, 0o600, 0o644, 0o400),
      directoryMode: fc.constantFrom(0o700, 0o700, 0o700, 0o700, 0o755),
      secret: withoutNul,
    });
    await fc.assert(
      fc.asyncProperty(state, async (wanted) => {
        const now = Date.now();
        const { native, npm } = await both(
          ["--role-arn", ROLE, "--audience", AUDIENCE],
          { GCP2AWS_REFRESH_NOW: "0" },
          (home) => {
            const directory = join(home, ".cache", "gcp2aws");
            mkdirSync(join(home, ".cache"), { mode: 0o700 });
            mkdirSync(directory, { mode: wanted.directoryMode });
            const name = cacheKey(
              readConfig(
                { roleArn: ROLE, audience: AUDIENCE },
                { GCE_METADATA_HOST: `127.0.0.1:${port}`, AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}` },
              ),
              readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
              sha256,
            );
            const entry: Entry = {
              credentials: {
                accessKeyId: "ASIAEXAMPLE",
                secretAccessKey: wanted.secret,
                sessionToken: "t/+=",
                expiration: new Date(now + wanted.expiresAt),
                accountId: "111122223333",
              },
              issuedAt: now + wanted.issuedAt,
              expiresAt: now + wanted.expiresAt,
              refreshAt: now + wanted.refreshAt,
              roleArn: ROLE,
              audience: AUDIENCE,
              source: "metadata server, default",
            };
            const whole = formatEntry(entry, sha256);
            const text =
              wanted.damage === null
                ? whole
                : `${whole.slice(0, wanted.damage.at)}${wanted.damage.with}${whole.slice(wanted.damage.at + 1)}`;
            writeFileSync(join(directory, name), text, { mode: wanted.mode });
            if (wanted.failure !== null) {
              const failure = {
                code: "STS_ACCESS_DENIED",
                message: "refused",
                hint: undefined,
                details: ["a", "b"],
                failedAt: now + wanted.failure.failedAt * 1000,
                retryAt: now + wanted.failure.failedAt * 1000 + wanted.failure.pause * 1000,
                count: 2,
                allowedMs: 8.64e15,
                roleArn: ROLE,
              };
              writeFileSync(join(directory, `${name}.failure`), formatFailure(failure, sha256), { mode: 0o600 });
            }
          },
        );
        // A refresh in the background may or may not have left its failure when we look.
        const settled = ({ status, stdout, stderr, files }: typeof native) => ({
          status,
          stdout,
          stderr,
          files: files.filter(([path = ""]) => !path.endsWith(".failure") && !path.endsWith(".tmp")),
        });
        expect(settled(native)).toEqual(settled(npm));
      }),
      { numRuns: 150 },
    );
    expectSeen(0, 3, 4);
  });
});

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** How often it was tried depends on drawn waits. */
function withoutTries<T extends { seen: string[] }>(result: T): T {
  return { ...result, seen: [...new Set(result.seen)] };
}

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
      `${SOON}Z`,
      `${SOON}.123Z`,
      `${SOON}-01:00`,
      "2001-01-01T00:00:00Z",
      "2099-01-01T00:00:00Z",
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

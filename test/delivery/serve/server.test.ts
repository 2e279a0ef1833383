import { describe, expect, it } from "vitest";
import type { Held } from "../../../src/credentials.ts";
import { isLoopback, parseListen } from "../../../src/delivery/serve/address.ts";
import { createLog } from "../../../src/delivery/serve/log.ts";
import { createMetrics } from "../../../src/delivery/serve/metrics.ts";
import type { Within } from "../../../src/delivery/serve/role.ts";
import { credentialServer } from "../../../src/delivery/serve/server.ts";
import { Gcp2awsError } from "../../../src/errors.ts";
import { START } from "../../fake-host.ts";

const HOUR = 3_600_000;

function held(issuedAt: number): Held {
  const expiration = new Date(issuedAt + HOUR);
  return {
    credentials: {
      accessKeyId: "ASIA1",
      secretAccessKey: "s",
      sessionToken: "t",
      expiration,
      accountId: "111122223333",
    },
    issuedAt,
    expiresAt: issuedAt + HOUR,
  };
}

function machine() {
  const state = {
    time: START,
    held: held(START) as Held | undefined,
    next: undefined as Held | Error | undefined,
    late: false,
    asked: 0,
    log: "",
  };
  const role = {
    name: "team-a",
    roleArn: "arn:aws:iam::111122223333:role/TeamA",
    held: () => state.held,
    ask: () => {
      state.asked++;
      if (state.next instanceof Error) return Promise.reject(state.next);
      state.held = state.next ?? state.held;
      return state.held === undefined ? new Promise<Held>(() => {}) : Promise.resolve(state.held);
    },
    admits: (given: string) => given === "token",
  };
  const within: Within = (ms, promise) => {
    expect(ms).toBe(1_800);
    return state.late ? Promise.resolve("late") : promise;
  };
  const metrics = createMetrics();
  const handle = credentialServer({
    roles: [role],
    imds: { role, region: "eu-central-1", unsafeV1: false },
    metrics,
    log: createLog(
      "text",
      () => state.time,
      (line) => (state.log += line),
    ),
    now: () => state.time,
    within,
  });
  const ask = async (target: string, headers: Record<string, string> = {}, method = "GET") => {
    const { reply } = await handle({ method, target, headers: { host: "127.0.0.1", ...headers } });
    return reply;
  };
  return { state, ask, metrics };
}

const AUTHORIZED = { authorization: "token" };

describe("the container protocol", () => {
  it("has what every SDK asks for", async () => {
    const { ask } = machine();
    const { status, headers, body } = await ask("/role/team-a", AUTHORIZED);
    expect({ status, headers, body: JSON.parse(body) }).toEqual({
      status: 200,
      headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
      body: {
        RoleArn: "arn:aws:iam::111122223333:role/TeamA",
        AccessKeyId: "ASIA1",
        SecretAccessKey: "s",
        Token: "t",
        Expiration: "2026-11-23T13:00:00Z",
        AccountId: "111122223333",
      },
    });
  });

  it("hands over new credentials as soon as they are there", async () => {
    const { state, ask } = machine();
    await ask("/role/team-a", AUTHORIZED);
    state.next = held(START + 1_000);
    expect((await ask("/role/team-a", AUTHORIZED)).body).toContain("2026-11-23T13:00:01Z");
  });

  it.each<[string, Gcp2awsError, number, Record<string, string>]>([
    ["denied", new Gcp2awsError("STS_ACCESS_DENIED", "AWS said no", { hint: "look there" }), 403, {}],
    ["away", new Gcp2awsError("STS_UNREACHABLE", "no answer", { hint: "look there" }), 503, { "Retry-After": "1" }],
    [
      "no identity",
      new Gcp2awsError("IDENTITY_NOT_FOUND", "none", { hint: "look there" }),
      503,
      { "Retry-After": "1" },
    ],
  ])("answers an error, never blanks: %s", async (_, error, status, headers) => {
    const { state, ask } = machine();
    state.held = undefined;
    state.next = error;
    const reply = await ask("/role/team-a", AUTHORIZED);
    expect(reply).toMatchObject({ status, headers });
    expect(JSON.parse(reply.body)).toEqual({ Code: error.code, Message: `${error.message} (look there)` });
  });

  it("keeps nobody waiting beyond what SDKs wait", async () => {
    const { state, ask } = machine();
    state.held = undefined;
    state.late = true;
    const reply = await ask("/role/team-a", AUTHORIZED);
    expect(reply.status).toBe(503);
    expect(JSON.parse(reply.body).Code).toBe("STS_TIMEOUT");
  });

  it("shows a defect to the log only, without what it said", async () => {
    const { state, ask } = machine();
    state.next = new TypeError("AQoDYXdz");
    const reply = await ask("/role/team-a", AUTHORIZED);
    expect(reply.status).toBe(500);
    expect(reply.body + state.log).not.toContain("AQoDYXdz");
    expect(state.log).toContain("INTERNAL");
  });
});

describe("the instance metadata service", () => {
  const session = async (ask: ReturnType<typeof machine>["ask"]) => {
    const reply = await ask("/latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": "21600" }, "PUT");
    expect(reply.headers["x-aws-ec2-metadata-token-ttl-seconds"]).toBe("21600");
    return { "x-aws-ec2-metadata-token": reply.body };
  };

  it("has the role, its credentials and the region", async () => {
    const { ask } = machine();
    const headers = await session(ask);
    const text = async (path: string) => (await ask(`/latest/meta-data/${path}`, headers)).body;
    expect(await text("iam/security-credentials/")).toBe("team-a");
    expect(await text("iam/security-credentials")).toBe("team-a");
    expect(await text("placement/region")).toBe("eu-central-1");
    expect(await text("placement/availability-zone")).toBe("eu-central-1a");
    expect(await text("placement/availability-zone/")).toBe("eu-central-1a");
    expect(JSON.parse(await text("iam/security-credentials/team-a"))).toEqual({
      Code: "Success",
      LastUpdated: "2026-11-23T12:00:00Z",
      Type: "AWS-HMAC",
      AccessKeyId: "ASIA1",
      SecretAccessKey: "s",
      Token: "t",
      Expiration: "2026-11-23T13:00:00Z",
    });
  });

  it.each(["", "0", "21601", "-1", "1.5", "60 ", "x"])("issues no session for %j seconds", async (ttl) => {
    const { ask } = machine();
    const reply = await ask("/latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": ttl }, "PUT");
    expect(reply.status).toBe(400);
  });
});

describe("operation", () => {
  it("is ready while credentials live", async () => {
    const { state, ask } = machine();
    expect((await ask("/readyz")).status).toBe(200);
    state.time += HOUR;
    expect(await ask("/readyz")).toMatchObject({ status: 503, body: "no credentials yet: team-a\n" });
    state.held = undefined;
    expect((await ask("/readyz")).status).toBe(503);
    expect((await ask("/healthz")).status).toBe(200);
  });

  it("counts", async () => {
    const { state, ask, metrics } = machine();
    metrics.exchanged("team-a", 0.06, undefined);
    metrics.exchanged("team-a", 40, "STS_UNREACHABLE");
    metrics.answered("container", 200, 0.0004);
    metrics.answered("container", 503, 3);
    await ask("/role/team-a");
    state.time += 60_000;
    const { body, headers } = await ask("/metrics");
    expect(headers["Content-Type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    for (const line of [
      'gcp2aws_exchanges_total{role="team-a"} 2',
      'gcp2aws_exchange_failures_total{role="team-a",code="STS_UNREACHABLE"} 1',
      'gcp2aws_exchange_duration_seconds_bucket{role="team-a",le="0.05"} 0',
      'gcp2aws_exchange_duration_seconds_bucket{role="team-a",le="0.1"} 1',
      'gcp2aws_exchange_duration_seconds_bucket{role="team-a",le="30"} 1',
      'gcp2aws_exchange_duration_seconds_bucket{role="team-a",le="+Inf"} 2',
      'gcp2aws_exchange_duration_seconds_count{role="team-a"} 2',
      'gcp2aws_credentials_age_seconds{role="team-a"} 60',
      'gcp2aws_credentials_expire_seconds{role="team-a"} 3540',
      'gcp2aws_requests_total{endpoint="container",status="200"} 1',
      'gcp2aws_requests_total{endpoint="container",status="503"} 1',
      'gcp2aws_request_duration_seconds_bucket{endpoint="container",le="0.0005"} 1',
      'gcp2aws_requests_refused_total{check="authorization"} 1',
    ]) {
      expect(body.split("\n")).toContain(line);
    }
    // Each line is one that Prometheus reads.
    for (const line of body.trimEnd().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) gcp2aws_\w+ .+|gcp2aws_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+-]+)$/);
    }
  });

  it("does not let strangers fill the log", async () => {
    const { state, ask } = machine();
    for (let asked = 0; asked < 1_000; asked++) await ask("/role/team-a");
    expect(state.log).toBe("2026-11-23T12:00:00.000Z warn refused check=authorization status=401\n");
    state.time += 60_000;
    await ask("/role/team-a");
    expect(state.log.split("\n")).toHaveLength(3);
  });

  it("logs JSON, or text that stays one line", () => {
    let out = "";
    const write = (line: string) => (out += line);
    createLog("json", () => START, write).write("info", "x", { a: 'b"\n', n: 1, none: undefined });
    createLog("text", () => START, write).write("info", "x", { a: 'b"\n', n: 1, none: undefined, plain: "y" });
    expect(out).toBe(
      '{"time":"2026-11-23T12:00:00.000Z","level":"info","event":"x","a":"b\\"\\n","n":1}\n' +
        '2026-11-23T12:00:00.000Z info x a="b\\"\\n" n=1 plain=y\n',
    );
  });
});

describe("an address to listen on", () => {
  it.each([
    ["127.0.0.1:9922", { host: "127.0.0.1", port: 9922 }, true],
    ["127.8.9.10:0", { host: "127.8.9.10", port: 0 }, true],
    ["[::1]:80", { host: "::1", port: 80 }, true],
    ["0.0.0.0:80", { host: "0.0.0.0", port: 80 }, false],
    ["[::]:80", { host: "::", port: 80 }, false],
    ["10.1.2.3:65535", { host: "10.1.2.3", port: 65_535 }, false],
    ["[::ffff:127.0.0.1]:80", { host: "::ffff:7f00:1", port: 80 }, true],
  ])("%s", (text, address, loopback) => {
    expect(parseListen(text)).toEqual(address);
    expect(isLoopback(address)).toBe(loopback);
  });

  it.each([
    "localhost:80",
    "127.0.0.1",
    ":80",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "256.0.0.1:80",
    "::1:80",
    "[::g]:80",
    "[1]:80",
    "127.1:80",
    "1.2.3.4:80x",
    "",
  ])("not %j", (text) => {
    expect(parseListen(text)).toBeUndefined();
  });
});

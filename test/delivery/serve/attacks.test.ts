// Every check of the server against an attack over a real socket, which succeeds as soon as that check is taken out.
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Held } from "../../../src/credentials.ts";
import { type Check, checks } from "../../../src/delivery/serve/checks.ts";
import { createLog } from "../../../src/delivery/serve/log.ts";
import { createMetrics } from "../../../src/delivery/serve/metrics.ts";
import type { ServedRole } from "../../../src/delivery/serve/role.ts";
import { matcher } from "../../../src/delivery/serve/secret.ts";
import { credentialServer } from "../../../src/delivery/serve/server.ts";
import { type HttpLimits, type HttpServer, listenHttp } from "../../../src/host/http-server.ts";
import { within } from "../../../src/host/timers.ts";

const SECRET = "wJalrXUtnFEMIsecretEXAMPLEKEY";
const TOKEN = "kQh6W0TCHXC3Ff5UHXZuGdyCHYc0tuKkvcCuVQQhV3E";
const OTHER = "p0b7Zb7tWlBbQYVqMmXo7CwT9kB6pO6Y1Qh2Jb0mW5s";
const CREDENTIALS = "/latest/meta-data/iam/security-credentials/team-a";

let server: HttpServer | undefined;
let refused: string[] = [];
afterEach(async () => {
  await server?.close();
  server = undefined;
});

function role(name: string, token: string): ServedRole & { admits: (authorization: string) => boolean } {
  const held: Held = {
    credentials: {
      accessKeyId: "ASIAEXAMPLE",
      secretAccessKey: SECRET,
      sessionToken: "session",
      expiration: new Date(Date.now() + 3_600_000),
      accountId: "111122223333",
    },
    issuedAt: Date.now(),
    expiresAt: Date.now() + 3_600_000,
  };
  const roleArn = `arn:aws:iam::111122223333:role/${name}`;
  return { name, roleArn, ask: () => Promise.resolve(held), held: () => held, admits: matcher(token) };
}

interface Setting {
  without?: Check["name"];
  limits?: Partial<HttpLimits>;
  unsafeV1?: boolean;
  now?: () => number;
}

async function start({ without, limits, unsafeV1 = false, now = Date.now }: Setting): Promise<number> {
  const [one, two] = [role("team-a", TOKEN), role("team-b", OTHER)];
  refused = [];
  server = await listenHttp([{ host: "127.0.0.1", port: 0 }], {
    handle: credentialServer({
      roles: [one, two],
      imds: { role: one, region: "eu-central-1", unsafeV1 },
      metrics: createMetrics(),
      log: createLog("json", now, (line) => refused.push(JSON.parse(line).check)),
      now,
      within,
      checks: checks.filter(({ name }) => name !== without),
    }),
    answered: () => {},
    ...(limits === undefined ? {} : { limits }),
  });
  return Number(new URL(server.urls[0] ?? "").port);
}

interface Ask {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

function ask(
  port: number,
  { path, method = "GET", headers = {}, body }: Ask,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** As a page does whose name has been made to point here: first the session token, then the credentials. */
async function rebind(port: number): Promise<{ status: number; body: string }> {
  const host = `evil.example:${port}`;
  const ttl = { "X-aws-ec2-metadata-token-ttl-seconds": "60" };
  const { body } = await ask(port, { path: "/latest/api/token", method: "PUT", headers: { host, ...ttl } });
  const token = /^[\w.-]+$/.test(body) ? body : "none";
  return ask(port, { path: CREDENTIALS, headers: { host, "X-aws-ec2-metadata-token": token } });
}

const attacks: readonly [
  Check["name"],
  string,
  Setting,
  (port: number) => Promise<{ status: number; body: string }>,
][] = [
  ["host", "DNS rebinding", {}, rebind],
  [
    "browser",
    "a request from another site's page",
    { unsafeV1: true },
    (port) => ask(port, { path: CREDENTIALS, headers: { Origin: "https://evil.example" } }),
  ],
  [
    "browser",
    "an image on another site's page",
    { unsafeV1: true },
    (port) =>
      ask(port, { path: CREDENTIALS, headers: { Referer: "https://evil.example/", "Sec-Fetch-Site": "cross-site" } }),
  ],
  [
    "forwarded",
    "a proxy that takes outsiders anywhere",
    { unsafeV1: true },
    (port) => ask(port, { path: CREDENTIALS, headers: { "X-Forwarded-For": "203.0.113.7" } }),
  ],
  [
    "forwarded",
    "a gateway that says so by the standard",
    { unsafeV1: true },
    (port) => ask(port, { path: CREDENTIALS, headers: { Forwarded: "for=203.0.113.7" } }),
  ],
  [
    "body",
    "another request in the body",
    { unsafeV1: true },
    (port) =>
      ask(port, {
        path: CREDENTIALS,
        headers: { "Content-Length": "40" },
        body: "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r",
      }),
  ],
  ["method", "a form that is posted", { unsafeV1: true }, (port) => ask(port, { path: CREDENTIALS, method: "POST" })],
  ["authorization", "no token", {}, (port) => ask(port, { path: "/role/team-a" })],
  [
    "authorization",
    "a token that begins right",
    {},
    (port) => ask(port, { path: "/role/team-a", headers: { Authorization: TOKEN.slice(0, -1) } }),
  ],
  [
    "authorization",
    "a token with more behind it",
    {},
    (port) => ask(port, { path: "/role/team-a", headers: { Authorization: `${TOKEN}x` } }),
  ],
  [
    "authorization",
    "the token of another role",
    {},
    (port) => ask(port, { path: "/role/team-b", headers: { Authorization: TOKEN } }),
  ],
  ["authorization", "the metadata service without a session", {}, (port) => ask(port, { path: CREDENTIALS })],
  [
    "authorization",
    "a session that was made up",
    {},
    (port) => ask(port, { path: CREDENTIALS, headers: { "X-aws-ec2-metadata-token": `${Date.now() + 60_000}.x.y` } }),
  ],
  [
    "authorization",
    "a wrong session where none is needed",
    { unsafeV1: true },
    (port) => ask(port, { path: CREDENTIALS, headers: { "X-aws-ec2-metadata-token": "x" } }),
  ],
];

describe("an attack that a check stops", () => {
  it.each(attacks)("%s: %s", async (check, _, setting, attack) => {
    const stopped = await attack(await start(setting));
    expect(stopped.body).not.toContain(SECRET);
    expect(stopped.status).toBeGreaterThanOrEqual(400);
    expect(refused).toContain(check);
    await server?.close();

    const open = await attack(await start({ ...setting, without: check }));
    expect(open.status).toBe(200);
    expect(open.body).toContain(SECRET);
  });

  it("there is one for every check", () => {
    expect(new Set(attacks.map(([check]) => check))).toEqual(new Set(checks.map(({ name }) => name)));
  });

  it("a session that is over", async () => {
    let time = Date.now();
    const port = await start({ now: () => time });
    const headers = { "X-aws-ec2-metadata-token-ttl-seconds": "60" };
    const { body: token } = await ask(port, { path: "/latest/api/token", method: "PUT", headers });
    const get = () => ask(port, { path: CREDENTIALS, headers: { "X-aws-ec2-metadata-token": token } });
    expect((await get()).body).toContain(SECRET);
    time += 60_000;
    expect((await get()).status).toBe(401);
  });

  it.each([
    "/role/../role/team-a",
    "/role//team-a",
    "/role/team-a/",
    "/role/team%2da",
    "/role/team-a?x",
    "/ROLE/team-a",
    "/role/team-c",
    "http://127.0.0.1/role/team-a",
    "/latest/dynamic/instance-identity/document",
  ])("another way to write a path: %s", async (path) => {
    const port = await start({});
    const answer = await ask(port, { path, headers: { Authorization: TOKEN } });
    expect(answer).toMatchObject({ status: 404 });
  });

  it.each(["127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST:80", "[::1]", "[::1]:9922", "10.0.0.7:9922"])(
    "and none: the Host %s",
    async (host) => {
      const port = await start({});
      expect((await ask(port, { path: "/role/team-a", headers: { host, Authorization: TOKEN } })).status).toBe(200);
    },
  );

  it("a request without a Host", async () => {
    const port = await start({});
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(`GET /role/team-a HTTP/1.0\r\nAuthorization: ${TOKEN}\r\n\r\n`);
      });
      socket.on("data", (chunk: Buffer) => (text += chunk.toString())).on("close", () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).not.toContain(SECRET);
  });

  it.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "a@127.0.0.1",
    "127.0.0.1:80:90",
    "0x7f000001",
  ])("a Host that DNS could answer for, or nobody: %j", async (host) => {
    const port = await start({});
    const { status } = await ask(port, { path: "/role/team-a", headers: { host, Authorization: TOKEN } });
    expect([400, 403]).toContain(status);
  });
});

/** Sends, again and again, and says how it ended within `ms`. */
function drip(port: number, first: string, more: string, ms: number): Promise<"cut" | "open"> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(first));
    const timer = setInterval(() => socket.write(more), 20);
    const end = (how: "cut" | "open") => {
      clearInterval(timer);
      clearTimeout(limit);
      socket.destroy();
      resolve(how);
    };
    const limit = setTimeout(() => end("open"), ms);
    socket.on("error", () => {}).on("close", () => end("cut"));
    socket.resume();
  });
}

describe("a limit", () => {
  const head = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n";

  it.each([
    ["a head that never ends", head, "X: y\r\n"],
    ["a connection that says nothing", "", ""],
  ])("cuts %s, which else stays", async (_, first, more) => {
    const strict = await start({ limits: { requestMs: 100, idleMs: 100 } });
    expect(await drip(strict, first, more, 5_000)).toBe("cut");
    await server?.close();
    const lax = await start({ limits: { requestMs: 60_000, idleMs: 60_000 } });
    expect(await drip(lax, first, more, 600)).toBe("open");
  });

  it("closes after a request with a body, read or not", async () => {
    const port = await start({ limits: { requestMs: 1_000, idleMs: 1_000 } });
    expect(await drip(port, `${head}Content-Length: 100000\r\n\r\n`, "x", 5_000)).toBe("cut");
  });

  it("refuses a head that is too large", async () => {
    const headers = { X: "y".repeat(2_000) };
    const strict = await start({ limits: { headerBytes: 1_024 } });
    expect((await ask(strict, { path: "/healthz", headers })).status).toBe(431);
    await server?.close();
    const lax = await start({ limits: { headerBytes: 8_192 } });
    expect((await ask(lax, { path: "/healthz", headers })).status).toBe(200);
  });

  it("takes so many connections and no more", async () => {
    const open = async (connections: number) => {
      const port = await start({ limits: { connections } });
      const sockets = Array.from({ length: 6 }, () => connect(port, "127.0.0.1"));
      // Who is taken stays open after the answer; who is not gets none.
      const answered = await Promise.all(
        sockets.map(
          (socket) =>
            new Promise<boolean>((resolve) => {
              socket.on("error", () => {}).on("close", () => resolve(false));
              socket.once("data", () => resolve(true)).write(`${head}\r\n`);
            }),
        ),
      );
      for (const socket of sockets) socket.destroy();
      return answered.filter(Boolean).length;
    };
    expect(await open(4)).toBe(4);
    await server?.close();
    expect(await open(512)).toBe(6);
  });

  it("ends a connection that asks for another protocol", async () => {
    const port = await start({});
    const upgrade = `${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(await drip(port, upgrade, "", 3_000)).toBe("cut");
    expect(await drip(port, "CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "", 3_000)).toBe("cut");
  });
});

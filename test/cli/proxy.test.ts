// STS through a real proxy, under its real name: tinyproxy hands each tunnel on to a proxy of ours, which leads the AWS name
// to the emulator behind TLS.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, request as httpRequest, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "./certificates.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { credentialProcessEntries, entries, FLAGS, run } from "./run.ts";

const STS = "sts.us-east-1.amazonaws.com";
const IAM_CREDENTIALS = "iamcredentials.googleapis.com";
const PASSWORD = "passwordOfTheProxy42";
const installed = spawnSync("tinyproxy", ["-v"]).status === 0;
if (!installed) {
  const reason = "tinyproxy is not installed; for its tests: apt-get install tinyproxy";
  if (process.env["CI"] === "true") throw new Error(reason);
  console.warn(`skipped: ${reason}`);
}

const authority = createAuthority();
let cloud: Cloud;
let tls: Server;
let googleTls: Server;
let upstream: Server;
let tinyproxy: ChildProcess;
let proxyPort: number;
/** What the second proxy was asked to reach. */
let tunnels: string[];

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const listening = (server: Server) =>
  new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve(portOf(server))));

/** Ends TLS in front of an emulated service; the name that was asked for stays in the header Host, which signatures cover. */
function startTls(name: string, service: string): Server {
  return createTlsServer(authority.certify(name), (request, response) => {
    const { method, url, headers } = request;
    const onward = httpRequest(service, { method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
}

function startUpstream(): Server {
  const server = createHttpServer((_, response) => response.writeHead(400).end());
  server.on("connect", (request: { url?: string }, socket: Socket) => {
    tunnels.push(request.url ?? "");
    const service = { [`${STS}:443`]: tls, [`${IAM_CREDENTIALS}:443`]: googleTls }[request.url ?? ""];
    if (service === undefined) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const inner = connect(portOf(service), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(inner).pipe(socket);
    });
    for (const side of [socket, inner]) side.on("error", () => side.destroy());
  });
  return server;
}

async function startTinyproxy(): Promise<void> {
  const probe = createHttpServer();
  proxyPort = await listening(probe);
  await new Promise((closed) => probe.close(closed));
  const file = join(mkdtempSync(join(tmpdir(), "gcp2aws-proxy-")), "tinyproxy.conf");
  const lines = [
    `Port ${proxyPort}`,
    "Listen 127.0.0.1",
    "Timeout 60",
    `BasicAuth user ${PASSWORD}`,
    `Upstream http 127.0.0.1:${portOf(upstream)}`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  tinyproxy = spawn("tinyproxy", ["-d", "-c", file], { stdio: "ignore" });
  const isUp = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(proxyPort, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
    });
  const giveUp = Date.now() + 10_000;
  while (!(await isUp())) {
    if (Date.now() > giveUp) throw new Error("tinyproxy does not listen");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

beforeAll(async () => {
  if (!installed) return;
  cloud = await startCloud();
  tls = startTls(STS, cloud.emulator.awsUrl);
  googleTls = startTls(IAM_CREDENTIALS, cloud.emulator.issuerUrl);
  upstream = startUpstream();
  await listening(tls);
  await listening(googleTls);
  await listening(upstream);
  await startTinyproxy();
});
afterAll(async () => {
  if (!installed) return;
  tinyproxy.kill();
  for (const server of [tls, googleTls, upstream]) {
    server.closeAllConnections();
    server.close();
  }
  await cloud.close();
});

const withPassword = () => `http://user:${encodeURIComponent(PASSWORD)}@127.0.0.1:${proxyPort}`;

async function story(entry: (typeof entries)[number], env: Record<string, string>, command: readonly string[] = FLAGS) {
  tunnels = [];
  const result = await run(entry, [...command, "--region", "us-east-1", "--timeout", "6"], {
    env: { ...cloud.env, AWS_ENDPOINT_URL_STS: "", SSL_CERT_FILE: authority.ca, ...env },
    secrets: cloud.secrets,
  });
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), "dXNlcj"]) expect(result.stderr).not.toContain(secret);
  return result;
}

describe.skipIf(!installed).each(credentialProcessEntries)("through a proxy, $name", (entry) => {
  it.each(["HTTPS_PROXY", "https_proxy"])("reaches STS by %s, and the metadata server directly", async (name) => {
    const { status, stdout, stderr } = await story(entry, { [name]: withPassword(), HTTP_PROXY: "http://127.0.0.1:1" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1 });
    expect(tunnels).toEqual([`${STS}:443`]);
  });

  it("reaches Google's APIs too, which believe no bundle that is for AWS alone", async () => {
    const [team, other] = ["team-a", "team-b"].map((name) => `${name}@example-project.iam.gserviceaccount.com`);
    const flags = ["--impersonate-service-account", team ?? "", "--service-account", other ?? ""];
    const env = { HTTPS_PROXY: withPassword(), CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: "" };
    const { status, stderr } = await story(entry, env, [...FLAGS, ...flags]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(tunnels).toEqual([`${IAM_CREDENTIALS}:443`, `${STS}:443`]);

    const forAws = { ...env, SSL_CERT_FILE: "", AWS_CA_BUNDLE: authority.ca };
    const refused = await story(entry, forAws, [...FLAGS, ...flags]);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain("its certificate was not accepted");
  });

  it("says that the proxy asks for a password", async () => {
    const { status, stderr } = await story(entry, { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` });
    expect(status).toBe(5);
    expect(stderr).toMatch(/proxy status 40[17]/);
    expect(stderr).toContain(`through the proxy http://127.0.0.1:${proxyPort}`);
    expect(stderr).toContain("user name and password in HTTPS_PROXY");
    expect(tunnels).toEqual([]);
  });

  it("does not believe another authority behind the proxy", async () => {
    const { status, stderr } = await story(entry, { HTTPS_PROXY: withPassword(), SSL_CERT_FILE: createAuthority().ca });
    expect(status).toBe(5);
    expect(stderr).toContain("[STS_TLS]");
  });

  it("says that nobody listens at the proxy's address", async () => {
    const { status, stderr } = await story(entry, { HTTPS_PROXY: "http://user:secret-of-mine@127.0.0.1:1" });
    expect(status).toBe(5);
    expect(stderr).toContain("connection refused");
    expect(stderr).toContain("through the proxy http://127.0.0.1:1");
    expect(stderr).not.toContain("secret-of-mine");
  });

  it.each(["socks5://127.0.0.1:1080", "http://a:b%zz@proxy", "http://proxy/path"])(
    "refuses %s, without repeating it",
    async (proxy) => {
      const { status, stderr } = await story(entry, { HTTPS_PROXY: proxy });
      expect(status).toBe(2);
      expect(stderr).toContain("HTTPS_PROXY: must be the http or https URL of a proxy");
      expect(stderr).not.toContain(proxy);
    },
  );

  it("goes around the proxy to what NO_PROXY names", async () => {
    // Nothing answers there directly: the name is no real one.
    const env = { HTTPS_PROXY: withPassword(), NO_PROXY: "example.com, .invalid" };
    const endpoint = ["--sts-endpoint", "https://sts.invalid"];
    const { status, stderr } = await story(entry, env, [...FLAGS, ...endpoint]);
    expect(status).toBe(5);
    expect(stderr).not.toContain("through the proxy");
    expect(tunnels).toEqual([]);
  });
});

describe.skipIf(!installed).each(entries)("through a proxy over TLS, $name", (entry) => {
  let secure: Server;
  let name: string;
  let seen: (string | undefined)[];
  const start = async (subject: string) => {
    seen = [];
    secure = createTlsServer(authority.certify(subject), (_, response) => response.writeHead(400).end());
    secure.on("connect", (request: { headers: Record<string, string> }, socket: Socket) => {
      seen.push(request.headers["proxy-authorization"]);
      const inner = connect(portOf(tls), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(inner).pipe(socket);
      });
      for (const side of [socket, inner]) side.on("error", () => side.destroy());
    });
    await listening(secure);
    name = `https://user:${PASSWORD}@localhost:${portOf(secure)}`;
  };
  afterEach(() => {
    secure.closeAllConnections();
    secure.close();
  });

  it("believes a certificate for the proxy's own name", async () => {
    await start("localhost");
    const { status, stderr } = await story(entry, { HTTPS_PROXY: name });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(seen).toEqual([`Basic ${btoa(`user:${PASSWORD}`)}`]);
  });

  it("shows its password to nobody whose certificate is for another name, STS's included", async () => {
    await start(STS);
    const { status, stderr } = await story(entry, { HTTPS_PROXY: name });
    expect(status).toBe(5);
    expect(stderr).toContain("[STS_TLS]");
    expect(seen).toEqual([]);
  });
});

describe.skipIf(!installed).each(entries)("whoami through a proxy, $name", (entry) => {
  it("asks STS twice, by the same way", async () => {
    const { status, stdout, stderr } = await story(entry, { HTTPS_PROXY: withPassword() }, [
      "whoami",
      ...FLAGS.slice(1),
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("assumed-role/RoleForAccessFromGCPTeamA");
    expect(tunnels).toEqual([`${STS}:443`, `${STS}:443`]);
  });
});

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, ListenOptions, Socket } from "node:net";
import { Gcp2awsError, printable } from "../errors.ts";
import { bun } from "./bun.ts";

/** A request, as far as a local server looks at it. */
export interface LocalRequest {
  method: string;
  /** Path and query as they were sent. */
  target: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Reply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface HttpServerOptions {
  handle: (request: LocalRequest) => Promise<{ reply: Reply; label: string }>;
  /** After each answer, for the metrics. */
  answered: (label: string, status: number, seconds: number) => void;
  limits?: Partial<HttpLimits>;
}

/** Against clients that send much or slowly, or open connections and say nothing (slow loris). Milliseconds and bytes. */
export interface HttpLimits {
  connections: number;
  headerBytes: number;
  /** Until a request is there as a whole. */
  requestMs: number;
  /** Between two requests on one connection. */
  idleMs: number;
}

/** A machine full of processes that start together has a thousand connections at once; each takes some 10 kB. */
const LIMITS: HttpLimits = { connections: 2_048, headerBytes: 8 * 1024, requestMs: 5_000, idleMs: 10_000 };
/** How long those who are being answered have when the server is closed. */
const DRAIN_MS = 5_000;

export interface HttpServer {
  /** `http://HOST:PORT`, one for each address. */
  urls: string[];
  /** Takes no new requests, answers those that are there, and ends. */
  close: () => Promise<void>;
}

export type Address = { host: string; port: number } | { descriptor: number };

/**
 * Listens on all of the addresses. Bodies are not read: a request that has one is answered and its connection closed.
 * @throws Gcp2awsError LOCAL_PORT
 */
export async function listenHttp(addresses: readonly Address[], options: HttpServerOptions): Promise<HttpServer> {
  const servers: LocalServer[] = [];
  const close = async () => {
    await Promise.all(servers.map(({ drain }) => drain()));
  };
  const urls: string[] = [];
  try {
    for (const address of addresses) {
      const local = serverFor(options);
      await start(local.server, address);
      servers.push(local);
      urls.push(urlOf(local.server));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { urls, close };
}

interface LocalServer {
  server: Server;
  drain: () => Promise<void>;
}

function serverFor({ handle, answered, limits }: HttpServerOptions): LocalServer {
  let isEnding = false;
  const { connections, headerBytes, requestMs, idleMs } = { ...LIMITS, ...limits };
  const server = createServer(
    {
      maxHeaderSize: headerBytes,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: Math.min(1_000, requestMs),
    },
    (request, response) => {
      const started = performance.now();
      const { method = "", url: target = "", headers } = request;
      handle({ method, target, headers })
        .then(({ reply, label }) => {
          respond(request, response, reply, isEnding);
          answered(label, reply.status, (performance.now() - started) / 1000);
        })
        .catch(() => request.socket.destroy());
    },
  );
  // Not by maxConnections, of which Bun takes no notice.
  let open = 0;
  server.on("connection", (socket: Socket) => {
    socket.once("close", () => (open -= 1));
    if ((open += 1) > connections) socket.destroy();
    // A first byte, too, has its time; once there are some, the timeouts above count.
    else socket.setTimeout(Math.max(requestMs, idleMs), () => socket.destroy());
  });
  server.on("upgrade", (_request, socket: Socket) => socket.destroy());
  server.on("connect", (_request, socket: Socket) => socket.destroy());
  const drain = (): Promise<void> => {
    isEnding = true;
    return drained(server);
  };
  return { server, drain };
}

function respond(request: IncomingMessage, response: ServerResponse, reply: Reply, isLast: boolean): void {
  const { headers } = request;
  const { status, body } = reply;
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  const all = { ...reply.headers, "Content-Length": Buffer.byteLength(body) };
  response.writeHead(status, hasBody || isLast ? { ...all, Connection: "close" } : all);
  response.end(body);
}

function start(server: Server, address: Address): Promise<void> {
  // Bun would take no notice, and listen on a port of its own, for everybody.
  if ("descriptor" in address && bun !== undefined) return Promise.reject(refused(address, new Error("not under Bun")));
  const options: ListenOptions & { fd?: number } =
    "descriptor" in address
      ? { fd: address.descriptor }
      : { host: address.host, port: address.port, ipv6Only: true, backlog: LIMITS.connections };
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(refused(address, error)));
    server.listen(options, () => resolve());
  });
}

function refused(address: Address, error: Error): Gcp2awsError {
  if ("descriptor" in address) {
    return new Gcp2awsError(
      "LOCAL_PORT",
      `not listening on the socket that systemd opened: ${printable(error.message)}`,
      {
        hint: "the npm package can, the standalone executable cannot; or start it without a socket unit",
      },
    );
  }
  const where = `${address.host}:${address.port}`;
  const code = "code" in error && typeof error.code === "string" ? error.code : "unknown";
  return new Gcp2awsError("LOCAL_PORT", `not listening on ${printable(where)}: ${code}`, {
    hint:
      code === "EADDRINUSE"
        ? "another program has that port; choose another, with --listen IP:PORT of serve"
        : "choose an address and port of this machine with --listen IP:PORT; ports below 1024 are root's",
  });
}

function urlOf(server: Server): string {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

async function drained(server: Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(late);
}

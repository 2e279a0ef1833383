import { request as httpRequest } from "node:http";
import type { TLSSocket } from "node:tls";
import { type HttpRequest, type HttpResponse, MAX_BODY_BYTES } from "../host.ts";
import { connectionError, toConnectionError } from "./connection-error.ts";

/**
 * {@link Host.request} by node:http and node:https, which start faster under Node than its fetch.
 * No agent is used: the global one takes proxies from the environment when NODE_USE_ENV_PROXY is set.
 */
export async function request(what: HttpRequest): Promise<HttpResponse> {
  const { method, url, headers, body, proxy, ca } = what;
  const giveUp = performance.now() + what.timeoutMs;
  const send = url.startsWith("https:") ? (await import("node:https")).request : httpRequest;
  // A connection made ahead believes the runtime's own authorities.
  const socket = proxy === undefined && ca === undefined ? takeSpare(new URL(url)) : await tunnelTo(what);
  // Without an agent, Node takes 443 for an unusual port and puts it into the header Host, which signatures cover.
  const connection =
    socket === undefined
      ? { agent: false, ...(ca === undefined ? {} : { ca }) }
      : { createConnection: () => socket, defaultPort: 443 };
  const timeoutMs = giveUp - performance.now();
  const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };

  return new Promise<HttpResponse>((resolve, reject) => {
    const outgoing = send(url, { method, headers: { ...headers, ...length }, ...connection }, (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
        chunks.push(chunk);
        if (bytes > MAX_BODY_BYTES) outgoing.destroy(connectionError("too-large"));
      });
      incoming.on("error", fail);
      incoming.on("end", () => {
        clearTimeout(timer);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(incoming.headers).map(([name, value]) => [
              name,
              Array.isArray(value) ? value.join(", ") : value,
            ]),
          ),
          body: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    const timer = setTimeout(() => outgoing.destroy(connectionError("timeout")), Math.max(1, timeoutMs));
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(toConnectionError(error));
    };
    outgoing.on("error", fail);
    // Nobody asked for another protocol; without this, the answer would be waited for in vain. The socket is no longer
    // the request's: an error given to it would have no listener and end the process.
    outgoing.on("upgrade", (_, other) => {
      other.destroy();
      fail(connectionError("reset", "EPROTO"));
    });
    outgoing.end(body);
  });
}

async function tunnelTo({ url, proxy, ca, timeoutMs }: HttpRequest): Promise<TLSSocket | undefined> {
  if (proxy === undefined) return undefined;
  const { tunnel } = await import("./tunnel.ts");
  try {
    return await tunnel(new URL(url), proxy, ca, AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))));
  } catch (error) {
    throw toConnectionError(error);
  }
}

/** Connections that nobody has used yet, by origin. */
const spares = new Map<string, TLSSocket>();

/** {@link Host.preconnect}, where a connection takes more than one round trip. */
export async function preconnect(url: string): Promise<void> {
  const { protocol, origin, hostname, port } = new URL(url);
  if (protocol !== "https:") return;
  const { connect } = await import("node:tls");
  const { isIP } = await import("node:net");
  const host = hostname.replace(/^\[|\]$/g, "");
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = connect({ host, port: port === "" ? 443 : Number(port), ALPNProtocols: ["http/1.1"], ...name });
  // What is wrong with it is found again, and said, by the request.
  socket.on("error", () => spares.delete(origin)).on("close", () => spares.delete(origin));
  // Unused, it keeps nobody from ending.
  spares.set(origin, socket.unref());
}

function takeSpare({ origin }: URL): TLSSocket | undefined {
  const socket = spares.get(origin);
  spares.delete(origin);
  return socket?.destroyed === false ? socket.ref() : undefined;
}

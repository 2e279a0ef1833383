import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, EmulatorResponse, Handler } from "./http.ts";

const BODY_LIMIT_BYTES = 64 * 1024;

/** Thrown by a handler that wants its connection destroyed without an answer. */
export class DroppedConnection extends Error {
  override name = "DroppedConnection";
}

export interface Listener {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  url: string;
  port: number;
  /** Stops listening and ends open connections at once, answered or not. */
  close: () => Promise<void>;
}

/**
 * Puts a handler on a loopback socket.
 *
 * A body over 64 KiB is answered 413, an error in the handler 500 without details. `Date` comes from the given clock, so
 * that a server whose clock is off shows it as a real one would.
 *
 * @param options.port 0 for any free port
 * @throws the socket's error, such as EADDRINUSE
 */
export async function listen(handler: Handler, { port, clock }: { port: number; clock: Clock }): Promise<Listener> {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await answer(handler, request);
    response.statusCode = status;
    response.setHeader("Date", new Date(clock()).toUTCString());
    response.setHeader("Content-Length", Buffer.byteLength(body));
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end(body);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");

  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

async function answer(handler: Handler, request: IncomingMessage): Promise<EmulatorResponse> {
  const body = await readBody(request);
  if (body === undefined) return { ...plain(413, "Request body too large"), headers: { Connection: "close" } };
  const [path = "/", ...query] = (request.url ?? "/").split("?");
  try {
    return await handler({
      method: request.method ?? "GET",
      path,
      query: query.join("?"),
      headers: joinHeaders(request.headersDistinct),
      body,
      remoteAddress: request.socket.remoteAddress ?? "127.0.0.1",
    });
  } catch (error) {
    if (error instanceof DroppedConnection) throw error;
    return plain(500, "The emulator failed to answer this request");
  }
}

function plain(status: number, body: string): EmulatorResponse {
  return { status, headers: { "Content-Type": "text/plain" }, body };
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early must not destroy the socket: it still has to carry the refusal.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: Uint8Array = chunk;
    size += bytes.length;
    if (size > BODY_LIMIT_BYTES) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function joinHeaders(headers: IncomingMessage["headersDistinct"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, (values ?? []).join(", ")]));
}

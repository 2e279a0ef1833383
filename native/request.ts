import { connect } from "node:tls";
import { type ConnectionError, type HttpRequest, type HttpResponse, MAX_BODY_BYTES } from "../src/host.ts";
import { connectionError, kindOf } from "../src/host/connection-error.ts";
import { obstacleTo } from "./posix.ts";

/** Host.request by the compiler's fetch; posix.c keeps it from taking proxies from the environment. */
export async function request(wanted: HttpRequest): Promise<HttpResponse> {
  const timeoutMs = Math.max(1, Math.ceil(wanted.timeoutMs));
  const headers: Record<string, string> = { "Accept-Encoding": "identity" };
  for (const [name, value] of Object.entries(wanted.headers)) headers[name] = value;
  let response: Response;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const { method, url, body } = wanted;
    response =
      body === undefined
        ? await fetch(url, { method, headers, redirect: "manual", signal })
        : await fetch(url, { method, headers, redirect: "manual", signal, body });
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") throw connectionError("timeout");
    throw await reasonFor(wanted.url, Math.min(timeoutMs, 2_000));
  }
  return {
    status: response.status,
    headers: headersOf(response),
    body: await bodyOf(response),
  };
}

function headersOf(response: Response): Record<string, string> {
  const headers: Record<string, string> = {};
  response.headers.forEach((value, name) => {
    headers[name] = value;
  });
  return headers;
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body = response.body;
  if (body === null) return "";
  const reader = body.getReader();
  try {
    for (;;) {
      const part = await reader.read();
      if (part.done || part.value === undefined) break;
      const chunk: Uint8Array = part.value;
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw connectionError(error instanceof Error && error.name === "TimeoutError" ? "timeout" : "reset");
  }
  if (bytes > MAX_BODY_BYTES) {
    await reader.cancel();
    throw connectionError("too-large");
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** fetch says only that it failed; what is in the way is found by trying the steps of a connection by themselves. */
async function reasonFor(url: string, timeoutMs: number): Promise<ConnectionError> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, "");
  const secure = target.protocol === "https:";
  const number = target.port === "" ? (secure ? 443 : 80) : Number(target.port);
  const obstacle = obstacleTo(host, number, timeoutMs);
  if (obstacle !== undefined) return connectionError(kindOf(obstacle), obstacle);
  return connectionError(secure && (await refusesTls(host, number, timeoutMs)) ? "tls" : "reset");
}

function refusesTls(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    const socket = connect({ host, port, servername: host }, () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(false);
    });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(false);
    }, timeoutMs);
    socket.on("error", (error: Error) => {
      clearTimeout(timer);
      resolve(/TLS|certificate|handshake/i.test(error.message));
    });
  });
}

import { type HttpRequest, type HttpResponse, MAX_BODY_BYTES, type Proxy } from "../host.ts";
import { connectionError, toConnectionError } from "./connection-error.ts";

/** Bun's fetch takes a proxy from the environment unless told not to, for every address. */
interface BunRequestInit extends RequestInit {
  proxy: false | { url: string; headers: Record<string, string> };
  tls?: { ca: string };
  keepalive?: boolean;
}

interface BunFetch {
  preconnect: (url: string) => void;
}

/** {@link Host.preconnect}, where a connection takes more than one round trip. */
export function preconnect(url: string): void {
  const bunFetch: typeof fetch & Partial<BunFetch> = fetch;
  if (url.startsWith("https:")) bunFetch.preconnect?.(url);
}

/** {@link Host.request} by the fetch of Bun, which starts twice as fast there as its node:http. */
export async function request({
  method,
  url,
  headers,
  body,
  timeoutMs,
  proxy,
  ca,
}: HttpRequest): Promise<HttpResponse> {
  const init: BunRequestInit = {
    method,
    headers: { ...headers, "Accept-Encoding": "identity" },
    redirect: "manual",
    signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))),
    proxy: proxy === undefined ? false : { url: proxy.origin, headers: proxyHeaders(proxy) },
  };
  // A connection made by other rules must not be taken for this request, nor this one's for another.
  if (ca !== undefined) Object.assign(init, { tls: { ca }, keepalive: false });
  if (body !== undefined) init.body = body;
  try {
    const response = await fetch(url, init);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) throw connectionError("too-large");
      chunks.push(chunk);
    }
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.concat(chunks).toString("utf8"),
    };
  } catch (error) {
    throw toConnectionError(error);
  }
}

function proxyHeaders({ authorization }: Proxy): Record<string, string> {
  return authorization === undefined ? {} : { "Proxy-Authorization": authorization };
}

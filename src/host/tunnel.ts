import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { Proxy } from "../host.ts";
import { connectionError, proxyRefusal } from "./connection-error.ts";

/**
 * A TLS connection to the host of `url` through a proxy (RFC 9110, section 9.3.6): the proxy sees the name and port, nothing else.
 * @param ca for the host; in place of the runtime's own authorities where given
 * @throws ConnectionError
 */
export function tunnel(url: URL, proxy: Proxy, ca: string | undefined, signal: AbortSignal): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const authority = `${url.hostname}:${url.port === "" ? "443" : url.port}`;
  const send = proxy.origin.startsWith("https:") ? httpsRequest : httpRequest;
  const headers = {
    Host: authority,
    ...(proxy.authorization === undefined ? {} : { "Proxy-Authorization": proxy.authorization }),
  };
  // Node would take the name for the proxy's certificate from the header Host.
  const proxyHost = new URL(proxy.origin).hostname.replace(/^\[|\]$/g, "");
  const trust = { ...(isIP(proxyHost) === 0 ? { servername: proxyHost } : {}), ...(ca === undefined ? {} : { ca }) };
  return new Promise((resolve, reject) => {
    send(proxy.origin, { method: "CONNECT", path: authority, headers, agent: false, signal, ...trust })
      // Only of an answer to CONNECT, whatever its status.
      .on("connect", ({ statusCode = 0 }, socket, head) => {
        if (statusCode < 200 || statusCode > 299) {
          socket.destroy();
          reject(proxyRefusal(statusCode));
          return;
        }
        if (head.length > 0) socket.unshift(head);
        const name = isIP(host) === 0 ? { servername: host } : { host };
        const secure = connect({ socket, ALPNProtocols: ["http/1.1"], ...name, ...(ca === undefined ? {} : { ca }) });
        const giveUp = () => secure.destroy(connectionError("timeout"));
        signal.addEventListener("abort", giveUp);
        secure.once("error", reject).once("secureConnect", () => {
          signal.removeEventListener("abort", giveUp);
          resolve(secure.off("error", reject));
        });
      })
      .on("error", reject)
      .end();
  });
}

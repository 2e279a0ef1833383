import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ConnectionError, type HttpRequest, type HttpResponse } from "../src/host.ts";
import { connectionError, kindOf } from "../src/host/connection-error.ts";
import { formatRequest, ResponseReader } from "./http.ts";
import { becomeFullProgram } from "./posix.ts";

/** A connection, from the moment it is asked for; what happens to it before a request takes it is remembered. */
class Connection {
  private readonly socket: Socket;
  private open = false;
  private ended = false;
  private failure: ConnectionError | undefined;
  private onOpen: () => void = () => {};
  private onFailure: (error: ConnectionError) => void = () => {};
  private onEnd: () => void = () => {};
  private onData: (bytes: Uint8Array) => void = () => {};

  constructor(url: URL) {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const secure = url.protocol === "https:";
    const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
    const opened = () => {
      this.open = true;
      this.onOpen();
    };
    this.socket = secure
      ? connectTls({ host, port, servername: host.replace(/\.$/, "") }, opened)
      : connectTcp({ host, port }, opened);
    this.socket.on("data", (bytes: Buffer) => this.onData(bytes));
    this.socket.on("end", () => {
      this.ended = true;
      this.onEnd();
    });
    this.socket.on("error", (error: NodeJS.ErrnoException) => this.fail(secure ? refusal(error) : plain(error)));
    this.socket.on("close", () => this.fail(connectionError("reset", "ECONNRESET")));
  }

  /** Whether a request may still go out on it. */
  get usable(): boolean {
    return this.failure === undefined && !this.ended;
  }

  exchange(wanted: HttpRequest): Promise<HttpResponse> {
    return new Promise<HttpResponse>((resolve, reject) => {
      const reader = new ResponseReader();
      const settle = (error: ConnectionError | undefined, response: HttpResponse | undefined) => {
        clearTimeout(timer);
        this.onFailure = () => {};
        this.onEnd = () => {};
        this.onData = () => {};
        this.socket.destroy();
        if (error !== undefined) reject(error);
        else if (response !== undefined) resolve(response);
      };
      /** Hands over what the reader makes of the bytes. */
      const read = (step: () => HttpResponse | undefined) => {
        try {
          const response = step();
          if (response !== undefined) settle(undefined, response);
        } catch (error) {
          settle(error instanceof ConnectionError ? error : connectionError("reset"), undefined);
        }
      };
      const timer = setTimeout(() => settle(connectionError("timeout"), undefined), Math.max(1, wanted.timeoutMs));
      this.onFailure = (error) => settle(error, undefined);
      this.onEnd = () => read(() => reader.end());
      this.onData = (bytes) => read(() => reader.push(bytes));
      this.onOpen = () => {
        this.socket.write(formatRequest(wanted));
      };
      if (this.open) this.onOpen();
    });
  }

  private fail(error: ConnectionError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.onFailure(error);
  }
}

/** By origin; each for one request. */
const ahead = new Map<string, Connection>();

/** {@link Host.request} */
export async function request(wanted: HttpRequest): Promise<HttpResponse> {
  const url = new URL(wanted.url);
  handOverAddress(url);
  const waiting = ahead.get(url.origin);
  ahead.delete(url.origin);
  const connection = waiting !== undefined && waiting.usable ? waiting : new Connection(url);
  return connection.exchange(wanted);
}

/** {@link Host.preconnect}, where a connection takes more than one round trip. */
export function preconnect(text: string): void {
  const url = new URL(text);
  if (url.protocol === "https:" && !isAddress(url)) ahead.set(url.origin, new Connection(url));
}

/** The compiler's TLS compares no certificate with an IP address: it would refuse each, and not say why. */
function handOverAddress(url: URL): void {
  if (!isAddress(url)) return;
  becomeFullProgram();
  throw connectionError(
    "tls",
    "the native helper checks no certificate of an IP address, and there is no gcp2aws beside it that does; give a name",
  );
}

function isAddress(url: URL): boolean {
  return url.protocol === "https:" && (url.hostname.startsWith("[") || /^[0-9.]+$/.test(url.hostname));
}

function plain(error: NodeJS.ErrnoException): ConnectionError {
  const code = error.code;
  return code === undefined ? connectionError("reset") : connectionError(kindOf(code), code);
}

/** What TLS refuses has a text and no code: the codes are Node's for the same. */
function refusal(error: NodeJS.ErrnoException): ConnectionError {
  if (error.code !== undefined) return plain(error);
  const message = error.message;
  if (message.includes("altnames")) return connectionError("tls", "ERR_TLS_CERT_ALTNAME_INVALID");
  if (message.includes("expired")) return connectionError("tls", "CERT_HAS_EXPIRED");
  if (message.includes("in certificate chain")) return connectionError("tls", "SELF_SIGNED_CERT_IN_CHAIN");
  if (message.includes("self-signed")) return connectionError("tls", "DEPTH_ZERO_SELF_SIGNED_CERT");
  if (message.includes("first certificate")) return connectionError("tls", "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  return connectionError("tls", "EPROTO");
}

// HTTP/1.1 as far as one request on one connection needs it. The compiler's fetch is not used: it takes proxies from the
// environment, follows malformed framing, may never settle, and does not say what went wrong.
import { type HttpRequest, type HttpResponse, MAX_BODY_BYTES } from "../src/host.ts";
import { connectionError, MALFORMED } from "../src/host/connection-error.ts";

/** Bytes of a response's head, and of any one line: what Node allows. */
const MAX_HEAD_BYTES = 16 * 1024;

const LF = 10;

const STATUS_LINE = /^HTTP\/(?:0\.9|1\.0|1\.1|2\.0) ([0-9]{3})(?: .*)?$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/;
/** Control characters, of which only the tab may stand in a header. */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;

/** Headers of which Node keeps the first; the values of all others are joined. */
const ONCE: ReadonlySet<string> = new Set(["content-type", "location", "retry-after", "server"]);

/** The request as bytes on the wire, in Node's order. */
export function formatRequest({ method, url, headers, body }: HttpRequest): string {
  const target = new URL(url);
  const lines = [`${method} ${target.pathname}${target.search} HTTP/1.1`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  lines.push(`Host: ${target.host}`, "Connection: close", "", body ?? "");
  return lines.join("\r\n");
}

/** `close` and below: the body; `chunk` and below: what stands between its parts. */
type State = "status" | "headers" | "length" | "close" | "chunk" | "chunk data" | "chunk end" | "trailers" | "done";

/** Puts one response together from its bytes, and takes no framing that two readers could understand in two ways. */
export class ResponseReader {
  private state: State = "status";
  private line: Uint8Array[] = [];
  private lineBytes = 0;
  private headBytes = 0;
  private status = 0;
  private headers = new Map<string, string>();
  private parts: Uint8Array[] = [];
  private bodyBytes = 0;
  /** Bytes that the body, or this chunk of it, still has. */
  private left = 0;

  /**
   * @returns the response once it is whole
   * @throws ConnectionError
   */
  push(bytes: Uint8Array): HttpResponse | undefined {
    for (let at = 0; at < bytes.length;) {
      switch (this.state) {
        case "done":
          throw connectionError("reset", MALFORMED);
        case "close":
          this.keep(bytes.subarray(at));
          at = bytes.length;
          break;
        case "length":
        case "chunk data": {
          const end = Math.min(bytes.length, at + this.left);
          this.keep(bytes.subarray(at, end));
          this.left -= end - at;
          at = end;
          if (this.left === 0) this.state = this.state === "length" ? "done" : "chunk end";
          break;
        }
        default: {
          let end = at;
          while (end < bytes.length && bytes[end] !== LF) end++;
          const stop = Math.min(bytes.length, end + 1);
          this.line.push(bytes.slice(at, stop));
          this.lineBytes += stop - at;
          at = stop;
          if (this.lineBytes > MAX_HEAD_BYTES) throw connectionError("reset", MALFORMED);
          if (end < stop) this.readLine(this.takeLine());
        }
      }
    }
    return this.state === "done" ? this.response() : undefined;
  }

  /**
   * The server has closed its side.
   * @throws ConnectionError where the response is not whole
   */
  end(): HttpResponse {
    if (this.state === "done" || this.state === "close") return this.response();
    const begun = Buffer.concat(this.line).toString("latin1");
    const foreign = this.state === "status" && !"HTTP/".startsWith(begun.slice(0, 5));
    throw connectionError("reset", foreign ? MALFORMED : "ECONNRESET");
  }

  private keep(part: Uint8Array): void {
    this.bodyBytes += part.length;
    if (this.bodyBytes > MAX_BODY_BYTES) throw connectionError("too-large");
    // A copy: the buffer may be used again for what comes next.
    this.parts.push(part.slice());
  }

  private takeLine(): string {
    const text = Buffer.concat(this.line).toString("latin1");
    this.line = [];
    this.lineBytes = 0;
    if (!text.endsWith("\r\n")) throw connectionError("reset", MALFORMED);
    return text.slice(0, -2);
  }

  private readLine(line: string): void {
    switch (this.state) {
      case "status":
        // An empty line before it is left over from a sloppy server.
        if (line !== "") this.readStatus(line);
        break;
      case "headers":
        this.headBytes += line.length + 2;
        if (this.headBytes > MAX_HEAD_BYTES) throw connectionError("reset", MALFORMED);
        if (line === "") this.startBody();
        else this.readHeader(line);
        break;
      case "chunk":
        this.readChunkSize(line);
        break;
      case "chunk end":
        if (line !== "") throw connectionError("reset", MALFORMED);
        this.state = "chunk";
        break;
      default:
        if (line === "") this.state = "done";
        else if (!HEADER.test(line)) throw connectionError("reset", MALFORMED);
    }
  }

  private readStatus(line: string): void {
    const status = Number(STATUS_LINE.exec(line)?.[1] ?? "0");
    if (status < 100 || CONTROL.test(line)) throw connectionError("reset", MALFORMED);
    this.status = status;
    this.headers.clear();
    this.state = "headers";
  }

  private readHeader(line: string): void {
    const match = HEADER.exec(line);
    if (match === null || CONTROL.test(line)) throw connectionError("reset", MALFORMED);
    const name = (match[1] ?? "").toLowerCase();
    const value = (match[2] ?? "").replace(/^[ \t]+|[ \t]+$/g, "");
    const before = this.headers.get(name);
    if (before === undefined) this.headers.set(name, value);
    else if (name === "content-length") throw connectionError("reset", MALFORMED);
    else if (!ONCE.has(name)) this.headers.set(name, `${before}, ${value}`);
  }

  private startBody(): void {
    const encoding = this.headers.get("transfer-encoding");
    const length = this.headers.get("content-length");
    if (encoding !== undefined && length !== undefined) throw connectionError("reset", MALFORMED);
    if (length !== undefined && !/^[0-9]{1,15}$/.test(length)) throw connectionError("reset", MALFORMED);
    // Another protocol was not asked for.
    if (this.status === 101) throw connectionError("reset", "EPROTO");
    if (this.status < 200) {
      this.state = "status";
    } else if (this.status === 204 || this.status === 304) {
      this.state = "done";
    } else if (encoding !== undefined) {
      this.state = /(?:^|,)[ \t]*chunked$/i.test(encoding) ? "chunk" : "close";
    } else if (length !== undefined) {
      this.left = Number(length);
      this.state = this.left === 0 ? "done" : "length";
    } else {
      this.state = "close";
    }
  }

  private readChunkSize(line: string): void {
    const size = /^([0-9A-Fa-f]{1,8})(?:;.*)?$/.exec(line)?.[1];
    if (size === undefined || CONTROL.test(line)) throw connectionError("reset", MALFORMED);
    this.left = Number(`0x${size}`);
    this.state = this.left === 0 ? "trailers" : "chunk data";
  }

  private response(): HttpResponse {
    const headers: Record<string, string> = {};
    for (const [name, value] of this.headers) headers[name] = value;
    return { status: this.status, headers, body: Buffer.concat(this.parts).toString("utf8") };
  }
}

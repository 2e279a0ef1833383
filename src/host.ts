/**
 * Everything the program takes from the machine it runs on. Nothing else touches the clock, the network, the disk or
 * the standard streams, so tests put a machine of their own here, and each runtime may have its own implementation.
 */
export interface Host {
  /** Variables of the process. */
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  /** From 0 to below 1. */
  random: () => number;
  /**
   * One HTTP exchange, never through a proxy, redirects not followed.
   * @throws ConnectionError whatever went wrong before a whole response was there
   */
  request: (request: HttpRequest) => Promise<HttpResponse>;
  /** Writes all of `text` before it returns. */
  writeStdout: (text: string) => void;
  writeStderr: (text: string) => void;
  /**
   * A whole text file.
   * @throws Gcp2awsError LOCAL_FILE
   */
  readText: (path: string) => string;
  /** Resolves when the process is asked to end (SIGINT, SIGTERM). */
  terminated: () => Promise<void>;
  /** Whether a person watches stderr. */
  stderrIsTerminal: () => boolean;
}

export interface HttpRequest {
  method: "GET" | "POST";
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** For the whole exchange, in milliseconds. */
  timeoutMs: number;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
}

/** Bytes of a response body: an STS answer has about 3,000, a token 2,000; more is not from either. */
export const MAX_BODY_BYTES = 256 * 1024;

export type ConnectionFailure =
  | "refused"
  | "unreachable"
  | "name-not-found"
  | "reset"
  | "tls"
  | "timeout"
  | "too-large";

/** No response, or not a whole one. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly kind: ConnectionFailure;

  constructor(kind: ConnectionFailure, message: string) {
    super(message);
    this.kind = kind;
  }
}

import { ConnectionError, type ConnectionFailure } from "../host.ts";

const kinds: Readonly<Record<string, ConnectionFailure>> = {
  ECONNREFUSED: "refused",
  ConnectionRefused: "refused",
  ENOTFOUND: "name-not-found",
  EAI_AGAIN: "name-not-found",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  ETIMEDOUT: "timeout",
  EPROTO: "tls",
  ERR_SSL_WRONG_VERSION_NUMBER: "tls",
};

/** OpenSSL's names of what is wrong with a certificate, as Node passes them on, and those of BoringSSL. */
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|UNSPECIFIED|UNKNOWN_CERTIFICATE)/;

/** Stands for what the parsers of HTTP say, each in words of its own. */
export const MALFORMED = "malformed HTTP";

const texts: Readonly<Record<ConnectionFailure, string>> = {
  refused: "connection refused",
  unreachable: "no route to it",
  "name-not-found": "its name was not found",
  reset: "the connection broke off",
  tls: "TLS was refused",
  proxy: "the proxy makes no tunnel",
  timeout: "no answer in time",
  "too-large": "the answer is larger than any real one",
};

/** What a runtime threw, by the code it carries: runtimes word the same failure differently. */
export function toConnectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const given = codeOf(error) ?? (error instanceof Error ? codeOf(error.cause) : undefined);
  if (given === "ERR_PROXY_TUNNEL" && error instanceof Error) {
    return proxyRefusal(Number(/\b(\d{3})\b/.exec(error.message)?.[1] ?? "400"));
  }
  const code = given?.startsWith("HPE_") === true ? MALFORMED : given;
  const name = error instanceof Error ? error.name : "";
  if (name === "TimeoutError" || name === "AbortError") return connectionError("timeout");
  return connectionError(code === undefined ? "reset" : kindOf(code), code);
}

/** A proxy's answer to CONNECT, other than 200: one that cannot reach the other side may do so later. */
export function proxyRefusal(status: number): ConnectionError {
  return connectionError(status >= 500 ? "unreachable" : "proxy", `proxy status ${status}`);
}

export function kindOf(code: string): ConnectionFailure {
  return kinds[code] ?? (TLS_CODE.test(code) ? "tls" : "reset");
}

export function connectionError(kind: ConnectionFailure, code?: string): ConnectionError {
  return new ConnectionError(kind, code === undefined ? texts[kind] : `${texts[kind]} (${code})`);
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

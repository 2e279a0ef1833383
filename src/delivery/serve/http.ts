import type { LocalRequest, Reply } from "../../host/http-server.ts";

export type { LocalRequest, Reply };

/** What one path of the server answers. */
export interface Route {
  /** In the metrics: of a few, never text of a request. */
  label: string;
  method: "GET" | "PUT";
  /** Whether the request shows the secret that this path asks for; a path without one is open. */
  admits?: (request: LocalRequest) => boolean;
  answer: (request: LocalRequest) => Reply | Promise<Reply>;
}

export type Routes = ReadonlyMap<string, Route>;

export function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(value) };
}

export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8", ...headers }, body };
}

/** A header's value; of one that came several times, all of them. */
export function header(request: LocalRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

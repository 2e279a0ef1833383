import { header, type LocalRequest, type Route } from "./http.ts";

/** Something that no client of this server does, and that an attacker has to do. */
export interface Check {
  /** In metrics and logs. */
  name: "host" | "browser" | "forwarded" | "body" | "method" | "authorization";
  status: number;
  /** Said to whoever was refused. */
  message: string;
  passes: (request: LocalRequest, route: Route | undefined) => boolean;
}

/** With all that begin with `x-forwarded-`. */
const FORWARDED = new Set(["x-real-ip", "forwarded", "via", "true-client-ip", "cf-connecting-ip", "x-client-ip"]);
// Not sec-fetch-mode: the fetch of Node sends it too.
const BROWSER = ["origin", "referer", "sec-fetch-site", "cookie"];

/** In the order in which they are made; the first that fails answers. */
export const checks: readonly Check[] = [
  {
    name: "host",
    // DNS rebinding: a web page of evil.example, whose name then resolves to 127.0.0.1, talks to this server as to its
    // own. Its requests still carry that name. SDKs come by address or as localhost, which no DNS answers for.
    status: 403,
    message: "the Host header must be an IP address or localhost",
    passes: (request) => isAddress(header(request, "host") ?? ""),
  },
  {
    name: "browser",
    // Cross-site requests: any web page can have a browser send requests to loopback, with headers that page scripts
    // cannot leave out. No SDK sends them.
    status: 403,
    message: "requests of browsers are refused",
    passes: (request) => BROWSER.every((name) => request.headers[name] === undefined),
  },
  {
    name: "forwarded",
    // Server-side request forgery: a proxy or gateway on this machine that lets outsiders choose where to go. Most say
    // that they forwarded, for which Google's and Amazon's metadata servers refuse them too.
    status: 403,
    message: "forwarded requests are refused",
    passes: ({ headers }) =>
      Object.keys(headers).every((name) => !FORWARDED.has(name) && !name.startsWith("x-forwarded-")),
  },
  {
    name: "body",
    // Request smuggling: a body that a proxy in between takes for the next request, or the other way round.
    status: 413,
    message: "requests with a body are refused",
    passes: ({ headers }) => headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0",
  },
  {
    name: "method",
    // Cross-site form posts and preflights, and whatever a write could be taken for.
    status: 405,
    message: "no such method here",
    passes: ({ method }, route) => route === undefined || route.method === method,
  },
  {
    name: "authorization",
    // Any process or user of this machine, or of the pod network, can reach the port; only those who were given the
    // secret may have credentials.
    status: 401,
    message: "the authorization token is missing or wrong",
    passes: (request, route) => route?.admits === undefined || route.admits(request),
  },
];

/** `localhost` or an IP address, with or without a port. */
function isAddress(host: string): boolean {
  return /^(localhost|\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]{2,45}\])(:\d{1,5})?$/i.test(host);
}

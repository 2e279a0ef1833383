/**
 * URLs that all parsers read alike, that of the native helper's compiler too: no shorthand of an address, no name that
 * would have to be converted, nothing to be percent-encoded.
 */
const PLAIN_URL = /^https?:\/\/([a-z0-9._-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?(?:\/[a-z0-9._~!$&'()*+,;=:@%/-]*)?$/i;
const PLAIN_NAME = /^(?:[a-z0-9_-]+\.)*[a-z_][a-z0-9_-]*\.?$/i;
const PLAIN_ADDRESS = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?=[0-9])|$)){4}$/;

/**
 * Whether an endpoint given by hand may be called: https, or http on loopback, and nothing but scheme, host, port and
 * path; a user name or a query would put a secret into a URL.
 */
export function isEndpointUrl(text: string): boolean {
  const host = PLAIN_URL.exec(text)?.[1] ?? "";
  if (!host.startsWith("[") && !PLAIN_NAME.test(host) && !PLAIN_ADDRESS.test(host)) return false;
  const url = parseUrl(text);
  if (url === undefined) return false;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** By a URL's `hostname`. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

import { X509Certificate } from "node:crypto";
import { isLoopback, parseUrl } from "./endpoint-url.ts";
import { Gcp2awsError, printable } from "./errors.ts";
import { ConnectionError, type Host, type HttpRequest, type Proxy } from "./host.ts";
import { type Authorities, isPlainNetwork, type Network } from "./network-config.ts";
import { inRange } from "./trust-policy/ip-address.ts";

/**
 * The host with its requests sent as the configuration says: through a proxy where one applies, with certificates believed by the
 * bundle that is named. Never for the metadata server, whose requests go to the host itself.
 * @throws Gcp2awsError USAGE_INVALID_VALUE for a proxy that cannot be used, LOCAL_FILE for a bundle
 */
export function throughNetwork(host: Host, network: Network, to: "aws" | "google"): Host {
  if (isPlainNetwork(network)) return host;
  const ca = readAuthorities(host, network.authorities, to);
  const proxy = parseProxy(network.proxies.httpsProxy);
  const isExempt = exemptions(network.proxies.noProxy);

  const proxyFor = (url: string): Proxy | undefined => {
    const { protocol, hostname, port } = new URL(url);
    // Plain http is for this machine and the metadata server only, see sts/endpoint.ts.
    if (proxy === undefined || protocol !== "https:") return undefined;
    return isExempt(hostname, port === "" ? "443" : port) ? undefined : proxy;
  };
  return {
    ...host,
    preconnect: (url) => {
      if (ca === undefined && proxyFor(url) === undefined) host.preconnect(url);
    },
    request: async (request) => {
      const through = proxyFor(request.url);
      try {
        return await host.request(withNetwork(request, through, ca));
      } catch (error) {
        if (!(error instanceof ConnectionError) || through === undefined) throw error;
        throw new ConnectionError(error.kind, `${error.message}, through the proxy ${through.origin}`);
      }
    },
  };
}

function withNetwork(request: HttpRequest, proxy: Proxy | undefined, ca: string | undefined): HttpRequest {
  return { ...request, ...(proxy === undefined ? {} : { proxy }), ...(ca === undefined ? {} : { ca }) };
}

function readAuthorities(host: Host, { extra, ...bundles }: Authorities, to: "aws" | "google"): string | undefined {
  const file = bundles[to];
  if (file === "") return undefined;
  // A bundle takes the place of what the runtime believes, this file's content included.
  const files = extra === "" || extra === file ? [file] : [file, extra];
  return files
    .map((path) => {
      const text = host.readText(path);
      const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g) ?? [];
      if (certificates.length > 0 && certificates.every(isCertificate)) return text;
      const why = certificates.length === 0 ? "it holds no certificate in PEM" : "a certificate in it is broken";
      throw new Gcp2awsError("LOCAL_FILE", `${printable(path)} not used: ${why}`, {
        hint: "check --ca-bundle, AWS_CA_BUNDLE, SSL_CERT_FILE and NODE_EXTRA_CA_CERTS",
      });
    })
    .join("\n");
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/**
 * `http://user:password@proxy:3128`, or `proxy:3128` as curl takes it. The error does not repeat it: it may hold a password.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
function parseProxy(text: string): Proxy | undefined {
  if (text === "") return undefined;
  const url = parseUrl(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  const isUsable =
    url !== undefined && /^https?:$/.test(url.protocol) && /^\/?$/.test(url.pathname) && url.hostname !== "";
  const user = url === undefined ? undefined : decoded(url.username);
  const password = url === undefined ? undefined : decoded(url.password);
  if (!isUsable || url.search !== "" || url.hash !== "" || user === undefined || password === undefined) {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", "HTTPS_PROXY: must be the http or https URL of a proxy", {
      hint: "for example HTTPS_PROXY=http://proxy.example.com:3128, or unset HTTPS_PROXY and https_proxy; SOCKS is not spoken",
    });
  }
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  const origin = `${url.protocol}//${url.hostname}:${port}`;
  if (user === "" && password === "") return { origin, authorization: undefined };
  // https://www.rfc-editor.org/rfc/rfc7617
  return { origin, authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return /\p{Cc}/u.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}

/**
 * Reads NO_PROXY: names (which stand for everything below them too), `.suffix`, addresses, networks in CIDR form and `*`, each but
 * the last with a port if it is to apply to that alone. Loopback is always exempt. There is no standard; this is the union of
 * curl's, Go's and Python's readings.
 */
function exemptions(noProxy: string): (hostname: string, port: string) => boolean {
  const rules = noProxy
    .split(/[\s,]+/)
    .filter((rule) => rule !== "")
    .map(exemption);
  return (hostname, port) => {
    const name = hostname
      .replace(/^\[|\]$/g, "")
      .replace(/\.$/, "")
      .toLowerCase();
    return isLoopback(hostname.replace(/\.$/, "")) || rules.some((rule) => rule(name, port));
  };
}

function exemption(text: string): (name: string, port: string) => boolean {
  if (text === "*") return () => true;
  // An IPv6 address with a port stands in brackets; one without may do so.
  const match = /^\[(.+)\](?::(\d+))?$/.exec(text) ?? /^([^:]+)(?::(\d+))?$/.exec(text) ?? [text, text];
  const host = (match[1] ?? "").toLowerCase();
  const onlyPort = match[2];
  const applies = (port: string) => onlyPort === undefined || onlyPort === port;

  if (inRange(host, host.replace(/\/.*/, ""))) return (name, port) => inRange(host, name) && applies(port);
  const plain = host.replace(/^\*?\./, "").replace(/\.$/, "");
  return (name, port) => plain !== "" && (name === plain || name.endsWith(`.${plain}`)) && applies(port);
}

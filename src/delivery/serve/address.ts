/** Where a server listens: an IP address and a port. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** `IP:PORT`, `[IPv6]:PORT`; no names, which could become another address tomorrow. Undefined for anything else. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:((?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3})|\[([\da-fA-F:.]{2,45})\]):(\d{1,5})$/.exec(text);
  const host = canonical(match?.[1] ?? match?.[2] ?? "");
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

export function isLoopback({ host }: ListenAddress): boolean {
  return host.startsWith("127.") || host === "::1" || /^::ffff:7f[\da-f]{2}:/.test(host);
}

/** One spelling of each address: `0:0:0:0:0:0:0:1` is `::1`. */
function canonical(host: string): string | undefined {
  const text = host.includes(":") ? `http://[${host}]/` : `http://${host}/`;
  return URL.canParse(text) ? new URL(text).hostname.replace(/^\[|\]$/g, "") : undefined;
}

import type { Host, HttpResponse } from "../host.ts";
import { parseHttpDate } from "../http-date.ts";

/** By how much this machine's clock is ahead of one that answered, in milliseconds; exact to the second. */
export interface Offset {
  origin: string;
  aheadMs: number;
}

export interface Watched {
  host: Host;
  offsets: readonly Offset[];
  /** Warnings since the last time they were taken. */
  takeWarnings: () => string[];
  serverOf: (origin: string) => string | undefined;
}

/** The host, with a note taken of every answer's date and server, and of what would be said on stderr. */
export function watch(host: Host): Watched {
  const offsets: Offset[] = [];
  const servers = new Map<string, string>();
  let warnings: string[] = [];
  const note = (url: string, { headers }: HttpResponse) => {
    const { origin } = new URL(url);
    const date = parseHttpDate(headers["date"] ?? "");
    if (date !== undefined && offsets.every((offset) => offset.origin !== origin))
      offsets.push({ origin, aheadMs: host.now() - date });
    servers.set(origin, headers["server"] ?? "");
  };
  return {
    host: {
      ...host,
      // Of the checks that follow, some would have said it themselves; nothing is opened for those that do not come.
      preconnect: () => {},
      warn: ({ message }) => warnings.push(message),
      request: async (request) => {
        const response = await host.request(request);
        note(request.url, response);
        return response;
      },
    },
    offsets,
    takeWarnings: () => {
      const taken = warnings;
      warnings = [];
      return taken;
    },
    serverOf: (origin) => servers.get(origin),
  };
}

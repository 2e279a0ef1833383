// Stands before a cloud and passes on what that answers, changes it, or does something else, as a test wants it now.
import { createServer, request, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What becomes of an answer. */
export type Mood = (answer: Answer, response: ServerResponse) => void;

export interface Fickle {
  url: string;
  mood: Mood;
  /** Requests so far. */
  requests: number;
  close: () => Promise<void>;
}

export async function startFickle(target: string, mood: Mood): Promise<Fickle> {
  const server = createServer((incoming, response) => {
    fickle.requests++;
    response.on("error", () => {});
    const outgoing = request(
      new URL(incoming.url ?? "/", target),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const body = Buffer.concat(chunks).toString("utf8");
          fickle.mood({ status: answer.statusCode ?? 500, headers: answer.headers, body }, response);
        });
      },
    );
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const fickle: Fickle = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mood,
    requests: 0,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return fickle;
}

/** Passes on what `change` makes of it. */
export function changed(change: (body: string) => string): Mood {
  return ({ status, headers, body }, response) => {
    const text = change(body);
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) }).end(text);
  };
}

export const honest: Mood = changed((body) => body);

/** Credentials that live for a few seconds, which no STS hands out. */
export function shortLived(seconds: number): Mood {
  return changed((body) =>
    body.replace(
      /<Expiration>[^<]*/,
      `<Expiration>${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`,
    ),
  );
}

/** Ends the connection without an answer. */
export const away: Mood = (_, response) => void response.destroy();
/** Never answers. */
export const silent: Mood = () => {};

/** Something else answers, with the headers of the one that was asked. */
export function instead(status: number, text: string, type = "text/html"): Mood {
  return ({ headers }, response) => {
    const flavor = headers["metadata-flavor"];
    response
      .writeHead(status, { "content-type": type, ...(flavor === undefined ? {} : { "metadata-flavor": flavor }) })
      .end(text);
  };
}

/** Promises all of it and ends after half. */
export const half: Mood = ({ status, headers, body }, response) => {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.write(body.slice(0, body.length / 2), () => setTimeout(() => response.destroy(), 20));
};

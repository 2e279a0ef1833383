// Stands between the command and an emulator, and keeps every token, secret key and session token that passes.
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Recorder {
  url: string;
  /** Request lines, in order. */
  requests: string[];
  token: Set<string>;
  result: Set<string>;
  /** How long each answer is held back. */
  delayMs: number;
  close: () => Promise<void>;
}

/** @param into whose secrets this one's are to be kept with */
export async function startRecorder(target: string, into?: Pick<Recorder, "token" | "result">): Promise<Recorder> {
  const recorder: Recorder = {
    url: "",
    delayMs: 0,
    close: () => Promise.resolve(),
    requests: new Array<string>(),
    token: into?.token ?? new Set<string>(),
    result: into?.result ?? new Set<string>(),
  };
  const server = createServer((incoming, answer) => {
    recorder.requests.push(`${incoming.method} ${incoming.url}`);
    const outgoing = request(
      new URL(incoming.url ?? "/", target),
      { method: incoming.method, headers: incoming.headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const body = Buffer.concat(chunks);
          note(body.toString("utf8"), recorder);
          const send = () => answer.writeHead(response.statusCode ?? 500, response.headers).end(body);
          if (recorder.delayMs > 0) setTimeout(send, recorder.delayMs);
          else send();
        });
      },
    );
    outgoing.on("error", () => answer.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  recorder.url = `http://127.0.0.1:${port}`;
  recorder.close = () =>
    new Promise((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  return recorder;
}

function note(body: string, seen: Pick<Recorder, "token" | "result">): void {
  for (const [token, payload, signature] of body.matchAll(/ey[\w-]+\.([\w-]+)\.([\w-]+)/g)) {
    for (const part of [token, payload, signature]) if (part !== undefined) seen.token.add(part);
  }
  for (const [token] of body.matchAll(/ya29\.[\w-]+/g)) seen.token.add(token);
  for (const [, secret] of body.matchAll(/<(?:SecretAccessKey|SessionToken)>([^<]+)</g)) {
    if (secret !== undefined) seen.result.add(secret);
  }
}

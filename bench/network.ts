// Round trips on loopback: stands before a server and holds what passes in either direction for half a round trip, and
// what comes first from a client for a whole one more, which is what the handshake of TCP would have taken. It models
// no loss and no bandwidth, and a client that waits for something between connecting and speaking would win by it.
//
//     network.ts PORT ROUND-TRIP-MS [KEY CERTIFICATE]
//
// With a key, it is the TLS end of the server too. It prints the port that it listens on.
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

const [port = "", roundTrip = "", key, certificate] = process.argv.slice(2);
const half = Number(roundTrip) / 2;

/** Passes bytes on in order, each `delayMs` after it came, the first one `firstMs` later. */
function hold(from: Socket, to: Socket, firstMs: number): void {
  let extra = firstMs;
  from.on("data", (chunk: Buffer) => {
    setTimeout(() => to.write(chunk), half + extra);
    extra = 0;
  });
  from.on("end", () => setTimeout(() => to.end(), half));
  from.on("error", () => to.destroy());
}

function delayed(target: number): Promise<number> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    hold(client, upstream, half * 2);
    hold(upstream, client, 0);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

async function secured(target: number): Promise<number> {
  if (key === undefined || certificate === undefined) return target;
  const server = createTlsServer(
    { key: readFileSync(key), cert: readFileSync(certificate), noDelay: true },
    (client) => {
      const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
      client.pipe(upstream).pipe(client);
      client.on("error", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
    },
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return (server.address() as AddressInfo).port;
}

console.log(await delayed(await secured(Number(port))));

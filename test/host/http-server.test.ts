import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { listenHttp } from "../../src/host/http-server.ts";

it("answers those that are there when it ends, and keeps no connection for more", async () => {
  let answer = (): void => {};
  let come = (): void => {};
  const [asked, answered] = [new Promise<void>((is) => (come = is)), new Promise<void>((may) => (answer = may))];
  const server = await listenHttp([{ host: "127.0.0.1", port: 0 }], {
    handle: async () => {
      come();
      await answered;
      return { reply: { status: 200, headers: {}, body: "here" }, label: "test" };
    },
    answered: () => {},
  });
  const socket = connect(Number(new URL(server.urls[0] ?? "").port), "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await asked;
  const ended = server.close();
  answer();
  await once(socket, "close");
  await ended;
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  expect(text).toMatch(/^connection: close\r$/im);
  expect(text).toMatch(/here$/);
});

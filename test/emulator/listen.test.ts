import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { EmulatorRequest, Handler } from "../../src/emulator/http.ts";
import { DroppedConnection, listen } from "../../src/emulator/listen.ts";
import type { Listener } from "../../src/emulator/listen.ts";

let listener: Listener | undefined;
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

async function serve(handler: Handler): Promise<string> {
  listener = await listen(handler, { port: 0, clock: () => Date.UTC(2026, 0, 1) });
  return listener.url;
}

const ok: Handler = async () => ({ status: 200, headers: { "X-Test": "é".length.toString() }, body: "é" });

test("the handler gets the request as it stood on the wire", async () => {
  let seen: EmulatorRequest | undefined;
  const url = await serve(async (request) => {
    seen = request;
    return ok(request);
  });
  await fetch(`${url}/a%2Fb/%7E?x=%20?&y`, {
    method: "POST",
    body: "body",
    headers: [
      ["X-Many", "1"],
      ["X-Many", "2"],
    ],
  });
  expect(seen).toMatchObject({ method: "POST", path: "/a%2Fb/%7E", query: "x=%20?&y", remoteAddress: "127.0.0.1" });
  expect(seen?.headers["x-many"]).toBe("1, 2");
  expect(Buffer.from(seen?.body ?? []).toString()).toBe("body");
});

test("the answer has its length in bytes and the given clock's date", async () => {
  const response = await fetch(await serve(ok));
  expect(response.headers.get("content-length")).toBe("2");
  expect(response.headers.get("date")).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
  expect(await response.text()).toBe("é");
});

test.each([
  [64 * 1024, 200],
  [64 * 1024 + 1, 413],
])("a body of %d bytes is answered %d", async (size, status) => {
  const response = await fetch(await serve(ok), { method: "POST", body: "x".repeat(size) });
  expect(response.status).toBe(status);
});

test("an error becomes 500 without its details", async () => {
  const url = await serve(async () => {
    throw new Error("canary");
  });
  const response = await fetch(url);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("canary");
});

test("a handler can drop the connection", async () => {
  const url = await serve(async () => {
    throw new DroppedConnection();
  });
  await expect(fetch(url)).rejects.toMatchObject({ cause: { code: "UND_ERR_SOCKET" } });
});

test("a taken port is an error", async () => {
  await serve(ok);
  const port = listener?.port ?? 0;
  await expect(listen(ok, { port, clock: Date.now })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("close ends connections that wait for an answer", async () => {
  const asked = Promise.withResolvers<void>();
  const url = await serve(() => {
    asked.resolve();
    return new Promise(() => {});
  });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await asked.promise;
  const closed = once(socket, "close");
  await listener?.close();
  await closed;
  listener = undefined;
});

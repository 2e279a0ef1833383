// The socket of a lock: one that is full and one that nobody listens on any more are told apart under every runtime.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "gcp2aws-socket-"));
const path = join(folder, "socket");
const waiting: Socket[] = [];
let holder: ChildProcess;

beforeAll(async () => {
  const listening = `require("node:net").createServer().listen({path:${JSON.stringify(path)},backlog:1},()=>console.log("x"))`;
  holder = spawn(process.execPath, ["-e", listening], { stdio: ["ignore", "pipe", "inherit"] });
  if (holder.stdout !== null) await once(holder.stdout, "data");
  holder.kill("SIGSTOP");
  for (let full = false; !full;) {
    const socket = connect(path);
    waiting.push(socket.on("error", () => {}));
    full = await Promise.race([
      once(socket, "connect").then(
        () => false,
        () => true,
      ),
      once(socket, "error").then(
        () => true,
        () => true,
      ),
    ]);
  }
});

afterAll(() => {
  holder.kill("SIGKILL");
  for (const socket of waiting) socket.destroy();
  rmSync(folder, { recursive: true });
});

const program = join(folder, "look.ts");
writeFileSync(
  program,
  `const { waitForEnd } = await import(process.argv[2]);
   console.log(await waitForEnd(process.argv[3], 0).catch((error) => error.code));`,
);

async function look(runtime: string, source: string): Promise<string> {
  const child = spawn(runtime, [program, resolve(source), path], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(child, "close");
  return output.trim();
}

const bun = resolve("node_modules/.bin/bun");

describe.each([
  ["Node", process.execPath, "src/host/node-socket.ts"],
  ["Bun", bun, "src/host/bun-socket.ts"],
])("under %s", (_, runtime, source) => {
  it("is told that the queue of one who lives is full", async () => {
    expect(await look(runtime, source)).toBe("EAGAIN");
  });
});

describe("a holder that was killed", () => {
  beforeAll(async () => {
    holder.kill("SIGKILL");
    await once(holder, "exit");
  });

  it.each([
    ["Node", process.execPath, "src/host/node-socket.ts"],
    ["Bun", bun, "src/host/bun-socket.ts"],
  ])("is dead under %s", async (_, runtime, source) => {
    expect(await look(runtime, source)).toBe("ECONNREFUSED");
  });
});

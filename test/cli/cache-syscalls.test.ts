// What the command asks of the system, as strace sees it: what cannot be seen from outside otherwise.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { credentialProcessEntries, type Entry, FLAGS, type Result, run, runProgram } from "./run.ts";

const traces = spawnSync("strace", ["-e", "trace=none", "true"]).status === 0;
if (!traces && process.env["CI"] !== undefined) throw new Error("CI has strace, and may use it");

const base = mkdtempSync(join(tmpdir(), "gcp2aws-syscalls-"));
let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(async () => {
  await cloud.close();
  rmSync(base, { recursive: true, force: true });
});

/** The modules of a cached answer: of the exchange no more than the rules of the flags. */
const WARM = `cli/main.ts cli/credential-process.ts cli/parse-flags.ts cli/obtain-lazily.ts
delivery/process.ts provider.ts credentials.ts endpoint-url.ts errors.ts duration.ts json.ts
host.ts host/process.ts host/bun.ts host/node-files.ts replace-file.ts
config.ts config/network.ts config/read.ts config/session.ts config/source.ts config/surroundings.ts flags.ts source-config.ts split-command.ts sts-config.ts sts/role-arn.ts sts/endpoint.ts sts/session-name.ts sts/session-policy.ts sts/session-tags.ts
identity-token/claims.ts
cache/ask-once.ts cache/entry.ts cache/file-store.ts cache/flight.ts cache/records.ts cache/refresh.ts cache/sweep.ts`;

/** Not those that only ask what kind of thing a standard stream is. */
const NETWORK = "socket,connect,bind,listen,accept4,sendto,sendmsg,sendmmsg";

/** A user with an empty home and the cache on. */
function freshEnv(): Record<string, string> {
  const { GCP2AWS_CACHE: _off, ...env } = cloud.env;
  return { ...env, HOME: mkdtempSync(join(base, "home-")) };
}

/** The calls of these names, of all threads and children, in the order in which they were finished. */
async function traced(entry: Entry, env: Record<string, string>, calls: string): Promise<Result & { calls: string[] }> {
  const file = join(env["HOME"] ?? "", "trace");
  const argv = ["-f", "-qq", "-y", "-s", "200", "-o", file, "-e", `trace=${calls}`, ...entry.command, ...FLAGS];
  const result = await runProgram("strace", argv, { env });
  const lines = readFileSync(file, "utf8").split("\n");
  rmSync(file);
  // Without the thread's number; signals and ends are no calls. What another thread interrupted is put together again.
  const halves = new Map<string, string>();
  const whole = lines.flatMap((line) => {
    const [, thread = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(text)?.[1];
    if (begun !== undefined) halves.set(thread, begun);
    const ended = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    const call = ended === undefined ? text : `${halves.get(thread) ?? ""}${ended}`;
    return begun === undefined && /^\w+\(/.test(call) ? [call] : [];
  });
  return { ...result, calls: whole };
}

describe.skipIf(!traces).each(credentialProcessEntries)("the system calls of a command, $name", (entry) => {
  it("write a new entry whole, see it to the disk, and only then give it its name", async () => {
    const env = freshEnv();
    const { status, calls } = await traced(
      entry,
      env,
      "openat,open,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2",
    );
    expect(status).toBe(0);
    const [name = ""] = readdirSync(join(env["HOME"] ?? "", ".cache", "gcp2aws"));
    const steps = calls.flatMap((call) => {
      if (!new RegExp(`${name}\\.[0-9]+\\.tmp`).test(call)) return [];
      const [, what = "", result = ""] = /^(\w+)\(.* = (-?\d+)/.exec(call) ?? [];
      expect(Number(result), call).toBeGreaterThanOrEqual(0);
      if (what.startsWith("open")) expect(call).toMatch(/O_CREAT.*O_EXCL.* 0600\)|O_EXCL.*O_CREAT.* 0600\)/);
      if (what.startsWith("rename")) expect(call).toMatch(new RegExp(`${name}\\.[0-9]+\\.tmp", .*/${name}"`));
      return [what.replace(/^(open|rename).*/, "$1").replace(/^p?write.*/, "write")];
    });
    expect(steps).toEqual(["open", "write", "fsync", "rename"]);
  });

  it("touch no network where the answer is in the cache", async () => {
    const env = freshEnv();
    const first = await run(entry, FLAGS, { env, secrets: cloud.secrets });
    const asked = cloud.metadata.requests.length + cloud.aws.requests.length;
    const { calls, ...second } = await traced(entry, env, NETWORK);
    expect(second).toEqual(first);
    expect(calls).toEqual([]);
    expect(cloud.metadata.requests.length + cloud.aws.requests.length).toBe(asked);
    // The same look sees the network where it is used.
    const cold = await traced(entry, freshEnv(), NETWORK);
    expect(cold.calls.some((call) => /^connect\(.*AF_INET/.test(call))).toBe(true);
  });
});

describe("the npm entry", () => {
  it("loads nothing for an answer from the cache but what that needs", async () => {
    const programs = credentialProcessEntries.map(({ command }) => realpathSync(command.at(-1) ?? ""));
    const main = programs.find((path) => path.endsWith(".js"));
    if (main === undefined) throw new Error("there is no npm entry");
    const env = freshEnv();
    const seen = join(env["HOME"] ?? "", "modules");
    const hook = join(env["HOME"] ?? "", "hook.mjs");
    writeFileSync(
      hook,
      `import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    appendFileSync(${JSON.stringify(seen)}, resolved.url + "\\n");
    return resolved;
  },
});
`,
    );
    const ask = async () => {
      writeFileSync(seen, "");
      const { status } = await runProgram(process.execPath, ["--import", hook, main, ...FLAGS], { env });
      expect(status).toBe(0);
      const urls = [...new Set(readFileSync(seen, "utf8").trim().split("\n"))];
      const files = urls.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url));
      for (const path of files) expect(dirname(dirname(path))).toBe(dirname(dirname(main)));
      // However the build cuts them into chunks, it names the modules in them.
      const modules = files.flatMap((path) =>
        [...readFileSync(path, "utf8").matchAll(/^\/\/ src\/(\S+\.ts)$/gm)].map(([, name = ""]) => name),
      );
      return {
        modules: modules.toSorted((x, y) => x.localeCompare(y)),
        others: urls.filter((url) => !url.startsWith("file:")),
      };
    };
    const cold = await ask();
    const warm = await ask();
    expect(warm.others).toEqual(["node:fs"]);
    expect(warm.modules).toEqual(WARM.split(/\s+/).toSorted((x, y) => x.localeCompare(y)));
    expect(cold.others).toContain("node:http");
    for (const name of ["obtain.ts", "sts/exchange.ts", "identity-token/metadata-server.ts"]) {
      expect(cold.modules).toContain(name);
    }
  });
});

// The refresh in the background: nobody waits for it, whatever they had open.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startCloud } from "./cloud.ts";
import { cleanEnv, credentialProcessEntries, FLAGS, run } from "./run.ts";

/** Moves the one entry in the directory into the past. */
function age(directory: string, ms: number): void {
  const name = readdirSync(directory).find((each) => /^gcp2aws-[0-9a-f]{32}$/.test(each)) ?? "";
  const json = JSON.parse(readFileSync(join(directory, name), "utf8").split("\n")[1] ?? "") as Record<string, number>;
  for (const field of ["issuedAt", "expiresAt", "refreshAt", "expiration"]) json[field] = (json[field] ?? 0) - ms;
  const text = JSON.stringify(json);
  const hash = createHash("sha256").update(text).digest("hex");
  writeFileSync(join(directory, name), `gcp2aws-cache 1 ${hash}\n${text}\n`);
}

describe.each(credentialProcessEntries)("a refresh in the background of the $name", (entry) => {
  it.each([3, 9, 17, 20, 77])("lets go of the caller's descriptor %i", async (descriptor) => {
    const cloud = await startCloud();
    const directory = join(cleanEnv()["HOME"] ?? "", "cache");
    mkdirSync(directory, { mode: 0o700 });
    chmodSync(directory, 0o700);
    try {
      const env = { ...cloud.env, GCP2AWS_CACHE: "on", GCP2AWS_CACHE_DIR: directory };
      expect(await run(entry, FLAGS, { env })).toMatchObject({ status: 0, stderr: "" });
      age(directory, 30 * 60_000);

      const [program, ...first] = entry.command;
      cloud.aws.delayMs = 15_000;
      const stdio = Array.from({ length: descriptor + 1 }, (_, at) =>
        at === descriptor || at === 1 ? "pipe" : "ignore",
      );
      const started = performance.now();
      const child = spawn(program, [...first, ...FLAGS], { env, stdio });
      for (const stream of [child.stdio[1], child.stdio[descriptor]]) (stream as NodeJS.ReadableStream).resume();
      await once(child, "close");
      // Whoever held on to it would do so until STS has answered.
      expect(performance.now() - started).toBeLessThan(12_000);
    } finally {
      await cloud.close();
    }
  });
});

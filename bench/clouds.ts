// Both clouds, each in a process of its own: sharing one with the measurement would make each wait for the other.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROLE = "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA";
export const AUDIENCE = "https://aws.example.com";
export const FLAGS: readonly string[] = ["credential-process", "--role-arn", ROLE, "--audience", AUDIENCE];

export interface Clouds {
  metadataUrl: string;
  awsUrl: string;
  /** For a command that is measured; the cache lies in `cache`. */
  env: Record<string, string>;
  folder: string;
  cache: string;
  /** Starts another process of the bench, which prints one line and goes on. */
  start: (script: string, ...argv: readonly string[]) => Promise<string>;
  write: (name: string, text: string) => string;
  close: () => void;
}

export function emptyCache({ cache }: Clouds): void {
  for (const left of readdirSync(cache)) rmSync(join(cache, left), { recursive: true });
}

export async function startClouds(): Promise<Clouds> {
  const folder = mkdtempSync(join(tmpdir(), "gcp2aws-bench-"));
  const children: ChildProcess[] = [];
  const start = (script: string, ...argv: readonly string[]) =>
    new Promise<string>((done) => {
      const child = spawn(process.execPath, [resolve(script), ...argv], { stdio: ["ignore", "pipe", "inherit"] });
      children.push(child);
      child.stdout.once("data", (chunk: Buffer) => done(chunk.toString().trim()));
    });
  const { metadataUrl, awsUrl, env } = JSON.parse(await start("dist/cli/main.js", "emulate", "--json")) as {
    metadataUrl: string;
    awsUrl: string;
    env: Record<string, string>;
  };
  const { PATH = "" } = process.env;
  // In memory, as on a machine with a login: what the disk of this one costs is not the subject.
  const cache = spawnSync("sh", ["-c", "mktemp -d -p /dev/shm gcp2aws-bench-XXXXXX"], {
    encoding: "utf8",
  }).stdout.trim();
  return {
    metadataUrl,
    awsUrl,
    env: { PATH, HOME: folder, ...env, GCP2AWS_CACHE_DIR: cache },
    folder,
    cache,
    start,
    write: (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    close: () => {
      for (const child of children) child.kill();
      rmSync(folder, { recursive: true });
      rmSync(cache, { recursive: true });
    },
  };
}

// The ways from gcp2aws into an AWS client: each is variables for the client, and perhaps a command around it.
import { spawn } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { formatProcessCommand } from "../../src/aws-files/process-command.ts";
import { AUDIENCE, credentialProcessEntries, type Entry, entries, ROLE, run } from "../cli/run.ts";

export const ASSUMED = "arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/100111222333444555666";
export const BUCKETS = ["DOC-EXAMPLE-BUCKET1", "DOC-EXAMPLE-BUCKET2"];
export const PROFILE = "TeamA-S3ReadOnlyAccess";

const PIPE = ["--role-arn", ROLE, "--audience", AUDIENCE] as const;

export interface OpenDoor {
  /** The whole environment of the client. */
  env: Record<string, string>;
  /** What stands before the client's own command. */
  around: readonly string[];
  close: () => Promise<void>;
}

export interface Door {
  name: string;
  /** The ways to run gcp2aws that have it. */
  entries: readonly Entry[];
  /** @param env of gcp2aws, and of the client but for what the door sets */
  open: (entry: Entry, env: Record<string, string>) => Promise<OpenDoor>;
}

export const doors: readonly Door[] = [
  {
    name: "credential_process",
    entries: credentialProcessEntries,
    open: async (entry, env) => ({ env: withProfile(entry, env), around: [], close: async () => {} }),
  },
  { name: "serve", entries, open: (entry, env) => openServer(entry, env, []) },
  { name: "serve --imds", entries, open: (entry, env) => openServer(entry, env, ["--imds"]) },
  { name: "exec", entries, open: async (entry, env) => openExec(entry, env, []) },
  { name: "exec --static", entries, open: async (entry, env) => openExec(entry, env, ["--static"]) },
];

/** The blog's profile, chosen by AWS_PROFILE. */
export function withProfile(
  { command }: Entry,
  env: Record<string, string>,
  flags: readonly string[] = [],
): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "gcp2aws profile-"));
  const file = join(folder, "config");
  const [program, ...first] = command;
  // A path with a space, as the clients differ in how they read it.
  const link = join(folder, "program");
  symlinkSync(program, link);
  const line = formatProcessCommand([link, ...first, "credential-process", ...PIPE, ...flags]);
  writeFileSync(file, `[profile ${PROFILE}]\nregion = us-east-1\ncredential_process = ${line}\n`);
  return { ...env, AWS_CONFIG_FILE: file, AWS_PROFILE: PROFILE, AWS_EC2_METADATA_DISABLED: "true" };
}

function openExec(entry: Entry, env: Record<string, string>, flags: readonly string[]): OpenDoor {
  return { env, around: [...entry.command, "exec", ...PIPE, ...flags, "--"], close: async () => {} };
}

/** SDKs give an EC2 metadata server one second, once. */
const PATIENT = { AWS_METADATA_SERVICE_TIMEOUT: "20", AWS_METADATA_SERVICE_NUM_ATTEMPTS: "3" };

/** A server on a port of its own, and the variables that it says its clients must set. */
async function openServer(entry: Entry, env: Record<string, string>, flags: readonly string[]): Promise<OpenDoor> {
  const [program, ...first] = entry.command;
  const argv = ["serve", ...PIPE, ...flags, "--listen"];
  const server = spawn(program, [...first, ...argv, "127.0.0.1:0", "--log-format", "json"], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => server.on("close", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    const log: string[] = [];
    createInterface(server.stderr).on("line", (line) => {
      log.push(line);
      const { event, url: listening }: { event?: string; url?: string } = line.startsWith("{") ? JSON.parse(line) : {};
      if (event === "listening" && listening !== undefined) resolve(listening);
    });
    server.on("error", reject);
    server.on("close", () => reject(new Error(`the server ended:\n${log.join("\n")}`)));
  });
  const { stdout } = await run(entry, [...argv, url.replace("http://", ""), "--print-env", "--format", "json"], {
    env,
  });
  const { set, unset }: { set: Record<string, string>; unset: string[] } = JSON.parse(stdout);
  const kept = Object.entries(env).filter(([name]) => !unset.includes(name));
  return {
    env: { ...PATIENT, ...Object.fromEntries(kept), ...set },
    around: [],
    close: async () => {
      server.kill();
      await ended;
    },
  };
}

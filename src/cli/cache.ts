import type { Command } from "commander";
import { parseEntry } from "../cache/entry.ts";
import { type FileStore, locate, openStore } from "../cache/file-store.ts";
import { isOurs } from "../cache/sweep.ts";
import { cacheLocations } from "../config.ts";
import { formatExpiration } from "../credentials.ts";
import { duration } from "../duration.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { CommandContext } from "./commands.ts";

/** What people may see of an entry. */
interface Listed {
  role: string;
  source: string;
  /** As credential_process prints it. */
  expiration: string;
  ageSeconds: number;
}

/** `gcp2aws cache list|clear|path`: the cache of this user, without its secrets. */
export function defineCache(program: Command, { host }: CommandContext): void {
  const cache = program
    .command("cache")
    .summary("show or empty the cache of credentials")
    .description(
      "The credentials that credential-process keeps, in files that only this user may read.\n" +
        "They lie in GCP2AWS_CACHE_DIR, else XDG_RUNTIME_DIR/gcp2aws, else XDG_CACHE_HOME/gcp2aws, else ~/.cache/gcp2aws.",
    )
    .usage("list|clear|path");
  cache
    .command("list")
    .description("role, source, expiration and age of each; no secrets")
    .option("--json", "print a JSON array")
    .action(({ json }: { json?: true }) => list(host, json === true));
  cache
    .command("clear")
    .description("forget all credentials and failures; AWS sessions that were issued live on until they expire")
    .action(() => clear(host));
  cache
    .command("path")
    .description("print the directory")
    .action(() => path(host));
}

function list(host: Host, json: boolean): void {
  const entries = withStore(host, (store) => listedIn(store, host)) ?? [];
  if (json) {
    host.writeStdout(`${JSON.stringify(entries)}\n`);
    return;
  }
  if (entries.length === 0) {
    host.writeStdout("the cache is empty\n");
    return;
  }
  const rows = [
    ["ROLE", "SOURCE", "EXPIRES", "LEFT", "AGE"],
    ...entries.map(({ role, source, expiration, ageSeconds }) => {
      const left = Date.parse(expiration) - host.now();
      return [role, source, expiration, left > 0 ? duration(left) : "expired", duration(ageSeconds * 1000)];
    }),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows) {
    host.writeStdout(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    );
  }
}

function listedIn(store: FileStore, host: Host): Listed[] {
  return store
    .names()
    .filter((name) => isOurs(name) && !name.includes("."))
    .flatMap((name) => {
      const entry = parseEntry(store.read(name) ?? "", host.sha256);
      if (entry === undefined) return [];
      const { roleArn, source, credentials, issuedAt } = entry;
      return [
        {
          role: printable(roleArn, 200),
          source: printable(source, 100),
          expiration: formatExpiration(credentials.expiration),
          ageSeconds: Math.max(0, Math.round((host.now() - issuedAt) / 1000)),
        },
      ];
    })
    .toSorted((a, b) => (a.role < b.role ? -1 : 1));
}

/** Locks are left to those who hold them. */
function clear(host: Host): void {
  const removed = withStore(host, (store) => {
    const names = store.names().filter((name) => isOurs(name) && !name.includes(".lock"));
    for (const name of names) store.remove(name);
    return names;
  });
  const entries = removed?.filter((name) => !name.includes(".")).length ?? 0;
  const failures = removed?.filter((name) => name.endsWith(".failure")).length ?? 0;
  const what = `${entries} ${entries === 1 ? "entry" : "entries"}`;
  const more = failures === 0 ? "" : ` and ${failures} remembered ${failures === 1 ? "failure" : "failures"}`;
  host.writeStdout(`${what}${more} removed\n`);
}

function path(host: Host): void {
  const directory = locate(cacheLocations(host.env), host);
  if (directory === undefined) {
    throw new Gcp2awsError("LOCAL_CACHE", "there is no place for a cache: no home directory is known", {
      hint: "set HOME, or GCP2AWS_CACHE_DIR to a directory of this user's own",
    });
  }
  host.writeStdout(`${directory}\n`);
}

function withStore<T>(host: Host, use: (store: FileStore) => T): T | undefined {
  const store = openStore(cacheLocations(host.env), host, false);
  if (store === undefined) return undefined;
  try {
    return use(store);
  } finally {
    store.close();
  }
}

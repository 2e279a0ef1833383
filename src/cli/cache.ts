import type { Command } from "commander";
import { parseEntry, parseFailure } from "../cache/entry.ts";
import { type FileStore, locate, openStore } from "../cache/file-store.ts";
import { kindOfName } from "../cache/sweep.ts";
import { cacheLocations } from "../config/surroundings.ts";
import { formatExpiration } from "../credentials.ts";
import { duration } from "../duration.ts";
import { formatError, Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { CommandContext } from "./commands.ts";

/** What people may see of the cache. */
interface Listing {
  entries: {
    role: string;
    audience: string;
    source: string;
    /** As credential_process prints it. */
    expiration: string;
    ageSeconds: number;
  }[];
  /** Refreshes that failed and are not tried again at once. */
  failures: { role: string; code: string; message: string; agoSeconds: number; inRow: number }[];
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
    .description("role, audience, source, expiration and age of each, and what failed; no secrets")
    .option("--json", "print one line of JSON")
    .action(({ json }: { json?: true }) => list(host, json === true));
  cache
    .command("clear")
    .description("forget all credentials and failures; AWS sessions that were issued live on until they expire")
    .action(() => clear(host));
  cache
    .command("path")
    .description("print the directory")
    .action(() => host.writeStdout(`${directoryOf(host)}\n`));
}

function list(host: Host, json: boolean): void {
  const problems: Gcp2awsError[] = [];
  const listing = withStore(host, (store) => listingOf(store, host, problems)) ?? { entries: [], failures: [] };
  host.writeStdout(json ? `${JSON.stringify(listing)}\n` : describe(listing, host.now()));
  const last = problems.pop();
  for (const problem of problems) host.writeStderr(formatError(problem));
  if (last !== undefined) throw last;
}

function listingOf(store: FileStore, host: Host, problems: Gcp2awsError[]): Listing {
  const listing: Listing = { entries: [], failures: [] };
  const ago = (time: number) => Math.max(0, Math.round((host.now() - time) / 1000));
  for (const name of store.names().toSorted()) {
    const kind = kindOfName(name);
    if (kind !== "entry" && kind !== "failure") continue;
    let text: string;
    try {
      text = store.read(name) ?? "";
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) throw error;
      problems.push(error);
      continue;
    }
    const entry = kind === "entry" ? parseEntry(text, host.sha256) : undefined;
    const failure = kind === "failure" ? parseFailure(text, host.sha256) : undefined;
    if (entry !== undefined) {
      listing.entries.push({
        role: printable(entry.roleArn, 200),
        audience: printable(entry.audience, 200),
        source: printable(entry.source, 100),
        expiration: formatExpiration(entry.credentials.expiration),
        ageSeconds: ago(entry.issuedAt),
      });
    }
    if (failure !== undefined) {
      const { code, message, failedAt, count } = failure;
      const role = printable(failure.roleArn, 200);
      listing.failures.push({ role, code, message: printable(message), agoSeconds: ago(failedAt), inRow: count });
    }
  }
  return listing;
}

function describe({ entries, failures }: Listing, now: number): string {
  const rows = entries.map(({ role, audience, source, expiration, ageSeconds }) => {
    const left = Date.parse(expiration) - now;
    return [role, audience, source, expiration, left > 0 ? duration(left) : "expired", duration(ageSeconds * 1000)];
  });
  const lines =
    rows.length === 0
      ? ["no credentials in the cache"]
      : table(["ROLE", "AUDIENCE", "SOURCE", "EXPIRES", "LEFT", "AGE"], rows);
  for (const { role, code, message, agoSeconds, inRow } of failures) {
    const row = inRow > 1 ? `, ${inRow} times in a row` : "";
    lines.push(`failed ${duration(agoSeconds * 1000)} ago${row}: ${role}: ${message} [${code}]`);
  }
  return `${lines.join("\n")}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function clear(host: Host): void {
  const directory = directoryOf(host);
  const kinds = withStore(host, (store) => {
    // Locks and what is being written are left to those who hold them.
    const names = store.names().filter((name) => kindOfName(name) === "entry" || kindOfName(name) === "failure");
    for (const name of names) store.remove(name);
    return names.map(kindOfName);
  });
  const counted = (kind: string, one: string, many: string) => {
    const count = kinds?.filter((each) => each === kind).length ?? 0;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  };
  const what = [
    ...counted("entry", "entry", "entries"),
    ...counted("failure", "remembered failure", "remembered failures"),
  ];
  host.writeStdout(
    what.length === 0 ? `nothing in ${directory}\n` : `${what.join(" and ")} removed from ${directory}\n`,
  );
}

/** @throws Gcp2awsError LOCAL_CACHE where there is no place for one */
function directoryOf(host: Host): string {
  const directory = locate(cacheLocations(host.env), host);
  if (directory !== undefined) return directory;
  throw new Gcp2awsError("LOCAL_CACHE", "there is no place for a cache: no home directory is known", {
    hint: "set HOME, or GCP2AWS_CACHE_DIR to a directory of this user's own",
  });
}

function withStore<T>(host: Host, use: (store: FileStore) => T): T | undefined {
  directoryOf(host);
  const store = openStore(cacheLocations(host.env), host, false);
  if (store === undefined) return undefined;
  try {
    return use(store);
  } finally {
    store.close();
  }
}

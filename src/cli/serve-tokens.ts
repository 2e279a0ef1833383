import { type CacheLocation, type FileStore, openStore } from "../cache/file-store.ts";
import { cacheLocations } from "../config/surroundings.ts";
import { withTurn } from "../delivery/edit-file.ts";
import { randomToken } from "../delivery/serve/secret.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { FileError, type Host } from "../host.ts";

/**
 * The file with the token of each role, by its name, where one is given.
 * @param tokenFile `NAME=FILE`, or FILE where there is one role
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function tokenFilesOf(
  tokenFile: readonly string[],
  targets: readonly { name: string }[],
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const text of tokenFile) {
    const named = targets.find(({ name }) => text.startsWith(`${name}=`));
    const only = targets.length === 1 ? targets[0] : undefined;
    const target = named ?? only;
    if (target === undefined)
      throw invalid(
        `--token-file "${printable(text, 100)}": must be NAME=FILE`,
        `NAME is one of ${targets.map(({ name }) => name).join(" ")}`,
      );
    if (files.has(target.name))
      throw invalid(`--token-file: "${printable(target.name, 80)}" has two`, "each role has one token");
    files.set(target.name, named === undefined ? text : text.slice(named.name.length + 1));
  }
  return files;
}

/**
 * The token of each role by its name, read anew at each call.
 * @param files see {@link tokenFilesOf}; a role without one gets a token of our own
 * @throws Gcp2awsError LOCAL_CACHE; the returned function also LOCAL_FILE
 */
export async function tokensOf(
  files: ReadonlyMap<string, string>,
  targets: readonly { name: string }[],
  host: Host,
): Promise<(name: string) => string> {
  const own = new Map<string, string>();
  for (const { name } of targets) if (!files.has(name)) own.set(name, await makeOwnToken(name, host));
  return (name) => {
    const file = files.get(name);
    // One that was removed meanwhile is still what clients have.
    return file === undefined ? (readOwnToken(name, host) ?? own.get(name) ?? "") : given(file, host.readText(file));
  };
}

function given(file: string, text: string): string {
  const token = text.trim();
  if (/^[\u0021-\u007e]{16,1024}$/.test(token)) return token;
  throw new Gcp2awsError(
    "LOCAL_FILE",
    `${printable(file)}: not a token: it must be one line of 16 to 1024 printable characters`,
    {
      hint: "make one: head -c 32 /dev/urandom | base64 > FILE",
    },
  );
}

/** A token that was made before, or a new one: a server and `--print-env` that start together must have the same. */
function makeOwnToken(name: string, host: Host): Promise<string> {
  return withOwnFiles(host, (store) =>
    withTurn(`${store.path}/${name}.token.lock`, `${store.directory}/${fileOf(name)}`, host, () => {
      const kept = read(store, name);
      if (kept !== undefined) return kept;
      const token = randomToken();
      store.write(fileOf(name), `${token}\n`);
      return token;
    }),
  );
}

function readOwnToken(name: string, host: Host): string | undefined {
  const store = openStore(ownLocations(host), host, false);
  if (store === undefined) return undefined;
  try {
    return read(store, name);
  } finally {
    store.close();
  }
}

async function withOwnFiles<T>(host: Host, use: (store: FileStore) => Promise<T>): Promise<T> {
  let store: FileStore | undefined;
  try {
    store = openStore(ownLocations(host), host, true);
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || error.code !== "LOCAL_CACHE") throw error;
    throw new Gcp2awsError(error.code, error.message, { hint: "give --token-file, or mend that directory" });
  }
  if (store === undefined)
    throw invalid(
      "--token-file is missing, and there is no place for a token of our own",
      "give --token-file, or set GCP2AWS_CACHE_DIR",
    );
  try {
    return await use(store);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new Gcp2awsError("LOCAL_CACHE", `no token made in ${printable(store.directory)}: ${error.code}`, {
      hint: "give --token-file, or check that directory and its disk",
    });
  } finally {
    store.close();
  }
}

/**
 * Files that only this user may read. Not of one login, whose directory a service does not have, unless there is no other: a server
 * and its clients must have the same.
 */
function ownLocations(host: Host): CacheLocation[] {
  const locations = cacheLocations(host.env);
  const lasting = locations.filter(({ within }) => within === undefined);
  const chosen = lasting.length > 0 ? lasting : locations;
  return chosen.map(({ directory, within }) => ({ directory: `${directory}/serve`, within }));
}

const fileOf = (name: string) => `${name}.token`;

function read(store: FileStore, name: string): string | undefined {
  const text = store.read(fileOf(name));
  return text === undefined ? undefined : given(`${store.directory}/${fileOf(name)}`, text);
}

function invalid(message: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", message, { hint });
}

import { openStore } from "../cache/file-store.ts";
import { cacheLocations } from "../config.ts";
import { randomToken } from "../delivery/serve/secret.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";

/**
 * The token of each role by its name, read anew at each call.
 * @param tokenFile `NAME=FILE`, or FILE where there is one role
 * @throws Gcp2awsError USAGE_INVALID_VALUE; the returned function also LOCAL_FILE and LOCAL_CACHE
 */
export function tokensOf(
  tokenFile: readonly string[],
  targets: readonly { name: string }[],
  host: Host,
): (name: string) => string {
  const files = new Map<string, string>();
  for (const text of tokenFile) {
    const at = text.indexOf("=");
    const named = targets.find(({ name }) => at !== -1 && name === text.slice(0, at));
    const only = targets.length === 1 ? targets[0] : undefined;
    const target = named ?? only;
    if (target === undefined)
      throw invalid(
        `--token-file "${printable(text, 100)}": must be NAME=FILE`,
        `NAME is one of ${targets.map(({ name }) => name).join(" ")}`,
      );
    files.set(target.name, named === undefined ? text : text.slice(at + 1));
  }
  return (name) => {
    const file = files.get(name);
    return file === undefined ? ownToken(name, host) : given(file, host.readText(file));
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

/** A token that was made before, or a new one, in files that only this user may read. */
function ownToken(name: string, host: Host): string {
  const locations = cacheLocations(host.env).map(({ directory, within }) => ({
    directory: `${directory}/serve`,
    within,
  }));
  const store = openStore(locations, host, true);
  if (store === undefined)
    throw invalid(
      "--token-file is missing, and there is no place for a token of our own",
      "give --token-file, or set GCP2AWS_CACHE_DIR",
    );
  try {
    const file = `${name}.token`;
    const kept = store.read(file);
    if (kept !== undefined) return given(`${store.directory}/${file}`, kept);
    const token = randomToken();
    store.write(file, `${token}\n`);
    return token;
  } finally {
    store.close();
  }
}

function invalid(message: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", message, { hint });
}

import { type FileStore, openStore } from "../cache/file-store.ts";
import { recordsFor } from "../cache/records.ts";
import type { Config } from "../config.ts";
import type { Credentials } from "../credentials.ts";
import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { type Check, failure, ok, skipped } from "./check.ts";
import { callerOf } from "./caller.ts";

/** The credentials that programs have from the cache until they near their end, used once: those of a session can be taken back. */
export const keptCheck: Check = {
  id: "kept",
  title: "credentials in the cache",
  needs: ["caller", "cache"],
  run: async ({ host, deadline, learned: { config, settled } }) => {
    if (config === undefined || settled === undefined) return skipped("no configuration");
    const credentials = kept(config, host);
    if (credentials === undefined) return skipped("none are kept");
    try {
      return ok(await callerOf(credentials, settled, host, deadline));
    } catch (error) {
      // A network that is away just now says nothing of the credentials.
      if (!(error instanceof Gcp2awsError) || error.code !== "STS_REQUEST_REJECTED") throw error;
      return failure("LOCAL_CACHE", ["AWS does not take what programs are given until then", error.message], {
        text: "forget what is kept; the role may have been made again, or its sessions revoked",
        commands: ["gcp2aws cache clear"],
      });
    }
  },
};

/** What programs would be given just now; none from a cache that is not used, of which its own check tells. */
function kept(config: Config, host: Host): Credentials | undefined {
  let store: FileStore | undefined;
  try {
    store = openStore(config.cacheLocations, host, false);
    const entry = store === undefined ? undefined : recordsFor(config, store, host).entry();
    return entry === undefined || entry.expiresAt <= host.now() ? undefined : entry.credentials;
  } catch (error) {
    if (error instanceof Gcp2awsError && error.code === "LOCAL_CACHE") return undefined;
    throw error;
  } finally {
    store?.close();
  }
}

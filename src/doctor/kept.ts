import { openStore } from "../cache/file-store.ts";
import { recordsFor } from "../cache/records.ts";
import { Gcp2awsError } from "../errors.ts";
import { type Check, failure, ok, skipped } from "./check.ts";
import { callerOf } from "./caller.ts";

/** The credentials that programs have from the cache until they near their end, used once: those of a session can be taken back. */
export const keptCheck: Check = {
  id: "kept",
  title: "credentials in the cache",
  needs: ["caller", "cache"],
  run: async ({ host, deadline, learned: { config, settled } }) => {
    if (config === undefined || settled === undefined) return skipped("no configuration");
    const store = openStore(config.cacheLocations, host, false);
    if (store === undefined) return skipped("none are kept");
    try {
      const entry = recordsFor(config, store, host).entry();
      if (entry === undefined || entry.expiresAt <= host.now()) return skipped("none are kept for this role");
      return ok(await callerOf(entry.credentials, settled, host, deadline));
    } catch (error) {
      // A network that is away just now says nothing of the credentials.
      if (!(error instanceof Gcp2awsError) || error.code !== "STS_REQUEST_REJECTED") throw error;
      return failure("LOCAL_CACHE", ["AWS does not take what programs are given until then", error.message], {
        text: "forget what is kept; the role may have been made again, or its sessions revoked",
        commands: ["gcp2aws cache clear"],
      });
    } finally {
      store.close();
    }
  },
};

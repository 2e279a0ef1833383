import { locate, openStore } from "../cache/file-store.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { shellWord } from "../shell-word.ts";
import { type Check, ok, skipped, warning } from "./check.ts";

/** The directory that credentials are kept in. Where it cannot be used each call asks AWS. */
export const cacheCheck: Check = {
  id: "cache",
  title: "cache directory",
  needs: ["flags"],
  run: ({ host, learned }) => {
    const locations = learned.config?.cacheLocations ?? [];
    if (locations.length === 0) return skipped("the cache is switched off, or there is no home for it");
    const directory = locate(locations, host) ?? "";
    try {
      const store = openStore(locations, host, false);
      if (store === undefined) return ok(`${printable(directory)}: not there yet`);
      try {
        if (store.canWrite("doctor")) return ok(printable(directory));
      } finally {
        store.close();
      }
      return warning("LOCAL_CACHE", [`${printable(directory)}: cannot be written`], {
        text: "make room there, or set GCP2AWS_CACHE_DIR to a directory of this user's own",
      });
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) throw error;
      const [, mode, path] = /^chmod (\d+) (.*); or set /.exec(error.hint ?? "") ?? [];
      return warning(error.code, [error.message, "every call asks AWS anew"], {
        text: error.hint ?? "",
        ...(mode === undefined || path === undefined ? {} : { commands: [`chmod ${mode} ${shellWord(path)}`] }),
      });
    }
  },
};

import type { Command } from "commander";
import { askOnce } from "../cache/ask-once.ts";
import type { Entry } from "../cache/entry.ts";
import { type Config, REFRESH_NOW } from "../config.ts";
import type { Host } from "../host.ts";
import { questionOf } from "../provider.ts";
import { obtain } from "./obtain-lazily.ts";
import { argvOf } from "./pipe-flags.ts";

/**
 * The credentials that credential-process would print for this command's flags, from the same cache.
 * @throws Gcp2awsError
 */
export function askCached(command: Command, config: Config, host: Host): Promise<Entry> {
  const refreshInBackground = () =>
    host.startDetached(["credential-process", ...argvOf(command)], { [REFRESH_NOW]: "1" });
  return askOnce({ ...questionOf(config, host, obtain), refreshInBackground })();
}

import { type FlagValues } from "../config/read.ts";
import { readConfig, REFRESH_NOW } from "../config.ts";
import { formatCredentialProcess } from "../delivery/process.ts";
import type { Host } from "../host.ts";
import { createProvider, type Delivery } from "../provider.ts";
import { parseFlags } from "./parse-flags.ts";

/**
 * `gcp2aws credential-process`: credentials as one line of JSON on stdout, and nothing else there.
 * @param argv the flags, and the name of a target
 * @param withTarget adds the flags of the target that is named; loaded only then
 * @returns "help" where help was asked for, and nothing has been done
 * @throws Gcp2awsError
 */
export async function credentialProcess(
  argv: readonly string[],
  host: Host,
  obtain: Delivery["obtain"],
  withTarget: (given: FlagValues) => Promise<FlagValues>,
): Promise<"done" | "help"> {
  const given = parseFlags(argv);
  if (given === "help") return "help";
  const flags = given["target"] === undefined ? given : await withTarget(given);
  const provide = createProvider(readConfig(flags, host.env, host.readText), host, {
    obtain,
    refreshInBackground: () => host.startDetached(["credential-process", ...argv], { [REFRESH_NOW]: "1" }),
  });
  host.writeStdout(formatCredentialProcess(await provide()));
  return "done";
}

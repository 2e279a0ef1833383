import { readConfig, REFRESH_NOW } from "../config.ts";
import { formatCredentialProcess } from "../delivery/process.ts";
import type { Host } from "../host.ts";
import { createProvider, type Delivery } from "../provider.ts";
import { parseFlags } from "./parse-flags.ts";

/**
 * `gcp2aws credential-process`: credentials as one line of JSON on stdout, and nothing else there.
 * @param argv the flags
 * @returns "help" where help was asked for, and nothing has been done
 * @throws Gcp2awsError
 */
export async function credentialProcess(
  argv: readonly string[],
  host: Host,
  obtain: Delivery["obtain"],
): Promise<"done" | "help"> {
  const flags = parseFlags(argv);
  if (flags === "help") return "help";
  const provide = createProvider(readConfig(flags, host.env), host, {
    obtain,
    refreshInBackground: () => host.startDetached(["credential-process", ...argv], { [REFRESH_NOW]: "1" }),
  });
  host.writeStdout(formatCredentialProcess(await provide()));
  return "done";
}

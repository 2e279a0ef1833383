import { readConfig } from "../config.ts";
import { formatCredentialProcess } from "../delivery/process.ts";
import type { Host } from "../host.ts";
import { createProvider } from "../provider.ts";
import type { FlagValues } from "../config.ts";

/** `gcp2aws credential-process`: credentials as one line of JSON on stdout, and nothing else there. */
export async function credentialProcess(flags: FlagValues, host: Host): Promise<void> {
  const provide = createProvider(readConfig(flags, host.env), host);
  host.writeStdout(formatCredentialProcess(await provide()));
}

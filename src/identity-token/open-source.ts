import type { Host } from "../host.ts";
import type { SourceConfig } from "../source-config.ts";
import { tokenFile, tokenVariable } from "./given-token.ts";
import { metadataServer } from "./metadata-server.ts";
import type { IdentityTokenSource } from "./source.ts";

/** The source that the configuration names; what only some need is loaded for those. */
export async function openSource(
  { source, audience, waitMs }: { source: SourceConfig; audience: string; waitMs: number | undefined },
  host: Host,
): Promise<IdentityTokenSource> {
  switch (source.kind) {
    case "metadata":
      return metadataServer({ ...source, audience, waitMs }, host);
    case "file":
      return tokenFile(source, host);
    default:
      return tokenVariable(source, host);
  }
}

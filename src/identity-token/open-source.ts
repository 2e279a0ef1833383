import type { Host } from "../host.ts";
import { throughNetwork } from "../network.ts";
import type { Network } from "../network-config.ts";
import type { SourceConfig } from "../source-config.ts";
import { tokenFile, tokenVariable } from "./given-token.ts";
import { metadataServer } from "./metadata-server.ts";
import type { IdentityTokenSource } from "./source.ts";

export interface SourceOptions extends Network {
  source: SourceConfig;
  audience: string;
  /** See metadata-server.ts. */
  waitMs: number | undefined;
}

/** The source that the configuration names; what only some need is loaded for those. */
export async function openSource(options: SourceOptions, host: Host): Promise<IdentityTokenSource> {
  const { source, audience, waitMs } = options;
  switch (source.kind) {
    case "metadata":
      return metadataServer({ ...source, audience, waitMs }, host);
    case "file":
      return tokenFile(source, host);
    case "command": {
      const [{ tokenCommand }, { runProgram }] = await Promise.all([
        import("./token-command.ts"),
        import("../host/run-program.ts"),
      ]);
      return tokenCommand({ ...source, audience }, host, runProgram);
    }
    case "impersonation": {
      const [{ impersonation }, { callerToken }] = await Promise.all([
        import("./impersonation.ts"),
        import("./application-default.ts"),
      ]);
      const google = throughNetwork(host, options, "google");
      const login = (deadline: number) => callerToken(source.caller, waitMs, host, google, deadline);
      return impersonation({ ...source, audience }, login, google);
    }
    case "application-default": {
      const { applicationDefault } = await import("./application-default.ts");
      return applicationDefault({ ...source, audience }, throughNetwork(host, options, "google"));
    }
    default:
      return tokenVariable(source, host);
  }
}

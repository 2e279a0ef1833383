import type { Config } from "../config.ts";
import type { Log } from "../delivery/serve/log.ts";
import type { Metrics } from "../delivery/serve/metrics.ts";
import type { ServedRole } from "../delivery/serve/role.ts";
import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { createKeeper } from "../keeper.ts";
import { obtain } from "../obtain.ts";

/** A role whose credentials this process keeps, with what happens to them counted and logged. */
export function keepRole(name: string, config: Config, host: Host, metrics: Metrics, log: Log): ServedRole {
  let failed: string | undefined;
  const observed: Host = {
    ...host,
    stderrIsTerminal: () => false,
    warn: ({ code, message }) => {
      // What failed in the exchange has its line already.
      if (failed === undefined || !message.includes(failed))
        log.write("warn", "warning", { role: name, code, message });
    },
  };
  const keeper = createKeeper(config, observed, async (...what) => {
    const began = host.ticks();
    const seconds = () => (host.ticks() - began) / 1000;
    try {
      const issued = await obtain(...what);
      failed = undefined;
      metrics.exchanged(name, seconds(), undefined);
      log.write("info", "exchanged", { role: name, expiration: issued.credentials.expiration.toISOString() });
      return issued;
    } catch (error) {
      const { code, message, hint } =
        error instanceof Gcp2awsError ? error : { code: "INTERNAL", message: "", hint: "" };
      failed = message;
      metrics.exchanged(name, seconds(), code);
      log.write("error", "exchange failed", { role: name, code, message, hint });
      throw error;
    }
  });
  return { name, roleArn: config.roleArn, ask: keeper.ask, held: keeper.held };
}

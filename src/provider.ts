import { askOnce } from "./cache/ask-once.ts";
import { entryOf } from "./cache/refresh.ts";
import type { Config } from "./config.ts";
import type { Credentials, Issued } from "./credentials.ts";
import type { Host } from "./host.ts";

/** What a way of delivery brings along. */
export interface Delivery {
  /** New credentials, see obtain.ts; apart, so that a cached answer need not load it. */
  obtain: (config: Config, host: Host, deadline: number) => Promise<Issued>;
  /** Has the cached credentials refreshed without anybody waiting for it. */
  refreshInBackground: () => void;
}

/**
 * The whole program: a Google identity token goes in, AWS credentials come out, asked for once and kept until they near
 * their end. Each call is answered within `config.timeoutMs`.
 * @throws Gcp2awsError
 */
export function createProvider(config: Config, host: Host, delivery: Delivery): () => Promise<Credentials> {
  const ask = askOnce({
    config,
    host,
    obtain: async (deadline) => {
      const issued = await delivery.obtain(config, host, deadline);
      const source = `metadata server, ${config.serviceAccount}`;
      const { roleArn, audience } = config;
      return entryOf(issued, { roleArn, audience, source }, host.now(), host.random());
    },
    refreshInBackground: delivery.refreshInBackground,
  });
  return async () => (await ask()).credentials;
}

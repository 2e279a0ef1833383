import { askOnce, type Question } from "./cache/ask-once.ts";
import { entryOf } from "./cache/refresh.ts";
import type { Config } from "./config.ts";
import { askedSeconds, type Credentials, type Held, type Issued } from "./credentials.ts";
import type { Host } from "./host.ts";
import { nameOfSource } from "./source-config.ts";

/** New credentials, see obtain.ts; passed in, so that a cached answer need not load it. */
export type Obtain = (config: Config, host: Host, deadline: number) => Promise<Issued>;

/** What a way of delivery that lives for one answer brings along. */
export interface Delivery {
  obtain: Obtain;
  /** Has the cached credentials refreshed without anybody waiting for it. */
  refreshInBackground: () => void;
}

/**
 * The whole program: a Google identity token goes in, AWS credentials come out, asked for once and kept until they near
 * their end. Each call is answered within `config.timeoutMs`.
 * @throws Gcp2awsError
 */
export function createProvider(config: Config, host: Host, delivery: Delivery): () => Promise<Credentials> {
  const question = questionOf(config, host, delivery.obtain);
  const ask = askOnce({ ...question, refreshInBackground: delivery.refreshInBackground });
  return async () => (await ask()).credentials;
}

/** What the cache is asked, see cache/ask-once.ts and cache/memory.ts. */
export function questionOf(config: Config, host: Host, obtain: Obtain): Omit<Question, "refreshInBackground"> {
  const { roleArn, audience } = config;
  const about = { roleArn, audience, source: nameOfSource(config.source) };
  return {
    config,
    host,
    obtain: async (deadline, held) => {
      const issued = await obtain(config.longest ? remembering(config, held()) : config, host, deadline);
      return entryOf(issued, about, host.now(), host.random());
    },
  };
}

/** What the role was found to allow is what it gave the last time. */
function remembering(config: Config, last: Held | undefined): Config {
  if (last === undefined) return config;
  return { ...config, durationSeconds: askedSeconds(last) };
}

import { type Keeper, keepAsking } from "./cache/memory.ts";
import type { Config } from "./config.ts";
import type { Host } from "./host.ts";
import { type Obtain, questionOf } from "./provider.ts";

export type { Keeper };

/** How late a refresh that nobody asks for can be, and how long a jump of the clock goes unnoticed. */
const TEND_MS = 10_000;

/** The pipe of provider.ts for a process that lives on: answers come from memory, refreshes happen in this process. */
export function createKeeper(config: Config, host: Host, obtain: Obtain): Keeper {
  return keepAsking(questionOf(config, host, obtain));
}

/**
 * Has credentials refreshed before anybody asks for them, until the returned function is called.
 * @param every calls an action again and again, see host/timers.ts
 */
export function tend(
  keeper: { ask: () => Promise<unknown> },
  every: (ms: number, action: () => void) => () => void,
): () => void {
  return every(TEND_MS, () => {
    // What fails is remembered and said by the keeper itself.
    keeper.ask().catch(() => {});
  });
}

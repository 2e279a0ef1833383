import type { Config } from "../config.ts";
import type { Credentials } from "../credentials.ts";
import { type ErrorCode, Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { obtain } from "../obtain.ts";

/** IAM takes its time to be of one mind, on both clouds: a minute or two at the most. */
const PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Whether it works, by one exchange.
 * @param isNew whether something was changed just now, so that a refusal may pass
 * @throws Gcp2awsError as `credential-process` does
 */
export function check(config: Config, isNew: boolean, host: Host, say: (text: string) => void): Promise<Credentials> {
  const refusals: readonly ErrorCode[] = isNew ? ["STS_ACCESS_DENIED", "STS_TOKEN_REJECTED"] : [];
  return patiently(refusals, host, say, async () => {
    return (await obtain(config, host, host.ticks() + config.timeoutMs)).credentials;
  });
}

/**
 * What `action` gives, tried again for two minutes while it is refused in one of these ways.
 * @throws Gcp2awsError the last
 */
export async function patiently<T>(
  refusals: readonly ErrorCode[],
  host: Pick<Host, "ticks" | "sleep">,
  say: (text: string) => void,
  action: () => Promise<T>,
): Promise<T> {
  const giveUp = host.ticks() + PATIENCE_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await action();
    } catch (error) {
      const passes = error instanceof Gcp2awsError && refusals.includes(error.code);
      if (!passes || host.ticks() + pause > giveUp) throw error;
      const left = Math.round((giveUp - host.ticks()) / 1000);
      say(`not yet (${error.code}): what was changed just now takes a while; trying again, for ${left} s at most`);
    }
    await host.sleep(pause);
  }
}

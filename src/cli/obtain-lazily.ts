import type { Obtain } from "../provider.ts";

/** What a cached answer does not need is loaded when it is needed. */
export const obtain: Obtain = async (config, host, deadline) => {
  const { obtain: load } = await import("../obtain.ts");
  return load(config, host, deadline);
};

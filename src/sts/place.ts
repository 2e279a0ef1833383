import type { StsConfig } from "../sts-config.ts";
import { stsEndpoint } from "./endpoint.ts";

export interface Fallback {
  region: string;
  endpoint: string;
}

/** Where STS is. */
export interface StsPlace {
  region: string;
  stsEndpoint: string;
  /** In the order in which they are asked. */
  fallbacks: readonly Fallback[];
}

/** @param region the configuration's own, or what `auto` stands for */
export function placeOf(config: StsConfig, region: string): StsPlace {
  const others = config.fallbackRegions.filter((other, at, all) => other !== region && all.indexOf(other) === at);
  return {
    region,
    stsEndpoint: config.endpoint ?? stsEndpoint(region, config),
    fallbacks: others.map((other) => ({ region: other, endpoint: stsEndpoint(other, config) })),
  };
}

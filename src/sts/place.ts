import type { StsConfig } from "../sts-config.ts";
import { stsEndpoint } from "./endpoint.ts";

/** Where STS is. */
export interface StsPlace {
  region: string;
  stsEndpoint: string;
  fallbackEndpoints: readonly string[];
}

/**
 * @param region the configuration's own, or what `auto` stands for
 * @param endpoint the configuration's own, or the profile's
 */
export function placeOf(config: StsConfig, region: string, endpoint: string | undefined): StsPlace {
  return {
    region,
    stsEndpoint: endpoint ?? stsEndpoint(region, config),
    fallbackEndpoints: config.fallbackRegions.map((other) => stsEndpoint(other, config)),
  };
}

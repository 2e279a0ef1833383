/** In place of a region: the one nearest to where this workload runs, see sts/nearest-region.ts. */
export const AUTO = "auto";

/** Which STS is to be asked, as far as it is known before anything is looked at. */
export interface StsConfig {
  /** Or {@link AUTO}. */
  region: string;
  /** Given by hand; undefined for the region's own. */
  endpoint: string | undefined;
  fips: boolean;
  dualStack: boolean;
  /** The profile of the AWS config file in which an endpoint may stand, and that file; empty where none is looked for. */
  profile: string;
  /** Asked in this order where STS is away. */
  fallbackRegions: readonly string[];
}

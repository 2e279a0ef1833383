import { endpointOf } from "./aws-files/endpoint.ts";
import { parseAwsFile } from "./aws-files/parse.ts";
import { awsConfigOf } from "./config/surroundings.ts";
import { type Config } from "./config.ts";
import { Gcp2awsError, printable } from "./errors.ts";
import type { Host } from "./host.ts";
import { decodeClaims } from "./identity-token/claims.ts";
import { metadataZone } from "./identity-token/metadata-zone.ts";
import { openSource } from "./identity-token/open-source.ts";
import { isEndpointUrl } from "./endpoint-url.ts";
import { nearestRegion } from "./sts/nearest-region.ts";
import { AUTO } from "./sts-config.ts";
import { placeOf, type StsPlace } from "./sts/place.ts";

/** Where STS is, once the profile and the machine have been looked at. */
export type Settled = Config & StsPlace;

/**
 * Finds the endpoint that the profile names (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html) and the region
 * for `--region auto`.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError USAGE_INVALID_VALUE, and for `auto` of the class `identity`
 */
export async function settle(config: Config, host: Host, deadline: number): Promise<Settled> {
  const { sts } = config;
  const endpoint = sts.endpoint ?? (sts.inProfile ? profileEndpoint(host) : undefined);
  const region = sts.region === AUTO ? await ownRegion(config, host, deadline) : sts.region;
  return { ...config, ...placeOf(sts, region, endpoint) };
}

function profileEndpoint(host: Host): string | undefined {
  const { text, path, profile } = awsConfigOf(host.env, host.readText);
  // Most files name none, and are not read any further.
  const found = text.includes("endpoint_url") ? endpointOf(parseAwsFile(text, "config"), profile) : undefined;
  if (found === undefined || isEndpointUrl(found.url)) return found?.url;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `${printable(path)}, line ${found.line}: "${printable(found.url, 100)}": must be an https URL (http on loopback only) without user name, query and fragment`,
    { hint: "mend that line, or set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true" },
  );
}

async function ownRegion(config: Config, host: Host, deadline: number): Promise<string> {
  const place = await placeOfWorkload(config, host, deadline);
  const region = place === undefined ? undefined : nearestRegion(place);
  if (region !== undefined) return region;
  const why =
    place === undefined ? "the token names no zone" : `no region is known to be near "${printable(place, 60)}"`;
  throw new Gcp2awsError("USAGE_INVALID_VALUE", `--region auto: ${why}`, {
    hint: "give --region, or set AWS_REGION, to the name of a region",
  });
}

async function placeOfWorkload(config: Config, host: Host, deadline: number): Promise<string | undefined> {
  const { source, waitMs } = config;
  if (source.kind === "metadata") return metadataZone({ ...source, waitMs }, host, deadline);
  // The workload asks for another account's token; it is still where it is.
  if (source.kind === "impersonation" && source.caller.credentialsFile === "") {
    return metadataZone({ ...source.caller.metadata, waitMs }, host, deadline);
  }
  const mint = await openSource(config, host);
  return decodeClaims(await mint(deadline)).values["zone"];
}

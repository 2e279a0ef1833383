import { endpointSettings } from "./aws-files/endpoint.ts";
import { parseAwsFile } from "./aws-files/parse.ts";
import { awsConfigOf } from "./config/surroundings.ts";
import { type Config } from "./config.ts";
import { Gcp2awsError, printable } from "./errors.ts";
import type { Host } from "./host.ts";
import { userFiles } from "./host/user-files.ts";
import { decodeClaims } from "./identity-token/claims.ts";
import { metadataZone } from "./identity-token/metadata-zone.ts";
import { openSource } from "./identity-token/open-source.ts";
import { isEndpointUrl } from "./endpoint-url.ts";
import { nearestRegion } from "./sts/nearest-region.ts";
import { AUTO, type StsConfig } from "./sts-config.ts";
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
  const sts = config.sts.profile === "" ? config.sts : byProfile(config.sts, host);
  const region = sts.region === AUTO ? await ownRegion(config, host, deadline) : sts.region;
  return { ...config, sts, ...placeOf(sts, region) };
}

const SETTINGS = /endpoint_url|use_fips_endpoint|use_dualstack_endpoint/;

function byProfile(sts: StsConfig, host: Host): StsConfig {
  const { text, path, profile } = awsConfigOf(host.env, host.readText);
  // Most files name none, and are not read any further.
  if (!SETTINGS.test(text)) return sts;
  const { endpoint, fips, dualStack } = endpointSettings(parseAwsFile(text, "config"), profile);
  const all = { ...sts, fips: sts.fips || fips, dualStack: sts.dualStack || dualStack };
  if (endpoint === undefined) return all;
  const refuse = (why: string, hint: string): Gcp2awsError =>
    new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `${printable(path)}, line ${endpoint.line}: "${printable(endpoint.url, 100)}": ${why}`,
      {
        hint: `${hint}, or set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`,
      },
    );
  if (!isEndpointUrl(endpoint.url)) {
    throw refuse(
      "must be an https URL (http on loopback only) without user name, query and fragment",
      "mend that line, give STS one of its own in a services section, or give --sts-endpoint",
    );
  }
  if (all.fips || all.dualStack)
    throw refuse("FIPS and dual stack need the region's own endpoint", "leave out one of them");
  if (sts.fallbackRegions.length > 0)
    throw refuse("--fallback-region goes with the region's own endpoint", "leave out one of them");
  checkTrusted(path, host);
  return { ...all, endpoint: endpoint.url };
}

/** Where the token goes is for nobody else to say. */
function checkTrusted(path: string, host: Host): void {
  const refuse = (why: string): Gcp2awsError =>
    new Gcp2awsError("LOCAL_FILE", `${printable(path)}: its STS endpoint is not used: ${why}`, {
      hint: "see what is in it, then make it this user's own and chmod o-w, or set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
    });
  host.files.read(userFiles.realPath(path), MAX_BYTES, ({ uid, mode }) => {
    if (uid !== 0 && uid !== host.files.uid()) throw refuse(`the file belongs to user ${uid}`);
    if ((mode & 0o002) !== 0) throw refuse("everybody may write the file");
  });
}

/** More than host.readText gives. */
const MAX_BYTES = 16 * 1024 * 1024;

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

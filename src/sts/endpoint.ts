/** DNS suffixes of a partition, from the endpoint rules that the AWS SDKs share (botocore's partitions.json). */
interface Partition {
  name: string;
  regionPrefix: string;
  suffix: string;
  dualStackSuffix: string;
}

/** The first whose prefix fits; a region of no other partition is one of `aws`, as in the SDKs. */
const partitions: readonly Partition[] = [
  { name: "aws-cn", regionPrefix: "cn-", suffix: "amazonaws.com.cn", dualStackSuffix: "api.amazonwebservices.com.cn" },
  { name: "aws-us-gov", regionPrefix: "us-gov-", suffix: "amazonaws.com", dualStackSuffix: "api.aws" },
  { name: "aws-eusc", regionPrefix: "eusc-", suffix: "amazonaws.eu", dualStackSuffix: "api.amazonwebservices.eu" },
  { name: "aws-iso", regionPrefix: "us-iso-", suffix: "c2s.ic.gov", dualStackSuffix: "api.aws.ic.gov" },
  { name: "aws-iso-b", regionPrefix: "us-isob-", suffix: "sc2s.sgov.gov", dualStackSuffix: "api.aws.scloud" },
  { name: "aws-iso-e", regionPrefix: "eu-isoe-", suffix: "cloud.adc-e.uk", dualStackSuffix: "api.cloud-aws.adc-e.uk" },
  { name: "aws-iso-f", regionPrefix: "us-isof-", suffix: "csp.hci.ic.gov", dualStackSuffix: "api.aws.hci.ic.gov" },
  { name: "aws", regionPrefix: "", suffix: "amazonaws.com", dualStackSuffix: "api.aws" },
];

/** Whether `text` has the form of a region's name; it becomes part of a host name, so nothing else passes. */
export function isRegion(text: string): boolean {
  return text.length <= 32 && /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(text);
}

/** The partition that a region belongs to, as in the second field of an ARN. */
export function partitionOf(region: string): string {
  return find(region).name;
}

/** The regional STS endpoint, as the AWS SDKs' endpoint rules choose it. */
export function stsEndpoint(region: string, variant: { fips: boolean; dualStack: boolean }): string {
  const partition = find(region);
  // GovCloud's plain endpoints are the FIPS ones: https://docs.aws.amazon.com/general/latest/gr/sts.html
  const plainIsFips = partition.name === "aws-us-gov" && !variant.dualStack;
  const service = variant.fips && !plainIsFips ? "sts-fips" : "sts";
  return `https://${service}.${region}.${variant.dualStack ? partition.dualStackSuffix : partition.suffix}`;
}

/**
 * URLs that all parsers read alike, that of the native helper's compiler too: no shorthand of an address, no name that
 * would have to be converted, nothing to be percent-encoded.
 */
const PLAIN_URL = /^https?:\/\/([a-z0-9._-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?(?:\/[a-z0-9._~!$&'()*+,;=:@%/-]*)?$/i;
const PLAIN_NAME = /^(?:[a-z0-9_-]+\.)*[a-z_][a-z0-9_-]*\.?$/i;
const PLAIN_ADDRESS = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?=[0-9])|$)){4}$/;

/**
 * Whether an endpoint given by hand may be called: https, or http on loopback, and nothing but scheme, host, port and
 * path; a user name or a query would put a secret into a URL.
 */
export function isStsEndpointUrl(text: string): boolean {
  const host = PLAIN_URL.exec(text)?.[1] ?? "";
  if (!host.startsWith("[") && !PLAIN_NAME.test(host) && !PLAIN_ADDRESS.test(host)) return false;
  const url = parseUrl(text);
  if (url === undefined) return false;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

function find(region: string): Partition {
  const partition = partitions.find(({ regionPrefix }) => region.startsWith(regionPrefix));
  if (partition === undefined) throw new Error("the last partition fits every region");
  return partition;
}

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

function find(region: string): Partition {
  const partition = partitions.find(({ regionPrefix }) => region.startsWith(regionPrefix));
  if (partition === undefined) throw new Error("the last partition fits every region");
  return partition;
}

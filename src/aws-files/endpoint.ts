import { type AwsFile, sectionOf } from "./parse.ts";

/** What a profile says of the endpoint of STS. */
export interface EndpointSettings {
  /** With its line, from 1. */
  endpoint: { url: string; line: number } | undefined;
  fips: boolean;
  dualStack: boolean;
}

/**
 * Reads `endpoint_url` of `sts` in the profile's `services` section, else its own `endpoint_url`
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html), and the two switches.
 */
export function endpointSettings(file: AwsFile, profile: string): EndpointSettings {
  const own = sectionOf(file, profile)?.properties ?? [];
  const valueOf = (key: string) => own.findLast((property) => property.key === key);
  const isOn = (key: string) => valueOf(key)?.value.toLowerCase() === "true";
  const switches = { fips: isOn("use_fips_endpoint"), dualStack: isOn("use_dualstack_endpoint") };
  if (isOn("ignore_configured_endpoint_urls")) return { ...switches, endpoint: undefined };

  const services = valueOf("services")?.value;
  const section =
    services === undefined
      ? undefined
      : file.sections.findLast(({ header }) => header.replace(/["']/g, "") === `services ${services}`);
  const sts = section?.properties.findLast(({ key }) => key === "sts");
  const url = sts?.nested.findLast(([key]) => key === "endpoint_url")?.[1];
  if (sts !== undefined && url !== undefined) return { ...switches, endpoint: { url, line: sts.line } };

  const general = valueOf("endpoint_url");
  return { ...switches, endpoint: general === undefined ? undefined : { url: general.value, line: general.line } };
}

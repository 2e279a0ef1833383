import { type AwsFile, sectionOf } from "./parse.ts";

/**
 * The STS endpoint that a profile names: `endpoint_url` of `sts` in its `services` section, else its own `endpoint_url`
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
 */
export function endpointOf(file: AwsFile, profile: string): { url: string; line: number } | undefined {
  const own = sectionOf(file, profile)?.properties ?? [];
  const valueOf = (key: string) => own.findLast((property) => property.key === key);
  if (valueOf("ignore_configured_endpoint_urls")?.value.toLowerCase() === "true") return undefined;

  const services = valueOf("services")?.value;
  const section = file.sections.findLast(({ header }) => header.replace(/["']/g, "") === `services ${services}`);
  const sts = section?.properties.findLast(({ key }) => key === "sts");
  const url = sts?.nested.findLast(([key]) => key === "endpoint_url")?.[1];
  if (sts !== undefined && url !== undefined) return { url, line: sts.line };

  const general = valueOf("endpoint_url");
  return general === undefined ? undefined : { url: general.value, line: general.line };
}

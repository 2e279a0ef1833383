import { Gcp2awsError } from "../errors.ts";
import { type Authorities } from "../network-config.ts";
import { AUTO, type StsConfig } from "../sts-config.ts";
import { partitionOf } from "../sts/endpoint.ts";
import { parseRoleArn } from "../sts/role-arn.ts";
import { type FlagValues, type Environment, read, variable, isOn, firstSet } from "./read.ts";

/** What is said to this program alone comes before what is said to all that call AWS, and that before OpenSSL's variable. */
export function authoritiesOf(given: FlagValues, env: Environment): Authorities {
  const own = read("caBundle", given, env) ?? "";
  return {
    extra: env["NODE_EXTRA_CA_CERTS"] ?? "",
    aws: own === "" ? firstSet(env, "AWS_CA_BUNDLE", "SSL_CERT_FILE") : own,
    google: own === "" ? firstSet(env, "SSL_CERT_FILE") : own,
  };
}

/** The endpoint given, or the region's own with FIPS and dual stack as the AWS SDKs read them. */
export function targetOf(given: FlagValues, env: Environment, roleArn: string): StsConfig {
  const region =
    read("region", given, env) ??
    variable("region", env, "AWS_REGION") ??
    variable("region", env, "AWS_DEFAULT_REGION") ??
    "us-east-1";
  const isConfigurable = !isOn(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  const endpoint =
    read("stsEndpoint", given, env) ??
    (isConfigurable
      ? (variable("stsEndpoint", env, "AWS_ENDPOINT_URL_STS") ?? variable("stsEndpoint", env, "AWS_ENDPOINT_URL"))
      : undefined);
  const fips = isOn(env, "AWS_USE_FIPS_ENDPOINT");
  const dualStack = isOn(env, "AWS_USE_DUALSTACK_ENDPOINT");
  const fallbackRegions = (read("fallbackRegion", given, env) ?? "").split(",").filter((name) => name !== "");

  // The SDKs refuse this too: a given endpoint cannot be made a FIPS one, and going on would be silently weaker.
  if (endpoint !== undefined && (fips || dualStack)) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `STS endpoint ${endpoint}: FIPS and dual stack need the region's own`,
      {
        hint: "unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, or the endpoint",
      },
    );
  }
  const partition = parseRoleArn(roleArn)?.partition ?? "";
  if (endpoint === undefined) checkPartition(region, "--region", partition);
  for (const other of fallbackRegions) checkPartition(other, "--fallback-region", partition);
  if (endpoint !== undefined && fallbackRegions.length > 0) {
    throw new Gcp2awsError(
      "USAGE_INVALID_VALUE",
      `--fallback-region: goes with the region's own endpoint, not with ${endpoint}`,
      {
        hint: "a token that is meant for that endpoint goes nowhere else; leave out one of them",
      },
    );
  }
  const profile = endpoint === undefined && isConfigurable ? profileOf(env) : "";
  return { region, endpoint, fips, dualStack, profile, fallbackRegions };
}

/** What is in that file decides where the token goes, so another file or profile is another question. */
function profileOf(env: Environment): string {
  return `${firstSet(env, "AWS_PROFILE") || "default"} ${firstSet(env, "AWS_CONFIG_FILE")}`;
}

function checkPartition(region: string, flag: string, partition: string): void {
  // The nearest region is looked for in this partition alone.
  if ((region === AUTO ? "aws" : partitionOf(region)) === partition) return;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `${flag} "${region}": must be a region of the role's partition, ${partition}`,
    { hint: "give --region, or set AWS_REGION, to a region where that account is" },
  );
}

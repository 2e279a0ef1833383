import { regionVariables, type Variable } from "./environment.ts";

/**
 * What points an AWS SDK at a container credentials endpoint. EC2's metadata service is switched off: on Google's machines
 * another server answers at its address.
 * @param token the Authorization header, as it is sent
 */
export function containerVariables(url: string, token: string, region: string): Variable[] {
  return [
    ["AWS_CONTAINER_CREDENTIALS_FULL_URI", url],
    ["AWS_CONTAINER_AUTHORIZATION_TOKEN", token],
    ["AWS_EC2_METADATA_DISABLED", "true"],
    ...regionVariables(region),
  ];
}

/** What points an AWS SDK at an emulated EC2 metadata service. */
export function imdsVariables(url: string, region: string): Variable[] {
  return [
    ["AWS_EC2_METADATA_SERVICE_ENDPOINT", `${url}/`],
    ["AWS_EC2_METADATA_DISABLED", "false"],
    ...regionVariables(region),
  ];
}

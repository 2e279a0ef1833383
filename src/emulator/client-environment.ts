/** The environment variables that point Google's and AWS's clients at the emulators, and away from the real services. */
export function clientEnvironment(options: {
  /** HOST:PORT of the metadata server. */
  metadataHost: string;
  /** Of Google's APIs. */
  googleUrl: string;
  awsUrl: string;
  region: string;
}): Record<string, string> {
  return {
    GCE_METADATA_HOST: options.metadataHost,
    // Google's Python client looks under this one whether there is a metadata server at all.
    GCE_METADATA_IP: options.metadataHost,
    // As gcloud reads it, which wants the slash.
    CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: `${options.googleUrl}/`,
    AWS_ENDPOINT_URL: options.awsUrl,
    AWS_ENDPOINT_URL_STS: options.awsUrl,
    AWS_REGION: options.region,
    // The only one that botocore reads.
    AWS_DEFAULT_REGION: options.region,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

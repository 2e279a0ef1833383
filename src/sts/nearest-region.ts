/**
 * For each Google Cloud region the AWS region that is nearest as the crow flies, among those that every AWS account has enabled: in
 * the others AWS STS is off until somebody switches the region on (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html).
 */
const nearest: Readonly<Record<string, string>> = {
  "africa-south1": "ap-south-1",
  "asia-east1": "ap-northeast-2",
  "asia-east2": "ap-northeast-2",
  "asia-northeast1": "ap-northeast-1",
  "asia-northeast2": "ap-northeast-3",
  "asia-northeast3": "ap-northeast-2",
  "asia-south1": "ap-south-1",
  "asia-south2": "ap-south-1",
  "asia-southeast1": "ap-southeast-1",
  "asia-southeast2": "ap-southeast-1",
  "asia-southeast3": "ap-southeast-1",
  "australia-southeast1": "ap-southeast-2",
  "australia-southeast2": "ap-southeast-2",
  "europe-central2": "eu-north-1",
  "europe-north1": "eu-north-1",
  "europe-north2": "eu-north-1",
  "europe-southwest1": "eu-west-3",
  "europe-west1": "eu-west-3",
  "europe-west2": "eu-west-2",
  "europe-west3": "eu-central-1",
  "europe-west4": "eu-central-1",
  "europe-west6": "eu-central-1",
  "europe-west8": "eu-central-1",
  "europe-west9": "eu-west-3",
  "europe-west10": "eu-central-1",
  "europe-west12": "eu-central-1",
  "me-central1": "ap-south-1",
  "me-central2": "ap-south-1",
  "me-west1": "eu-central-1",
  "northamerica-northeast1": "ca-central-1",
  "northamerica-northeast2": "ca-central-1",
  "northamerica-south1": "us-east-2",
  "southamerica-east1": "sa-east-1",
  "southamerica-west1": "sa-east-1",
  "us-central1": "us-east-2",
  "us-east1": "us-east-1",
  "us-east4": "us-east-1",
  "us-east5": "us-east-2",
  "us-south1": "us-east-2",
  "us-west1": "us-west-2",
  "us-west2": "us-west-1",
  "us-west3": "us-west-2",
  "us-west4": "us-west-1",
  "us-west8": "us-west-1",
};

/** Of Google Cloud, those that {@link nearestRegion} knows. */
export const googleRegions: readonly string[] = Object.keys(nearest);

/**
 * The AWS region to ask from a zone or region of Google Cloud.
 * @param place `europe-west4-a`, `europe-west4-1` (as Cloud Run says) or `europe-west4`, alone or at the end of `projects/N/zones/…`
 */
export function nearestRegion(place: string): string | undefined {
  const [, region = ""] = /(?:^|\/)([a-z]+-[a-z]+\d+)(?:-[a-z\d]+)?$/.exec(place) ?? [];
  return Object.hasOwn(nearest, region) ? nearest[region] : undefined;
}

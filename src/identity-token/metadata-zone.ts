import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { askMetadata, type MetadataQuestion } from "./metadata-server.ts";

/**
 * Where this workload runs: `projects/N/zones/ZONE`, or `projects/N/regions/REGION` where there are no zones (Cloud Run,
 * https://cloud.google.com/run/docs/container-contract#metadata-server).
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError as {@link askMetadata}
 */
export async function metadataZone(
  server: Omit<MetadataQuestion, "path" | "what">,
  host: Host,
  deadline: number,
): Promise<string> {
  const ask = (what: "zone" | "region") => askMetadata({ ...server, what, path: `instance/${what}` }, host, deadline);
  try {
    return await ask("zone");
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || error.code !== "IDENTITY_NOT_FOUND") throw error;
    return ask("region");
  }
}

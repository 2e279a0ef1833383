import type { JWTPayload } from "jose";
import type { ServiceAccount, Workload } from "./definition.ts";

export interface IdentityRequest {
  audience: string;
  format: "standard" | "full";
  licenses: boolean;
}

// The licence of a public Debian image; a VM can have several.
const LICENSE_IDS = ["5926592092274602096"];
const CREATED_AT_SECONDS = 1_767_225_600;

/**
 * The claims of a metadata server's ID token, without `iss`, `iat` and `exp`. They depend on the platform: only a
 * Compute Engine VM names the machine (`format=full`), and only there does a standard token lack the email, because GKE
 * and Cloud Run mint through the IAM Credentials API.
 *
 * `azp` is the numeric ID on all three.
 *
 * @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity#payload
 */
export function workloadClaims(workload: Workload, account: ServiceAccount, request: IdentityRequest): JWTPayload {
  const subject = { aud: request.audience, azp: account.uniqueId, sub: account.uniqueId };
  const email = { email: account.email, email_verified: true };
  if (workload.platform !== "gce") return { ...subject, ...email };
  if (request.format === "standard") return subject;
  return { ...subject, ...email, google: { compute_engine: machine(workload, request.licenses) } };
}

function machine(workload: Workload, licenses: boolean) {
  return {
    instance_creation_timestamp: CREATED_AT_SECONDS,
    instance_id: workload.instanceId,
    instance_name: workload.instanceName,
    project_id: workload.projectId,
    project_number: workload.projectNumber,
    zone: workload.zone,
    ...(licenses && { license_id: LICENSE_IDS }),
  };
}

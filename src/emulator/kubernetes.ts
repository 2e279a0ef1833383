import { randomUUID } from "node:crypto";
import type { JWTPayload } from "jose";
import type { Workload } from "./definition.ts";

/** `iss` of the tokens of a GKE cluster's own issuer. */
export function clusterIssuer({ projectId, zone, kubernetes }: Pick<Workload, "projectId" | "zone" | "kubernetes">) {
  return `https://container.googleapis.com/v1/projects/${projectId}/locations/${zone}/clusters/${kubernetes.cluster}`;
}

/**
 * The claims of a projected service account token, without `iss`, `iat` and `exp`.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
export function projectedClaims({ kubernetes, instanceName }: Workload, audience: string): JWTPayload {
  const { namespace, serviceAccount: name } = kubernetes;
  return {
    aud: [audience],
    sub: `system:serviceaccount:${namespace}:${name}`,
    jti: randomUUID(),
    "kubernetes.io": {
      namespace,
      node: { name: instanceName, uid: randomUUID() },
      pod: { name: "app-0", uid: randomUUID() },
      serviceaccount: { name, uid: randomUUID() },
    },
  };
}

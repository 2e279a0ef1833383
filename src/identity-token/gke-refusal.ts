import { printable } from "../errors.ts";

/** What the metadata server of GKE says of a pod that gets no identity token, made into the commands that mend it. */
export interface GkeRefusal {
  hint: string;
  commands: readonly string[];
}

/**
 * Reads the two answers of GKE's metadata server: to a pod whose Kubernetes service account names no Google one, and to one whose
 * Google service account does not let it in (https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity).
 * @param email of the service account asked for, where it is known
 */
export function gkeRefusal(body: string, email: string | undefined): GkeRefusal | undefined {
  const account = email ?? "NAME@PROJECT_ID.iam.gserviceaccount.com";
  const bind = (namespace: string, name: string) =>
    `gcloud iam service-accounts add-iam-policy-binding ${account} --role roles/iam.workloadIdentityUser` +
    ` --member "serviceAccount:PROJECT_ID.svc.id.goog[${namespace}/${name}]"`;

  if (body.includes("is not annotated")) {
    const named = /service account \(([\w.-]+)\/([\w.-]+)\)/.exec(body);
    const namespace = named?.[1] ?? "NAMESPACE";
    const name = named?.[2] ?? "KSA_NAME";
    return {
      hint: "name a Google service account on the pod's Kubernetes service account and let it in; direct access (a principal:// member) gives no identity tokens",
      commands: [
        `kubectl annotate serviceaccount ${name} --namespace ${namespace} iam.gke.io/gcp-service-account=${account}`,
        bind(namespace, name),
      ],
    };
  }
  const permission = /Permission '(iam\.serviceAccounts\.get(?:OpenIdToken|AccessToken))' denied/.exec(body)?.[1];
  if (permission === undefined) return undefined;
  return {
    hint: `the Google service account does not grant ${printable(permission)} to the pod's Kubernetes service account; it does after this, within minutes`,
    commands: [bind("NAMESPACE", "KSA_NAME")],
  };
}

import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ImpersonationSource } from "../source-config.ts";
import type { AccessToken } from "./access-token.ts";
import { type Advice, callGoogle, type GoogleRefusal } from "./google-api.ts";
import type { IdentityTokenSource } from "./source.ts";

export type ImpersonationOptions = Pick<ImpersonationSource, "target" | "delegates" | "azp" | "iamCredentialsUrl"> & {
  audience: string;
};

/**
 * Google-signed ID tokens of another service account, by generateIdToken of the IAM Credentials API
 * (https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken).
 * @param login whose access token asks
 * @param host sends requests as the configuration's network says
 * @throws Gcp2awsError IDENTITY_REFUSED, IDENTITY_NOT_FOUND, IDENTITY_UNAVAILABLE, IDENTITY_BAD_TOKEN, and what `login` throws
 */
export function impersonation(
  options: ImpersonationOptions,
  login: (deadline: number) => Promise<AccessToken>,
  host: Host,
): IdentityTokenSource {
  const { target, audience } = options;
  return async (deadline) => {
    const caller = await login(deadline);
    const { token } = caller;
    const delegates = [...caller.via, ...options.delegates];
    const body = JSON.stringify({
      audience,
      delegates: delegates.map((email) => `projects/-/serviceAccounts/${email}`),
      includeEmail: true,
      // Not in the public reference, but sent by Google's own libraries: https://github.com/googleapis/google-auth-library-python/pull/1270
      useEmailAzp: options.azp === "email",
    });
    const answer = await callGoogle(
      {
        what: `identity token of ${target} from the IAM Credentials API at ${options.iamCredentialsUrl}`,
        url: `${options.iamCredentialsUrl}/v1/projects/-/serviceAccounts/${target}:generateIdToken`,
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body,
        secrets: [token],
        advise: (refusal) => advise(refusal, [...delegates, target], caller),
      },
      host,
      deadline,
    );
    if (typeof answer["token"] === "string") return answer["token"];
    throw new Gcp2awsError("IDENTITY_BAD_TOKEN", `no identity token of ${target}: the answer does not hold one`, {
      hint: "something other than Google may be answering; check CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
    });
  };
}

async function advise(
  { status, reason, permission }: GoogleRefusal,
  chain: readonly string[],
  caller: AccessToken,
): Promise<Advice> {
  if (reason === "ACCESS_TOKEN_SCOPE_INSUFFICIENT") {
    return {
      hint: "the VM was made without the scope that this needs: stop it, and gcloud compute instances set-service-account VM --scopes cloud-platform",
    };
  }
  if (reason === "SERVICE_DISABLED") {
    return { hint: "switch the API on: gcloud services enable iamcredentials.googleapis.com" };
  }
  if (status === 403) {
    const missing = permission === "" ? "iam.serviceAccounts.getOpenIdToken" : permission;
    return {
      details: grants(await caller.member(), chain),
      hint: `${caller.owner} lacks ${missing}; it has that after this, within minutes`,
    };
  }
  if (status === 401) return { hint: `the access token of ${caller.owner} was not accepted` };
  return { hint: "check --impersonate-service-account, --impersonation-delegates and --audience" };
}

/**
 * The commands that let each impersonate the next. The way there needs iam.serviceAccounts.implicitDelegation too, which only the
 * second role has (https://cloud.google.com/iam/docs/service-account-permissions).
 */
function grants(caller: string, chain: readonly string[]): string[] {
  const role = chain.length > 1 ? "roles/iam.serviceAccountTokenCreator" : "roles/iam.serviceAccountOpenIdTokenCreator";
  return chain.map((account, at) => {
    const before = chain[at - 1];
    const member = before === undefined ? caller : `serviceAccount:${before}`;
    return `gcloud iam service-accounts add-iam-policy-binding ${account} --role ${role} --member "${member}"`;
  });
}

import * as v from "valibot";
import { type PolicyDocument, type PolicyReading, readPolicy } from "../trust-policy/policy.ts";
import { readTrustPolicy } from "../trust-policy/read-trust-policy.ts";
import { defaultDocument } from "./default-definition.ts";

export type Platform = "gce" | "gke" | "cloud-run";

/** The Google workload whose metadata server is emulated. */
export interface Workload {
  platform: Platform;
  projectId: string;
  projectNumber: number;
  zone: string;
  instanceId: string;
  instanceName: string;
  /** Only on GKE: the pod's Kubernetes service account, named in the error for a missing binding. */
  kubernetes: { namespace: string; serviceAccount: string; cluster: string };
}

export interface ServiceAccount {
  email: string;
  /** The numeric unique ID: `sub`, and on the metadata server's tokens also `azp`. */
  uniqueId: string;
  aliases: string[];
  scopes: string[];
  /** Who may impersonate it (roles/iam.serviceAccountTokenCreator), as IAM policies name them. */
  tokenCreators: string[];
}

export interface Role {
  name: string;
  /** With leading and trailing slash, `/` by default. */
  path: string;
  trustPolicy: PolicyDocument;
  permissions: PolicyDocument[];
  /** Seconds, 3600 to 43200. */
  maxSessionDuration: number;
}

/** A principal with a long-lived key, for calls that do not come through a role. */
export interface User {
  name: string;
  accessKeyId: string;
  secretAccessKey: string;
  permissions: PolicyDocument[];
}

/** An OIDC provider of the account, for issuers that IAM does not know by itself. */
export interface OidcProvider {
  /** `iss` of its tokens. */
  url: string;
  /** Audiences that it takes. */
  clientIds: string[];
}

/** Everything the emulators know: one Google workload and one AWS account. */
export interface Definition {
  accountId: string;
  workload: Workload;
  serviceAccounts: ServiceAccount[];
  roles: Role[];
  users: User[];
  oidcProviders: OidcProvider[];
  buckets: string[];
}

// Custom messages throughout: the library's own repeat the received value, and a value may be a secret key.
const text = v.pipe(v.string("must be a string"), v.nonEmpty("must not be empty"));
const matching = (pattern: RegExp, rule: string) => v.pipe(v.string(`${rule}, as a string`), v.regex(pattern, rule));
const digits = matching(/^\d+$/, "must be digits");
const integer = (from: number, to: number, rule: string) =>
  v.pipe(v.number(rule), v.integer(rule), v.minValue(from, rule), v.maxValue(to, rule));
const entityName = matching(/^[\w+=,.@-]{1,64}$/, "must be 1 to 64 letters, digits or any of _+=,.@-");

function policy(read: (value: unknown) => PolicyReading) {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, PolicyDocument>(({ dataset, addIssue, NEVER }) => {
      const reading = read(dataset.value);
      if ("policy" in reading) return reading.policy;
      const [problem] = reading.problems;
      addIssue({ message: `${problem?.path.join(".") || "policy"}: ${problem?.message}` });
      return NEVER;
    }),
  );
}
const permissions = v.optional(v.array(policy(readPolicy), "must be a list of policies"), []);

/** A list in which no two items may answer to the same name. */
function listOf<const S extends v.GenericSchema>(item: S, what: string, names: (item: v.InferOutput<S>) => string[]) {
  return v.pipe(
    v.array(item, "must be a list"),
    v.check((items) => {
      const all = items.flatMap(names);
      return new Set(all).size === all.length;
    }, `has the same ${what} twice`),
  );
}

const kubernetes = v.pipe(
  v.strictObject({
    namespace: v.optional(text, defaultDocument.workload.kubernetes.namespace),
    service_account: v.optional(text, defaultDocument.workload.kubernetes.service_account),
    cluster: v.optional(text, defaultDocument.workload.kubernetes.cluster),
  }),
  v.transform((k) => ({ namespace: k.namespace, serviceAccount: k.service_account, cluster: k.cluster })),
);

const workload = v.pipe(
  v.strictObject({
    platform: v.optional(
      v.picklist(["gce", "gke", "cloud-run"], "must be gce, gke or cloud-run"),
      defaultDocument.workload.platform,
    ),
    project_id: v.optional(text, defaultDocument.workload.project_id),
    project_number: v.optional(
      integer(1, Number.MAX_SAFE_INTEGER, "must be a positive whole number"),
      defaultDocument.workload.project_number,
    ),
    zone: v.optional(
      matching(/^[a-z]+-[a-z]+\d+-[a-z]$/, "must be a zone such as us-central1-a"),
      defaultDocument.workload.zone,
    ),
    instance_id: v.optional(digits, defaultDocument.workload.instance_id),
    instance_name: v.optional(text, defaultDocument.workload.instance_name),
    kubernetes: v.optional(kubernetes, {}),
  }),
  v.transform((w): Workload => ({
    platform: w.platform,
    projectId: w.project_id,
    projectNumber: w.project_number,
    zone: w.zone,
    instanceId: w.instance_id,
    instanceName: w.instance_name,
    kubernetes: w.kubernetes,
  })),
);

const serviceAccount = v.pipe(
  v.strictObject({
    email: matching(/^[^\s/@]+@[^\s/@]+$/, "must be an email address"),
    unique_id: digits,
    aliases: v.optional(v.array(text, "must be a list"), ["default"]),
    scopes: v.optional(v.array(text, "must be a list"), ["https://www.googleapis.com/auth/cloud-platform"]),
    token_creators: v.optional(
      v.array(
        matching(
          /^((serviceAccount|user):\S+@\S+|principal:\/\/\S+)$/,
          "must be serviceAccount:EMAIL, user:EMAIL or principal://…",
        ),
        "must be a list",
      ),
      [],
    ),
  }),
  v.transform(({ unique_id: uniqueId, token_creators: tokenCreators, ...rest }): ServiceAccount => ({
    ...rest,
    uniqueId,
    tokenCreators,
  })),
);

const role = v.pipe(
  v.strictObject({
    name: entityName,
    path: v.optional(matching(/^\/([!-~]+\/)?$/, "must begin and end with /"), "/"),
    trust_policy: policy(readTrustPolicy),
    permissions,
    max_session_duration: v.optional(integer(3600, 43200, "must be 3600 to 43200 seconds"), 3600),
  }),
  v.transform(({ trust_policy: trustPolicy, max_session_duration: maxSessionDuration, ...rest }): Role => ({
    ...rest,
    trustPolicy,
    maxSessionDuration,
  })),
);

const user = v.pipe(
  v.strictObject({
    name: entityName,
    access_key_id: matching(/^\w{16,128}$/, "must be 16 to 128 letters, digits or _"),
    secret_access_key: text,
    permissions,
  }),
  v.transform(({ access_key_id: accessKeyId, secret_access_key: secretAccessKey, ...rest }): User => ({
    ...rest,
    accessKeyId,
    secretAccessKey,
  })),
);

const oidcProvider = v.pipe(
  v.strictObject({
    url: matching(/^https:\/\/[\w.-]+(\/[\w./-]*\w)?$/, "must be an https URL without port, query and final slash"),
    client_ids: v.pipe(v.array(text, "must be a list"), v.minLength(1, "must not be empty")),
  }),
  v.transform(({ url, client_ids: clientIds }): OidcProvider => ({ url, clientIds })),
);

const definition = v.pipe(
  v.strictObject(
    {
      account_id: v.optional(matching(/^\d{12}$/, "must be 12 digits"), defaultDocument.account_id),
      workload: v.optional(workload, {}),
      service_accounts: v.optional(
        listOf(serviceAccount, "email or alias", (a) => [a.email, ...a.aliases]),
        defaultDocument.service_accounts,
      ),
      roles: v.optional(
        listOf(role, "name", (r) => [r.name]),
        defaultDocument.roles,
      ),
      users: v.optional(
        listOf(user, "access_key_id", (u) => [u.accessKeyId]),
        defaultDocument.users,
      ),
      oidc_providers: v.optional(
        listOf(oidcProvider, "url", (p) => [p.url]),
        [],
      ),
      buckets: v.optional(
        listOf(matching(/^[\w.-]{3,255}$/, "must be a bucket name"), "name", (b) => [b]),
        defaultDocument.buckets,
      ),
    },
    "must be an object",
  ),
  v.transform((d): Definition => ({
    accountId: d.account_id,
    workload: d.workload,
    serviceAccounts: d.service_accounts,
    roles: d.roles,
    users: d.users,
    oidcProviders: d.oidc_providers,
    buckets: d.buckets,
  })),
);

/**
 * Checks the content of a definition file (JSON or YAML, already parsed). A top-level key or a key of `workload` that is
 * left out takes its value from the built-in definition, so `{}` is that definition.
 *
 * @throws Error naming the path of every bad value and the rule it breaks, one per line
 */
export function parseDefinition(value: unknown): Definition {
  const result = v.safeParse(definition, value);
  if (result.success) return result.output;
  throw new Error(result.issues.map((issue) => `definition: ${describe(issue)}`).join("\n"));
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? "(top level)";
  if (issue.type !== "strict_object" || issue.expected === "Object") return `${path} ${issue.message}`;
  return issue.expected === "never" ? `${path} is not a known key` : `${path} is missing`;
}

/** The built-in definition: the walk of the AWS blog post. */
export const defaultDefinition: Definition = parseDefinition({});

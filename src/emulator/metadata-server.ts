import { createHash } from "node:crypto";
import type { Definition, Platform, ServiceAccount, Workload } from "./definition.ts";
import type { AccessTokens, Holder, IssuedAccessToken } from "./google/access-tokens.ts";
import type { Clock, EmulatorRequest, EmulatorResponse, Handler } from "./http.ts";
import type { Issuer } from "./issuer.ts";
import { directory, isDirectory, isEndpoint, listing, lookup, recursiveJson, valueText } from "./metadata-tree.ts";
import type { Directory, Endpoint, MetadataNode } from "./metadata-tree.ts";
import { workloadClaims } from "./workload-claims.ts";

const BASE_PATH = "/computeMetadata/v1";
/** A cached access token is handed out until it has this long to live. */
const ACCESS_TOKEN_MARGIN_SECONDS = 300;

const SERVER: Record<Platform, string> = {
  gce: "Metadata Server for VM",
  gke: "GKE Metadata Server",
  "cloud-run": "Metadata Server for Serverless",
};

interface MetadataServerOptions {
  definition: Definition;
  issuer: Issuer;
  accessTokens: AccessTokens;
  clock: Clock;
}

/**
 * The metadata server of one workload: a Compute Engine VM, a GKE pod with Workload Identity or a Cloud Run instance.
 *
 * Refusals have the real statuses: 403 without `Metadata-Flavor: Google` or with `X-Forwarded-For`, 400 for an identity
 * token without audience, 404 for an unknown path or service account, 405 for a method other than GET and HEAD.
 *
 * @see https://cloud.google.com/compute/docs/metadata/querying-metadata
 */
export function createMetadataServer(options: MetadataServerOptions): Handler {
  const { platform } = options.definition.workload;
  const root = createTree(options);

  return async (request) => {
    const response = refuse(request, platform) ?? (await answer(request, root));
    return { ...response, headers: { ...commonHeaders(platform, response.body), ...response.headers } };
  };
}

function refuse({ method, path, headers }: EmulatorRequest, platform: Platform): EmulatorResponse | undefined {
  const prefix = platform === "gke" ? "GKE Metadata Server encountered an error: " : "";
  if (method !== "GET" && method !== "HEAD") return text(405, `${prefix}Method not allowed`);
  // A forwarding proxy would let another machine ask for this one's identity.
  if (headers["x-forwarded-for"] !== undefined) return text(403, `${prefix}Requests with X-Forwarded-For are refused`);
  // The root answers without the header: clients find out by it whether they are on Google Cloud.
  if (path !== "/" && headers["metadata-flavor"] !== "Google") {
    return text(403, `${prefix}Missing required header "Metadata-Flavor": "Google"`);
  }
  return undefined;
}

async function answer({ path, query, headers }: EmulatorRequest, root: Directory): Promise<EmulatorResponse> {
  if (path === "/") return text(200, "computeMetadata/\n");
  const names = decodeNames(path);
  const node = names && lookup(root, names);
  if (node === undefined) return notFound();

  const parameters = new URLSearchParams(query);
  if (isEndpoint(node)) return path.endsWith("/") ? notFound() : node(parameters);
  if (!isDirectory(node)) return path.endsWith("/") ? notFound() : text(200, valueText(node));
  if (!path.endsWith("/")) {
    const location = `http://${headers["host"] ?? "metadata.google.internal"}${path}/${query && `?${query}`}`;
    return { status: 301, headers: { "Content-Type": "text/html; charset=UTF-8", Location: location }, body: "" };
  }
  const recursive = parameters.get("recursive")?.toLowerCase() === "true";
  return recursive ? json(recursiveJson(node)) : text(200, listing(node));
}

/** The names below the base path; `undefined` outside of it or where the encoding is broken. */
function decodeNames(path: string): string[] | undefined {
  if (path !== BASE_PATH && !path.startsWith(`${BASE_PATH}/`)) return undefined;
  const below = path.slice(BASE_PATH.length).replace(/^\//, "").replace(/\/$/, "");
  try {
    return below === "" ? [] : below.split("/").map((name) => decodeURIComponent(name));
  } catch {
    return undefined;
  }
}

function createTree({ definition, issuer, accessTokens, clock }: MetadataServerOptions): Directory {
  const { workload } = definition;
  const tokenFor = (holder: Holder) => accessTokenEndpoint(() => accessTokens.issue(holder), clock);
  const accounts = new Map<string, MetadataNode>();
  for (const account of definition.serviceAccounts) {
    const node = serviceAccountNode(account, {
      identity: identityEndpoint(workload, account, issuer),
      token: tokenFor({ member: `serviceAccount:${account.email}`, scopes: account.scopes }),
    });
    for (const name of [...account.aliases, account.email]) accounts.set(name, node);
  }
  if (workload.platform === "gke" && accounts.size === 0) accounts.set("default", unannotatedNode(workload, tokenFor));

  return directory({
    instance: new Map([...Object.entries(instanceValues(workload)), ["service-accounts", accounts]]),
    project: directory({ "numeric-project-id": BigInt(workload.projectNumber), "project-id": workload.projectId }),
  });
}

function instanceValues({ platform, ...workload }: Workload): Record<string, MetadataNode> {
  const id = BigInt(workload.instanceId);
  const zone = `projects/${workload.projectNumber}/zones/${workload.zone}`;
  const region = `projects/${workload.projectNumber}/regions/${workload.zone.slice(0, -2)}`;
  // There are no zones: https://cloud.google.com/run/docs/container-contract#metadata-server.
  if (platform === "cloud-run") return { id, region, zone: `${zone.slice(0, -1)}1` };
  const hostname = `${workload.instanceName}.${workload.zone}.c.${workload.projectId}.internal`;
  if (platform === "gke") return { hostname, id, zone };
  const machineType = `projects/${workload.projectNumber}/machineTypes/e2-medium`;
  return { hostname, id, "machine-type": machineType, name: workload.instanceName, zone };
}

function serviceAccountNode(
  { aliases, email, scopes }: Pick<ServiceAccount, "aliases" | "email" | "scopes">,
  { identity, token }: Record<"identity" | "token", Endpoint>,
): Directory {
  return directory({ aliases, email, identity, scopes, token });
}

/** A pod whose Kubernetes service account is bound to no Google one has access tokens, but no identity token. */
function unannotatedNode({ projectId, kubernetes }: Workload, tokenFor: (holder: Holder) => Endpoint): Directory {
  const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
  const name = `${kubernetes.namespace}/${kubernetes.serviceAccount}`;
  const message =
    `Your Kubernetes service account (${name}) is not annotated with a target Google service account, ` +
    "which is a requirement for retrieving Identity Tokens using Workload Identity. " +
    "Please add the iam.gke.io/gcp-service-account=[GSA_NAME]@[PROJECT_ID] annotation to your Kubernetes service account.";
  return serviceAccountNode(
    {
      aliases: ["default"],
      email: `${projectId}.svc.id.goog`,
      scopes,
    },
    {
      identity: async () => text(404, message),
      token: tokenFor({ member: `serviceAccount:${projectId}.svc.id.goog[${name}]`, scopes }),
    },
  );
}

function identityEndpoint(workload: Workload, account: ServiceAccount, issuer: Issuer): Endpoint {
  return async (query) => {
    const audience = query.get("audience");
    if (!audience) return text(400, "non-empty audience parameter required");
    const format = query.get("format") ?? "standard";
    if (format !== "standard" && format !== "full") return text(400, "format parameter must be standard or full");
    const licenses = query.get("licenses")?.toUpperCase() === "TRUE";
    const token = await issuer.mint(workloadClaims(workload, account, { audience, format, licenses }));
    return { status: 200, headers: { "Content-Type": "text/html" }, body: token };
  };
}

function accessTokenEndpoint(issue: () => IssuedAccessToken, clock: Clock): Endpoint {
  let cached: IssuedAccessToken = { token: "", expiresAt: 0 };
  return async () => {
    const now = Math.floor(clock() / 1000);
    if (cached.expiresAt - now < ACCESS_TOKEN_MARGIN_SECONDS) cached = issue();
    const body = { access_token: cached.token, expires_in: cached.expiresAt - now, token_type: "Bearer" };
    return json(JSON.stringify(body));
  };
}

function commonHeaders(platform: Platform, body: string): Record<string, string> {
  return {
    "Metadata-Flavor": "Google",
    Server: SERVER[platform],
    ETag: createHash("sha256").update(body).digest("hex").slice(0, 16),
    "X-XSS-Protection": "0",
    "X-Frame-Options": "SAMEORIGIN",
  };
}

function text(status: number, body: string): EmulatorResponse {
  const type = status === 200 ? "application/text" : "text/html; charset=UTF-8";
  return { status, headers: { "Content-Type": type }, body };
}

function json(body: string): EmulatorResponse {
  return { status: 200, headers: { "Content-Type": "application/json" }, body };
}

/** An HTML page, like the real one. */
function notFound(): EmulatorResponse {
  return text(
    404,
    "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> Not found.\n",
  );
}

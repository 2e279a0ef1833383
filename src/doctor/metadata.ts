import { awsVariables } from "../config/surroundings.ts";
import { askMetadata } from "../identity-token/metadata-server.ts";
import { printable } from "../errors.ts";
import { type Check, type Examination, ok, share, skipped } from "./check.ts";

/** By the header Server. */
const platforms: readonly (readonly [begins: string, platform: string])[] = [
  ["GKE Metadata Server", "a pod of GKE"],
  ["Metadata Server for VM", "a Compute Engine VM"],
  ["Metadata Server for Serverless", "Cloud Run or Cloud Functions"],
];

/** Whether Google's metadata server answers, directly, and on which platform. */
export const metadataCheck: Check = {
  id: "metadata",
  title: "metadata server",
  needs: ["source"],
  run: async (examination) => {
    const question = questionOf(examination);
    if (question === undefined) return skipped("the token does not come from there");
    const { host, serverOf } = examination;
    const project = await askMetadata(
      { ...question, what: "project", path: "project/project-id" },
      host,
      share(examination),
    );
    const server = serverOf(new URL(question.metadataUrl).origin) ?? "";
    const platform =
      platforms.find(([begins]) => server.startsWith(begins))?.[1] ??
      "a platform that is not known by its header Server";
    return ok(
      `${question.metadataUrl}, asked directly, whatever proxies are set`,
      `project ${printable(project, 100)}, ${platform}`,
      ...(awsVariables(host.env).httpProxy
        ? ["HTTP_PROXY is set: other programs need NO_PROXY=169.254.169.254,metadata.google.internal"]
        : []),
    );
  },
};

/** What every question to it begins with; undefined where the token has another source. */
export function questionOf({ learned: { config } }: Examination) {
  if (config?.source.kind === "metadata") return { ...config.source, waitMs: config.waitMs };
  // The workload asks for another account's token.
  if (config?.source.kind !== "impersonation" || config.source.caller.credentialsFile !== "") return undefined;
  return { ...config.source.caller.metadata, waitMs: config.waitMs };
}

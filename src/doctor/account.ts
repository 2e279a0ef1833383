import { Gcp2awsError, printable } from "../errors.ts";
import { openSource } from "../identity-token/open-source.ts";
import { askMetadata } from "../identity-token/metadata-server.ts";
import { type Check, type Examination, failed, type Finding, ok, share, skipped } from "./check.ts";
import { questionOf } from "./metadata.ts";

/** Whether the workload has the service account that is asked for; on GKE, whether the pod's is bound to a Google one. */
export const accountCheck: Check = {
  id: "account",
  title: "service account",
  needs: ["metadata"],
  run: async (examination) => {
    const question = questionOf(examination);
    if (question === undefined) return skipped("the token does not come from the metadata server");
    const { host } = examination;
    const ask = (path: string) =>
      askMetadata(
        { ...question, what: "service account", path: `instance/service-accounts/${path}` },
        host,
        share(examination),
      );
    try {
      const email = await ask(`${question.serviceAccount}/email`);
      // What a pod of GKE is where its own account is bound to no Google one.
      if (email.endsWith(".svc.id.goog")) return await unbound(email, examination);
      return ok(printable(email, 320));
    } catch (error) {
      if (!(error instanceof Gcp2awsError) || error.code !== "IDENTITY_NOT_FOUND") throw error;
      return notFound(error, question, await ask(""));
    }
  },
};

/** The metadata server says what is missing where an identity token is asked for. */
async function unbound(pool: string, examination: Examination): Promise<Finding> {
  const { host, learned } = examination;
  if (learned.config === undefined) return skipped("no configuration");
  try {
    const mint = await openSource(learned.config, host);
    await mint(share(examination));
    return ok(printable(pool, 320));
  } catch (error) {
    if (!(error instanceof Gcp2awsError)) throw error;
    const { code, message, hint = "", details } = error;
    return failed(new Gcp2awsError(code, message), { text: hint, commands: details });
  }
}

function notFound(error: Gcp2awsError, { serviceAccount }: { serviceAccount: string }, listing: string): Finding {
  const names = listing
    .split("\n")
    .map((name) => name.trim().replace(/\/$/, ""))
    .filter((name) => name !== "");
  const evidence =
    names.length === 0 ? "this workload has no service account at all" : `it has ${printable(names.join(" "))}`;
  const others = names.filter((name) => name.includes("@"));
  const only = others.length === 1 && serviceAccount !== "default" ? others[0] : undefined;
  return failed(
    new Gcp2awsError(error.code, error.message.split(": status")[0] ?? error.message, {
      details: [evidence],
      hint: error.hint,
    }),
    names.length === 0
      ? {
          text: "attach one; a VM must be stopped for it",
          commands: [
            "gcloud compute instances set-service-account INSTANCE --service-account EMAIL --scopes cloud-platform",
          ],
        }
      : {
          text: `give one that it has as --service-account, or attach "${printable(serviceAccount, 320)}"`,
          ...(only === undefined ? {} : { flags: { "service-account": only } }),
        },
  );
}

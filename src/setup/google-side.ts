import { createServiceAccount, workloadOf } from "../trust-policy/formats/google.ts";
import type { Argv } from "../trust-policy/formats/shell.ts";
import type { Commands } from "./run-command.ts";

/** The service account whose tokens are to be had by impersonation. */
export interface GoogleSide {
  /** Its email. */
  target: string;
  /** Who asks for its token, as IAM writes it: `user:…`, `serviceAccount:…`, `principal://…`. */
  member: string;
}

/** Everything that may be run, as if nothing were there yet. An account that Google makes itself is only granted. */
export function googleCommandsOf(side: GoogleSide): Argv[] {
  const workload = workloadOf(side.target, undefined);
  if (workload === undefined) return [grant(side)];
  const { account, project } = workload;
  const enable: Argv = ["gcloud", "services", "enable", "iamcredentials.googleapis.com", "--project", project];
  return [enable, describe(side.target), createServiceAccount(account, project), grant(side)];
}

/**
 * Makes the service account where it is not there, and lets the member have its tokens. Google does nothing where that is so already.
 * @throws Gcp2awsError LOCAL_COMMAND
 */
export async function makeServiceAccount(side: GoogleSide, commands: Commands): Promise<void> {
  for (const command of googleCommandsOf(side)) {
    if (command.includes("describe")) continue;
    if (!command.includes("create")) await commands.run(command);
    else if (!(await commands.try(describe(side.target))).isDone) await commands.run(command);
  }
}

function describe(target: string): Argv {
  return ["gcloud", "iam", "service-accounts", "describe", target, "--format", "value(uniqueId)"];
}

function grant({ target, member }: GoogleSide): Argv {
  const role = ["--role", "roles/iam.serviceAccountOpenIdTokenCreator"];
  return ["gcloud", "iam", "service-accounts", "add-iam-policy-binding", target, ...role, "--member", member];
}

import type { Command } from "commander";
import type { ClaimsOptions } from "./given-claims.ts";

/** Where the identities come from; without any of these, from the live identity. */
export interface IdentityOptions extends ClaimsOptions {
  sub: readonly string[];
  email: readonly string[];
  issuer?: string;
}

/** Lets a command be told whom it is about; the flags of the pipe say it of the live identity. */
export function addIdentityFlags(command: Command): Command {
  const collect = (value: string, previous: readonly string[]) => [...previous, value];
  return command
    .option("--claims <FILE>", "whom: the claims of a token as JSON, as of gcp2aws token --claims, or an array of such")
    .option("--token-file <FILE>", "whom: what a token in this file says; its signature is not looked at")
    .option("--sub <ID>", "whom: the numeric ID of a service account, or of --issuer its sub (repeatable)", collect, [])
    .option("--email <EMAIL>", "the email of that account, for --azp email and --google (repeatable)", collect, [])
    .option("--issuer <URL>", "with --sub: the issuer, such as that of a GKE cluster (default: Google)");
}

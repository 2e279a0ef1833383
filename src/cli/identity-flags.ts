import type { Command } from "commander";
import { collect } from "./collect.ts";
import type { ClaimsOptions } from "./given-claims.ts";

/** Where the identities come from; without any of these, from the live identity. */
export interface IdentityOptions extends ClaimsOptions {
  sub?: readonly string[];
  email?: readonly string[];
  issuer?: string;
}

/** Lets a command be told whom it is about; the flags of the pipe say it of the live identity. */
export function addIdentityFlags(command: Command): Command {
  return command
    .option(
      "--claims <FILE>",
      "whom: claims in JSON, also as gcp2aws token --claims prints them, or an array of such; - for standard input",
    )
    .option("--token-file <FILE>", "whom: what this token says; its signature is not checked; - for standard input")
    .option(
      "--sub <ID>",
      "whom: the numeric ID of a service account; with --issuer, the sub of its tokens (repeatable)",
      collect,
    )
    .option("--email <EMAIL>", "the email of that account, for --azp email and --google (repeatable)", collect)
    .option("--issuer <URL>", "with --sub: the issuer, such as that of a GKE cluster (default: Google)");
}

import type { Command } from "commander";
import { flagOf } from "../flags.ts";
import type { Host } from "../host.ts";
import { defineCache } from "./cache.ts";
import { defineConfigure } from "./configure.ts";
import { defineDoctor } from "./doctor.ts";
import { defineEmulate } from "./emulate.ts";
import { defineEnv } from "./env.ts";
import { defineExec } from "./exec.ts";
import { addPipeFlags, addTarget } from "./pipe-flags.ts";
import { defineServe } from "./serve.ts";
import { defineSetup } from "./setup.ts";
import { defineToken } from "./token.ts";
import { defineTrustPolicy } from "./trust-policy.ts";
import { defineWhoami } from "./whoami.ts";
import { defineWriteCredentials } from "./write-credentials.ts";

export interface CommandContext {
  host: Host;
  /** The command line as it was given, from the command's name on. */
  argv: readonly string[];
  /** Of the process, when nothing was thrown. */
  exitStatus: number;
}

/** Every command, in the order of the help. A new one is a file beside this and a row here. */
export const commands: readonly ((program: Command, context: CommandContext) => void)[] = [
  defineCredentialProcess,
  defineSetup,
  defineConfigure,
  defineWriteCredentials,
  defineExec,
  defineServe,
  defineEnv,
  defineToken,
  defineWhoami,
  defineDoctor,
  defineTrustPolicy,
  defineCache,
  defineEmulate,
];

/** Help only: main.ts runs this command before the command line library is loaded. */
function defineCredentialProcess(program: Command): void {
  const command = program
    .command("credential-process")
    .summary("print AWS credentials as credential_process wants them")
    .description(
      "Prints AWS credentials as one line of JSON, for the credential_process setting of an AWS profile.\n" +
        "Each flag has an environment variable; the flag wins.",
    )
    .usage("--role-arn ARN --audience URI [flags] | TARGET")
    .addHelpText("after", `\n${credentialProcessExample}`);
  addPipeFlags(addTarget(command));
}

const credentialProcessExample = `In ~/.aws/config (the whole command on one line, the path absolute):

  [profile TeamA-S3ReadOnlyAccess]
  credential_process = /usr/local/bin/gcp2aws credential-process --role-arn ${flagOf("roleArn").example} --audience ${flagOf("audience").example}

Exit status: 0 credentials printed, 2 usage, 3 no Google identity, 4 denied by AWS,
5 unavailable or throttled (try again), 6 this machine, 1 a defect.`;

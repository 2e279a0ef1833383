import { type Command, Option } from "commander";
import { flagsOfCredentials } from "../config.ts";
import { type FlagKey, flagOf, variableOf } from "../flags.ts";
import { collect } from "./collect.ts";
import type { CommandContext } from "./commands.ts";
import type { GenerateOptions } from "./generate.ts";
import { addIdentityFlags } from "./identity-flags.ts";
import { addPipeFlags, addTarget, flagsOf } from "./pipe-flags.ts";

/** What the policy, or the role with it, can be written as. */
const formats = ["json", "aws-cli", "terraform", "cloudformation", "cdk", "pulumi"];

/** The role, what its sessions are to be, and what one that is reached by others gets. */
const ofRole: ReadonlySet<FlagKey> = new Set<FlagKey>([
  "roleArn",
  "durationSeconds",
  "via",
  "externalId",
  "sourceIdentity",
  "sessionTags",
  "transitiveTags",
]);

/** `gcp2aws trust-policy generate`: the least trust policy for an identity, in the form that somebody can use. */
export function defineGenerate(parent: Command, { host }: CommandContext): void {
  const command = parent
    .command("generate")
    .summary("write the least trust policy for an identity")
    .description(
      "Writes the trust policy that takes tokens of these identities for these audiences, and no others. It is about this workload, " +
        "unless --claims, --token-file or --sub say whom. With --via it is the policy of a role that another role assumes.",
    )
    .usage(
      "[--claims FILE | --token-file FILE | --sub ID] [--audience URI] [--format FORMAT --role-name NAME] [flags] [TARGET]",
    );
  addIdentityFlags(command)
    .option(
      "--audience <URI>",
      "an audience that the tokens may be for (repeatable; this workload is asked for a token for the first; required, unless " +
        `claims or a token are given, which say it) [${variableOf(flagOf("audience"))}]`,
      collect,
    )
    .option("--role-name <NAME>", "the name of the role, in place of --role-arn; for every format but json")
    .option("--permissions <ARN[,ARN]>", "managed policies that say what the role may do")
    .addOption(
      new Option("--format <FORMAT>", "json is the policy alone, the others make the role too")
        .choices(formats)
        .default("json"),
    )
    .option(
      "--no-oidc-provider",
      "leave out the IAM OIDC provider of an issuer that is not Google: it is there, and lists the audience",
    )
    .addOption(
      new Option(
        "--google <FORMAT>",
        "Google's side instead: what makes the service account, and the VM that has it",
      ).choices(["gcloud", "terraform"]),
    )
    .option("--vm <NAME>", "with --google: the name of the VM (default: what the token says)")
    .option("--zone <ZONE>", "with --google: its zone (default: what the token says)");
  const unused: FlagKey[] = ["audience", ...flagsOfCredentials.filter((key) => !ofRole.has(key))];
  addPipeFlags(addTarget(command), unused, {
    roleArn: "the role that gets the policy (required with --via, and for an issuer that is not Google)",
    durationSeconds:
      "how long the role lets its sessions live, if that is more than an hour (a number); for every format but json",
  }).action(async (_, options: GenerateOptions) => {
    const [audience] = options.audience ?? [];
    const given = await flagsOf(command, host, audience === undefined ? {} : { audience });
    const { generate } = await import("./generate.ts");
    await generate(options, given, host);
  });
}

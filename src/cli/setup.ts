import { type Command, Option } from "commander";
import type { CommandContext } from "./commands.ts";
import { addPipeFlags, valuesOf } from "./pipe-flags.ts";
import type { SetupOptions } from "./set-up-role.ts";

/** `gcp2aws setup`: from nothing to credentials. */
export function defineSetup(program: Command, { host }: CommandContext): void {
  const command = program
    .command("setup")
    .summary("set up both clouds and a profile, and see that it works")
    .description(
      "Finds the Google identity of this workload, makes the AWS role that trusts it (with the AWS CLI and an administrator's credentials), " +
        "writes the profile, and tries it once. It asks for what is not given by flags. Each command is shown before it is run, and none is run " +
        "without consent; what is there already stays. With --format it writes the role as a file instead, for the tool that makes it. Where there is no terminal and no --yes, it only shows what it would do.",
    )
    .usage("[--role-arn ARN] [--permissions ARN,…] [--profile NAME] [flags]")
    .option("--yes", "run the commands and write the profile without asking")
    .option("--permissions <ARN[,ARN]>", "managed policies that say what the role may do")
    .option("--profile <NAME>", "the profile to write (default: the name of the role)")
    .option("--take-over", "write the profile even if it is there and gcp2aws did not write it; its other keys stay")
    .option("--member <MEMBER>", "with --impersonate-service-account: who is to have its tokens, as user:EMAIL")
    .option("--skip-aws", "run no AWS command: the role is there, or is made elsewhere")
    .addOption(
      new Option(
        "--format <FORMAT>",
        "write the role as a file for that tool into the current directory, in place of running AWS commands",
      )
        .choices(["terraform", "cloudformation", "cdk", "pulumi"])
        .conflicts("skipAws"),
    )
    .option("--no-oidc-provider", "make no IAM OIDC provider for a cluster: it is there, and lists the audience")
    .option("--json", "print one line of JSON; everything else goes to stderr");
  // Of a chain, the token's role alone is set up; a target stands by itself.
  addPipeFlags(command, ["via", "externalId", "sourceIdentity", "sessionTags", "transitiveTags", "config"], {
    roleArn: "the AWS role to make, or to use if it is there (asked for at a terminal, else required)",
    audience: "what the tokens are for (default: the role's ARN; of a token that is given, what it says)",
  })
    .addHelpText(
      "after",
      "\nFlags with a variable in brackets are those of credential-process, and go into the profile.\n" +
        "Where the audience is the role's ARN, a token for one role is of no use for another.",
    )
    .action(async (options: SetupOptions) => {
      const { setUp } = await import("./set-up.ts");
      await setUp(options, valuesOf(command), host);
    });
}

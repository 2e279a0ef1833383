import { type Command, Option } from "commander";
import { githubEnvironmentFile } from "../config/surroundings.ts";
import { flagOf } from "../flags.ts";
import {
  conflictingVariables,
  credentialVariables,
  type EnvironmentFormat,
  environmentFormats,
  formatEnvironment,
  maskSecrets,
} from "../delivery/environment.ts";
import type { Host } from "../host.ts";
import { appendFile } from "../host/append-file.ts";
import { askCached } from "./ask-cached.ts";
import type { CommandContext } from "./commands.ts";
import { addPipeFlags, addTarget, configOf } from "./pipe-flags.ts";

/** `gcp2aws env`: credentials as environment variables. */
export function defineEnv(program: Command, { host }: CommandContext): void {
  const command = program
    .command("env")
    .summary("print AWS credentials as environment variables")
    .description(
      "Prints what sets AWS credentials, and unsets what would win over them, in the words of a shell or of a file. Credentials in " +
        "variables do not refresh: they end within the hour, or when --duration-seconds are over. For a program that runs longer " +
        "use gcp2aws exec.",
    )
    .usage("(--role-arn ARN --audience URI [flags] | TARGET) [--format FORMAT]")
    .addOption(
      new Option("--format <FORMAT>", "sh is for bash, zsh and the like too").choices(environmentFormats).default("sh"),
    );
  addPipeFlags(addTarget(command))
    .addHelpText("after", example)
    .action((_, { format }: { format: EnvironmentFormat }) => env(command, format, host));
}

const flags = `--role-arn ${flagOf("roleArn").example} --audience ${flagOf("audience").example}`;
const example = `
  eval "$(gcp2aws env ${flags})"

  fish            gcp2aws env --format fish … | source
  powershell      gcp2aws env --format powershell … | Out-String | Invoke-Expression
  dotenv          for docker run --env-file, node --env-file and the like; it can set variables only
  json            {"set": {NAME: VALUE, …}, "unset": [NAME, …]}
  github-actions  masks the secrets, and sets the variables for the later steps of a job`;

async function env(command: Command, format: EnvironmentFormat, host: Host): Promise<void> {
  const config = await configOf(command, host);
  const file = format === "github-actions" ? githubEnvironmentFile(host.env) : undefined;
  const { credentials } = await askCached(command, config, host);
  const { settle } = await import("../settle.ts");
  const { region } = await settle(config, host, host.ticks() + config.timeoutMs);
  const set = credentialVariables(credentials, region);
  const text = formatEnvironment(format, set, conflictingVariables);
  if (file === undefined) {
    host.writeStdout(text);
    return;
  }
  // Before anything could print them.
  host.writeStdout(maskSecrets(set));
  appendFile(file, text);
}

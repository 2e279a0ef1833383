import { type Command, Option } from "commander";
import { flagsOfCredentials } from "../config.ts";
import { flagOf } from "../flags.ts";
import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { every } from "../host/timers.ts";
import type { CommandContext } from "./commands.ts";
import { addPipeFlags, addTarget, tokenConfigOf } from "./pipe-flags.ts";

interface TokenOptions {
  output?: string;
  once?: true;
  watch?: true;
  claims?: true;
  json?: true;
}

/** `gcp2aws token`: the Google identity token itself. */
export function defineToken(program: Command, { host }: CommandContext): void {
  const command = program
    .command("token")
    .summary("print the Google identity token, or keep it in a file")
    .description(
      "Prints the identity token that Google signs for this workload, without a line feed after it, or keeps it in a file for SDKs " +
        "that do the exchange with AWS themselves. It is a secret: whoever has it can ask AWS for the role's credentials.",
    )
    .usage("(--audience URI [flags] | TARGET) [--output FILE [--watch]]")
    .option("--output <FILE>", "put it into this file, of mode 0600, in place of what was there")
    .addOption(new Option("--once", "with --output: write the file and end (this is the default)").conflicts("watch"))
    .option("--watch", "with --output: stay, and renew the file well before the token in it ends")
    .addOption(
      new Option("--claims", "print what is in it, and when it ends, without its signature").conflicts([
        "output",
        "once",
        "watch",
      ]),
    )
    .option("--json", "with --claims: print one line of JSON");
  addPipeFlags(addTarget(command), flagsOfCredentials)
    .addHelpText("after", example)
    .action((_, options: TokenOptions) => token(command, options, host));
}

const example = `
For an SDK that does the exchange itself:

  gcp2aws token --audience ${flagOf("audience").example} --output /run/gcp2aws/token --watch

  AWS_WEB_IDENTITY_TOKEN_FILE=/run/gcp2aws/token
  AWS_ROLE_ARN=${flagOf("roleArn").example}

The token in the file is renewed before half of its life is over. Where that fails it stays, the reason goes to stderr, and
it is tried again. The first token must succeed. SIGTERM and SIGINT end it with status 0; the file stays.`;

async function token(command: Command, options: TokenOptions, host: Host): Promise<void> {
  const { output, once, watch, claims, json } = options;
  if (output === undefined && (once || watch)) throw without(once ? "--once" : "--watch", "--output FILE");
  if (json && !claims) throw without("--json", "--claims");
  const config = await tokenConfigOf(command, host);
  const { openSource } = await import("../identity-token/open-source.ts");
  const { mintToken } = await import("../identity-token/life.ts");
  const source = await openSource(config, host);
  const mint = () => mintToken(source, host, host.ticks() + config.timeoutMs);

  if (claims) {
    const { describeToken } = await import("../identity-token/describe.ts");
    const minted = await mint();
    host.writeStdout(describeToken(minted.token, host.now(), json ? undefined : 2));
    return;
  }
  if (output === undefined) {
    host.writeStdout((await mint()).token);
    return;
  }
  const { keepTokenFile, writeTokenFile } = await import("../delivery/web-identity-token-file.ts");
  if (!watch) {
    writeTokenFile(output, (await mint()).token, host);
    return;
  }
  const stopped = host.terminated();
  const mintTimed = async () => {
    const minted = await mint();
    return { token: minted.token, expiresAt: (minted.claims.exp ?? 0) * 1000 };
  };
  // A signal also ends the wait for a first token.
  await Promise.race([stopped, keepTokenFile(output, mintTimed, host, every).then(() => stopped)]);
}

function without(flag: string, other: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", `token ${flag}: goes with ${other}`, {
    hint: "see gcp2aws token --help",
  });
}

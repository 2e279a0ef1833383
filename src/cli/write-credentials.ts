import type { Command } from "commander";
import { awsSurroundings } from "../config/surroundings.ts";
import { type Credentials, formatExpiration } from "../credentials.ts";
import { printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { every } from "../host/timers.ts";
import type { CommandContext } from "./commands.ts";
import { obtain } from "./obtain-lazily.ts";
import { addPipeFlags, addTarget, configOf } from "./pipe-flags.ts";
import { addProfileFlags, type ProfileOptions, shadowLines, warnOfShadows } from "./profile-flags.ts";

interface WriteOptions extends ProfileOptions {
  watch?: true;
}

/** `gcp2aws write-credentials`: a profile of the shared credentials file, for tools that read nothing else. */
export function defineWriteCredentials(program: Command, { host }: CommandContext): void {
  const command = program
    .command("write-credentials")
    .summary("write AWS credentials into a profile of the shared credentials file")
    .description(
      "Writes AWS credentials into a profile of AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials, for tools that " +
        "read nothing else. They end after their lifetime: with --watch they are written again before that. " +
        "For tools that know credential_process, gcp2aws configure is the better way: no credentials in that file.",
    )
    .usage("--profile NAME (--role-arn ARN --audience URI [flags] | TARGET)");
  addProfileFlags(command).option("--watch", "stay, and write new credentials before the old ones end");
  addPipeFlags(addTarget(command)).action((_, options: WriteOptions) => write(command, options, host));
}

async function write(command: Command, { profile, takeOver, watch }: WriteOptions, host: Host): Promise<void> {
  const config = await configOf(command, host);
  const path = awsSurroundings(host.env).credentialsFile;
  const [delivery, { userFiles }] = await Promise.all([
    import("../delivery/credentials-file.ts"),
    import("../host/user-files.ts"),
  ]);
  let isFirst = true;
  const put = async (credentials: Credentials) => {
    // What was asked for once is not for sections that come to be later.
    const target = { path, profile, takeOver: isFirst && takeOver === true };
    const changed = await delivery.writeCredentials(credentials, target, host, userFiles);
    if (!changed && !isFirst) return;
    const until = formatExpiration(credentials.expiration);
    host.writeStderr(`gcp2aws: profile ${profile} written to ${printable(path)}, valid until ${until}\n`);
    if (isFirst) warnOfShadows(profile, shadowLines(profile, "static", host, userFiles), host);
    isFirst = false;
  };

  if (watch === true) {
    const stopped = host.terminated();
    const { createKeeper } = await import("../keeper.ts");
    const { ask } = createKeeper(config, host, obtain);
    await delivery.watch({ ask, write: put, every, stopped, warn: host.warn });
    return;
  }
  const { createProvider } = await import("../provider.ts");
  // They cannot be refreshed where they go, so those that merely expire are not good enough.
  const provide = createProvider({ ...config, refreshNow: true }, host, { obtain, refreshInBackground: () => {} });
  await put(await provide());
}

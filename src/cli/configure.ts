import type { Command } from "commander";
import { editProfile, type ProfileEdit } from "../aws-files/edit.ts";
import { parseAwsFile } from "../aws-files/parse.ts";
import { formatProcessCommand } from "../aws-files/process-command.ts";
import { editFile, readUserFile } from "../delivery/edit-file.ts";
import { awsSurroundings, configFileOf } from "../config/surroundings.ts";
import { type FlagValues } from "../config/read.ts";
import { readConfig } from "../config.ts";
import { AUTO } from "../sts-config.ts";
import { flags } from "../flags.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { CommandContext } from "./commands.ts";
import { parseFlags } from "./parse-flags.ts";
import { addPipeFlags, addTarget, flagsOf, valuesOf } from "./pipe-flags.ts";
import { addProfileFlags, type ProfileOptions, shadowLines, warnOfShadows } from "./profile-flags.ts";

interface ConfigureOptions extends ProfileOptions {
  dryRun?: true;
  json?: true;
}

/** Says whose the section is; a comment to every SDK. */
const MARK = "# Written by gcp2aws configure: it replaces the keys that it writes.";

/** `gcp2aws configure`: a profile that has its credentials from `gcp2aws credential-process`. */
export function defineConfigure(program: Command, { host }: CommandContext): void {
  const command = program
    .command("configure")
    .summary("write a profile that uses gcp2aws into the AWS config file")
    .description(
      "Writes a profile with credential_process into AWS_CONFIG_FILE, else ~/.aws/config: the absolute path of this " +
        "program and the flags that are given here. Variables are not written; a profile stands by itself.",
    )
    .usage("--profile NAME (--role-arn ARN --audience URI [flags] | TARGET)");
  addProfileFlags(command)
    .option("--dry-run", "only show what would be written")
    .option("--json", "print one line of JSON");
  addPipeFlags(addTarget(command)).action((_, options: ConfigureOptions) => configure(command, options, host));
}

async function configure(command: Command, options: ConfigureOptions, host: Host): Promise<void> {
  const given = ofItself(valuesOf(command), host);
  const written = await writeProfile(given, await flagsOf(command, host, given), options, host);
  host.writeStdout(options.json ? `${JSON.stringify(written)}\n` : describeProfile(written));
  warnOfShadows(written.profile, written.shadows, host);
}

/** What has become of a profile, and what it now says. */
export interface WrittenProfile {
  profile: string;
  file: string;
  changed: boolean;
  dryRun: boolean;
  set: Readonly<Record<string, string>>;
  shadows: string[];
}

/**
 * Writes the profile that has its credentials from `gcp2aws credential-process` with these flags.
 * @param given as they are to stand in it
 * @param resolved the same with those of a target
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, LOCAL_FILE, LOCAL_AWS_FILE
 */
export async function writeProfile(
  given: FlagValues,
  resolved: FlagValues,
  { profile, takeOver, dryRun }: Pick<ConfigureOptions, "profile" | "takeOver" | "dryRun">,
  host: Host,
): Promise<WrittenProfile> {
  const { region } = checked(resolved, host);
  const path = awsSurroundings(host.env).configFile;
  const [{ thisProgram }, { userFiles }] = await Promise.all([
    import("../host/program.ts"),
    import("../host/user-files.ts"),
  ]);
  const set: [string, string][] = [
    ["credential_process", formatProcessCommand([...thisProgram(), "credential-process", ...argumentsOf(given)])],
  ];
  // Of AUTO, the SDKs know nothing.
  if (region !== undefined && region !== AUTO) set.push(["region", region]);
  const edit: ProfileEdit = { profile, mark: MARK, set, takeOver: takeOver === true };
  const change = (text: string) => editProfile(parseAwsFile(text, "config"), edit, path);

  let changed: boolean;
  if (dryRun) {
    const text = readUserFile(path, host, userFiles);
    changed = change(text) !== text;
  } else {
    changed = await editFile({ path, change, secret: false }, host, userFiles);
  }
  const shadows = shadowLines(profile, "process", host, userFiles);
  return { profile, file: path, changed, dryRun: dryRun === true, set: Object.fromEntries(set), shadows };
}

/** The file of a target is named in any case: whoever uses the profile may have another home. */
function ofItself(given: FlagValues, host: Host): FlagValues {
  return given["target"] === undefined ? given : { ...given, config: configFileOf(given, host.env) };
}

/** Without the environment: that of whoever uses the profile is another. */
function checked(given: FlagValues, host: Host): FlagValues {
  try {
    readConfig(given, {}, host.readText);
    return given;
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || error.code !== "USAGE_MISSING_FLAG") throw error;
    throw new Gcp2awsError(error.code, error.message, {
      hint: "a profile stands by itself, so its variable is not enough",
    });
  }
}

/** The flags as people write them; credential-process must read them as they were given. */
export function argumentsOf(given: FlagValues): string[] {
  const argv = flags.flatMap(({ key, name, value }) => {
    const text = given[key];
    if (text === undefined) return [];
    return value === undefined ? [`--${name}`] : [`--${name}`, text];
  });
  const { target } = given;
  const whole = target === undefined ? argv : [target, ...argv];
  parseFlags(whole);
  return whole;
}

export function describeProfile({ profile, file, changed, dryRun, set }: WrittenProfile): string {
  const does = dryRun ? "would get" : changed ? "now has" : "already had";
  const lines = Object.entries(set).map(([key, value]) => `  ${key} = ${value}`);
  return `${printable(file)} ${does} profile ${profile}:

${lines.join("\n")}

To test it: aws sts get-caller-identity --profile ${profile}
`;
}

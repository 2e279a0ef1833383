import { type Command, InvalidArgumentError } from "commander";
import { type AwsFileKind, isProfileName, parseAwsFile } from "../aws-files/parse.ts";
import { type Door, shadowsOf } from "../aws-files/shadow.ts";
import { awsSurroundings, type AwsSurroundings } from "../config/surroundings.ts";
import { readUserFile } from "../delivery/edit-file.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host, UserFiles } from "../host.ts";

/** What the commands that write a profile take beside the flags of the pipe. */
export interface ProfileOptions {
  profile: string;
  takeOver?: true;
}

export function addProfileFlags(command: Command): Command {
  return command
    .requiredOption("--profile <NAME>", "the profile to write (required)", profileName)
    .option("--take-over", "write it even if it is there and gcp2aws did not write it; its other keys stay");
}

function profileName(text: string): string {
  if (isProfileName(text)) return text;
  throw new InvalidArgumentError(
    "It must be 1 to 100 of the characters A-Z a-z 0-9 _ . -, and no name that some SDK keeps for itself, as DEFAULT.",
  );
}

/** What the AWS tools may take in place of what was written: in the profile, by both files, and in the environment. */
export function shadowLines(profile: string, door: Door, host: Host, user: UserFiles): string[] {
  const surroundings = awsSurroundings(host.env);
  const paths: Readonly<Record<AwsFileKind, string>> = {
    config: surroundings.configFile,
    credentials: surroundings.credentialsFile,
  };
  const read = (kind: AwsFileKind) => parseAwsFile(readUserFile(paths[kind], host, user), kind);
  const shadows = shadowsOf({ config: read("config"), credentials: read("credentials") }, profile, door);
  return [
    ...shadows.map(({ file, line, key }) => `${printable(paths[file])}, line ${line}: ${key}`),
    ...inEnvironment(profile, surroundings),
  ];
}

function inEnvironment(profile: string, { profileVariables, credentialVariables }: AwsSurroundings): string[] {
  return [
    ...credentialVariables.map(
      (name) => `${name} is set: it comes first unless --profile is given, as in aws --profile ${profile}`,
    ),
    ...profileVariables
      .filter((variable) => variable.profile !== profile)
      .map((variable) => `${variable.name} is set, to another profile: ${printable(variable.profile, 100)}`),
  ];
}

export function warnOfShadows(profile: string, lines: readonly string[], host: Host): void {
  if (lines.length === 0) return;
  host.warn(
    new Gcp2awsError("LOCAL_SHADOWED", `profile ${profile} is written, but AWS tools may take other credentials`, {
      details: lines,
      hint: "remove what does not belong there; for the order see docs/files.md",
    }),
  );
}

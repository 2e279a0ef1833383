import { type AwsFileKind, parseAwsFile } from "../aws-files/parse.ts";
import { shadowsOf } from "../aws-files/shadow.ts";
import { awsSurroundings, awsVariables } from "../config/surroundings.ts";
import { readUserFile } from "../delivery/edit-file.ts";
import { conflictingVariables } from "../delivery/environment.ts";
import { printable } from "../errors.ts";
import { shellWord } from "../shell-word.ts";
import { type Check, type Examination, type Finding, failure, ok, warning } from "./check.ts";

/** What the AWS tools may take in place of what gcp2aws gives them. */
export const shadowsCheck: Check = {
  id: "shadows",
  title: "what comes before it",
  needs: [],
  run: (examination) => {
    const { profile } = examination;
    return (
      (profile === undefined ? undefined : inFiles(profile, examination)) ??
      inEnvironment(profile, examination) ??
      ok(...notes(examination))
    );
  },
};

function inFiles(profile: string, { host, tools }: Examination): Finding | undefined {
  const { configFile, credentialsFile } = awsSurroundings(host.env);
  const paths: Readonly<Record<AwsFileKind, string>> = { config: configFile, credentials: credentialsFile };
  const files = {
    config: parseAwsFile(readUserFile(configFile, host, tools.user), "config"),
    credentials: parseAwsFile(readUserFile(credentialsFile, host, tools.user), "credentials"),
  };
  // Which file the command itself stands in makes no difference here: that one is looked at.
  const shadows = shadowsOf(files, profile, "process").filter(({ kind }) => kind !== "process");
  const [first] = shadows;
  if (first === undefined) return undefined;
  return failure(
    "LOCAL_SHADOWED",
    shadows.map(
      ({ file, line, key }) => `${printable(paths[file])}, line ${line}: ${key} comes before credential_process`,
    ),
    {
      text: "remove what is not gcp2aws's from this profile, or give that a profile of its own",
      // What stands there can be a secret.
      lines: shadows.map(({ file, line }) => ({ file: paths[file], line, text: null })),
    },
  );
}

/** Variables that come before a profile, unless that is chosen by a flag; see docs/files.md. */
function inEnvironment(profile: string | undefined, { host }: Examination): Finding | undefined {
  const { credentialVariables, profile: chosen, profileVariables, containerUris } = awsVariables(host.env);
  if (credentialVariables.length > 0) {
    const evidence = credentialVariables.map((name) => `${name} is set`);
    const set = conflictingVariables.filter((name) => (host.env[name] ?? "") !== "" && !name.endsWith("_PROFILE"));
    const remedy = {
      text: "unset them, where the programs start that are to use gcp2aws",
      commands: [`unset ${set.join(" ")}`],
    };
    // A profile with a name that no variable chooses is chosen by a flag, and then comes first.
    const isChosenByFlag = profile !== undefined && profile !== "default" && chosen !== profile;
    return profile === undefined || isChosenByFlag
      ? warning("LOCAL_SHADOWED", [...evidence, "SDKs take that first, unless a profile is chosen by a flag"], remedy)
      : failure("LOCAL_SHADOWED", [...evidence, "the AWS CLI and boto3 take that before the profile"], remedy);
  }
  const others = profileVariables.filter((variable) => profile !== undefined && variable.profile !== profile);
  if (profile !== undefined && others.length > 0) {
    const evidence = others.map(
      (other) => `${other.name} is set, to another profile: ${printable(other.profile, 100)}`,
    );
    return warning("LOCAL_SHADOWED", evidence, {
      text: "programs that are not told a profile take that one",
      // botocore alone reads the other, and before this one.
      commands: others.map(({ name }) =>
        name === "AWS_PROFILE" ? `export AWS_PROFILE=${shellWord(profile)}` : `unset ${name}`,
      ),
    });
  }
  if (containerUris.length < 2) return undefined;
  return warning(
    "LOCAL_SHADOWED",
    [`${containerUris.join(" and ")} are both set: boto3 and JavaScript take the former, Go the latter`],
    {
      text: "leave one of them",
      commands: ["unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
    },
  );
}

function notes({ host }: Examination): string[] {
  const { containerUris, instanceMetadataOff } = awsVariables(host.env);
  return [
    "nothing in the environment",
    ...containerUris.map((name) => `${name} is set: SDKs ask there where no profile has credentials`),
    ...(instanceMetadataOff
      ? []
      : [
          "AWS_EC2_METADATA_DISABLED is not true: an SDK that finds nothing else asks 169.254.169.254, on Google Cloud Google's metadata server",
        ]),
  ];
}

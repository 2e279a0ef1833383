import { type AwsFileKind, parseAwsFile } from "../aws-files/parse.ts";
import { shadowsOf } from "../aws-files/shadow.ts";
import { awsSurroundings } from "../config.ts";
import { readUserFile } from "../delivery/edit-file.ts";
import type { Variable } from "../delivery/environment.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host, UserFiles } from "../host.ts";

const variables: Readonly<Record<AwsFileKind, string>> = {
  config: "AWS_CONFIG_FILE",
  credentials: "AWS_SHARED_CREDENTIALS_FILE",
};

/**
 * Variables that hide a shared AWS file from a command, where its default profile has credentials: every SDK takes those
 * before a container's endpoint. With the config file its other settings are gone too, which is said.
 */
export function hideShadows(host: Host, user: UserFiles): Variable[] {
  const { config, credentials } = files(host);
  const shadows = shadowsOf(
    { config: read(config, "config"), credentials: read(credentials, "credentials") },
    "default",
  );
  const hidden = new Set(shadows.map(({ file }) => file));
  if (hidden.has("config")) host.warn(hides(config ?? "", shadows.find(({ file }) => file === "config")?.key ?? ""));
  return [...hidden].map((file) => [variables[file], "/dev/null"]);

  function read(path: string | undefined, kind: AwsFileKind) {
    try {
      return path === undefined ? undefined : parseAwsFile(readUserFile(path, host, user), kind);
    } catch (error) {
      // What this user cannot read, its SDKs cannot either.
      if (error instanceof Gcp2awsError) return undefined;
      throw error;
    }
  }
}

function files(host: Host): { config: string | undefined; credentials: string | undefined } {
  try {
    const { configFile, credentialsFile } = awsSurroundings(host.env);
    return { config: configFile, credentials: credentialsFile };
  } catch (error) {
    if (error instanceof Gcp2awsError) return { config: undefined, credentials: undefined };
    throw error;
  }
}

function hides(path: string, key: string): Gcp2awsError {
  return new Gcp2awsError(
    "LOCAL_SHADOWED",
    `the command does not see ${printable(path)}: its default profile has ${printable(key, 60)}, which would be taken first`,
    { hint: "to keep the other settings of that file, move the credentials into a profile with a name" },
  );
}

import { type AwsFile, type AwsFileKind, parseAwsFile } from "../aws-files/parse.ts";
import { shadowsOf } from "../aws-files/shadow.ts";
import { awsSurroundings } from "../config.ts";
import type { Variable } from "../delivery/environment.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { FileError, type Host, type UserFiles } from "../host.ts";

const variables: Readonly<Record<AwsFileKind, string>> = {
  config: "AWS_CONFIG_FILE",
  credentials: "AWS_SHARED_CREDENTIALS_FILE",
};
const kinds: readonly AwsFileKind[] = ["config", "credentials"];
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Variables that hide a shared AWS file from a command, where its default profile has credentials, or where nobody can tell: every
 * SDK takes those before a container's endpoint, whoever owns the file. With the config file its other settings are gone too,
 * which is said.
 */
export function hideShadows(host: Host, user: UserFiles): Variable[] {
  const paths = pathsOf(host);
  // SDKs differ in what such a path is, so that both could be read from anywhere.
  if (paths === undefined) return kinds.map(hide);
  const read = kinds.map((kind) => ({ kind, path: paths[kind], file: readFile(paths[kind], kind, host, user) }));
  const fileOf = (wanted: AwsFileKind) => {
    const file = read.find(({ kind }) => kind === wanted)?.file;
    return typeof file === "string" ? undefined : file;
  };
  const shadows = shadowsOf({ config: fileOf("config"), credentials: fileOf("credentials") }, "default");

  return read.flatMap(({ kind, path, file }) => {
    const shadow = shadows.find((candidate) => candidate.file === kind);
    if (typeof file !== "string" && shadow === undefined) return [];
    const why =
      typeof file === "string"
        ? `it could not be looked through (${file})`
        : `its default profile has ${printable(shadow?.key ?? "", 60)}, which would be taken first`;
    if (kind === "config" || typeof file === "string") host.warn(hides(path, why));
    return [hide(kind)];
  });
}

function hide(kind: AwsFileKind): Variable {
  return [variables[kind], "/dev/null"];
}

/** The file; undefined where SDKs cannot read it either; a code where they might. */
function readFile(path: string, kind: AwsFileKind, host: Host, user: UserFiles): AwsFile | string | undefined {
  try {
    return parseAwsFile(
      host.files.read(user.realPath(path), MAX_BYTES, () => {}),
      kind,
    );
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return ["ENOENT", "ENOTDIR", "EACCES", "EISDIR"].includes(error.code) ? undefined : error.code;
  }
}

function pathsOf(host: Host): Record<AwsFileKind, string> | undefined {
  try {
    const { configFile, credentialsFile } = awsSurroundings(host.env);
    return { config: configFile, credentials: credentialsFile };
  } catch (error) {
    if (error instanceof Gcp2awsError) return undefined;
    throw error;
  }
}

function hides(path: string, why: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_SHADOWED", `the command does not see ${printable(path)}: ${why}`, {
    hint: "to keep the other settings of that file, move the credentials into a profile with a name",
  });
}

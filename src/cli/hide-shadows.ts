import { type AwsFile, type AwsFileKind, parseAwsFile } from "../aws-files/parse.ts";
import { shadowsOf } from "../aws-files/shadow.ts";
import { awsSurroundings, BOTO_CONFIG } from "../config/surroundings.ts";
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
 * SDK takes those before a container's endpoint, whoever owns the file. Where other settings or profiles are gone with it, that is
 * said.
 */
export function hideShadows(host: Host, user: UserFiles): Variable[] {
  const paths = pathsOf(host);
  // SDKs differ in what such a path is, so that both could be read from anywhere.
  if (paths === undefined) return kinds.map(hide);
  const boto = paths.botoFiles.find((path) => /^\s*aws_access_key_id\s*[=:]/m.test(textOf(path, host, user)));
  if (boto !== undefined) host.warn(hides(boto, "it has aws_access_key_id, which would be taken first"));
  const read = kinds.map((kind) => ({ kind, path: paths[kind], file: readFile(paths[kind], kind, host, user) }));
  const fileOf = (wanted: AwsFileKind) => {
    const file = read.find(({ kind }) => kind === wanted)?.file;
    return typeof file === "string" ? undefined : file;
  };
  const shadows = shadowsOf({ config: fileOf("config"), credentials: fileOf("credentials") }, "default");

  const hidden = read.flatMap(({ kind, path, file }) => {
    const shadow = shadows.find((candidate) => candidate.file === kind);
    if (typeof file !== "string" && shadow === undefined) return [];
    const why =
      typeof file === "string"
        ? `it could not be looked through (${file})`
        : `its default profile has ${printable(shadow?.key ?? "", 60)}, which would be taken first`;
    const isAlone = typeof file === "object" && kind === "credentials" && file.sections.length < 2;
    if (!isAlone) host.warn(hides(path, why));
    return [hide(kind)];
  });
  return boto === undefined ? hidden : [...hidden, [BOTO_CONFIG, "/dev/null"]];
}

function textOf(path: string, host: Host, user: UserFiles): string {
  try {
    return host.files.read(user.realPath(path), MAX_BYTES, () => {});
  } catch (error) {
    if (error instanceof FileError) return "";
    throw error;
  }
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

function pathsOf(host: Host): (Record<AwsFileKind, string> & { botoFiles: readonly string[] }) | undefined {
  try {
    const { configFile, credentialsFile, botoFiles } = awsSurroundings(host.env);
    return { config: configFile, credentials: credentialsFile, botoFiles };
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

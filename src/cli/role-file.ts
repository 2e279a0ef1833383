import { checkEditable, readUserFile } from "../delivery/edit-file.ts";
import { Gcp2awsError } from "../errors.ts";
import { FileError, type Host } from "../host.ts";
import { userFiles } from "../host/user-files.ts";
import { attempt } from "../replace-file.ts";
import { identifier, type RoleDefinition } from "../trust-policy/formats/role.ts";
import { type FileFormat, formatRole } from "./role-formats.ts";

/** A file that a tool makes the role of. */
export interface RoleFile {
  /** In the current directory, named by the role. */
  path: string;
  text: string;
  /** The commands that make the role of it, or what else is to be done with it. */
  deploy: string;
}

const tools: Readonly<Record<FileFormat, { extension: string; deploy: (path: string, label: string) => string }>> = {
  terraform: { extension: "tf", deploy: () => "terraform init && terraform apply" },
  cloudformation: {
    extension: "yaml",
    deploy: (path, label) =>
      `aws cloudformation deploy --template-file ${path} --stack-name ${label.replaceAll("_", "-")} --capabilities CAPABILITY_NAMED_IAM`,
  },
  cdk: { extension: "ts", deploy: () => "put it into a stack, and cdk deploy" },
  pulumi: { extension: "ts", deploy: () => "put it into the program, and pulumi up" },
};

/** @throws Gcp2awsError as {@link formatRole} */
export function roleFileOf(role: RoleDefinition, format: FileFormat): RoleFile {
  // Terraform passes over .a.tf and takes a_override.tf for something else, as TypeScript does a.d.ts.
  const label = `${identifier(role.name)}_role`;
  const { extension, deploy } = tools[format];
  const path = `${label}.${extension}`;
  return { path, text: formatRole(role, format), deploy: deploy(path, label) };
}

/**
 * Whether it is still to be written, as far as can be seen without a trace.
 * @throws Gcp2awsError LOCAL_FILE where it cannot be, or a file of that name says something else
 */
export function isToBeWritten({ path, text }: RoleFile, host: Host): boolean {
  const present = readUserFile(path, host, userFiles);
  if (present === text) return false;
  if (present !== "") throw isAnother(path);
  checkEditable(path, host, userFiles);
  return true;
}

/**
 * Makes the file, with mode 0600; one that is there is never touched, nor is what a link leads to.
 * @throws Gcp2awsError LOCAL_FILE
 */
export function writeRoleFile({ path, text }: RoleFile, { files }: Host): void {
  try {
    files.write(path, text);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code === "EEXIST") throw isAnother(path);
    attempt(() => files.unlink(path));
    throw new Gcp2awsError("LOCAL_FILE", `${path} not written: ${error.code}`, {
      hint: "run it in a directory where this user may write",
    });
  }
}

/** Whoever has changed it since would lose that. */
function isAnother(path: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_FILE", `${path} not written: it is there, and says something else`, {
    hint: "if it is right as it is, run gcp2aws setup with --skip-aws in place of --format; else move it away, or run it in another directory",
  });
}

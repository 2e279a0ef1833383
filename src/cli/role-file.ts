import { checkEditable, editFile, readUserFile } from "../delivery/edit-file.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { userFiles } from "../host/user-files.ts";
import type { RoleDefinition } from "../trust-policy/formats/role.ts";
import { type FileFormat, formatRole } from "./role-formats.ts";

/** A file that a tool makes the role of. */
export interface RoleFile {
  /** In the current directory, named by the role. */
  path: string;
  text: string;
  /** What makes the role of it. */
  deploy: string;
}

const tools: Readonly<Record<FileFormat, { extension: string; deploy: string }>> = {
  terraform: { extension: "tf", deploy: "terraform apply" },
  cloudformation: { extension: "yaml", deploy: "aws cloudformation deploy --capabilities CAPABILITY_NAMED_IAM" },
  cdk: { extension: "ts", deploy: "cdk deploy, once a stack has it" },
  pulumi: { extension: "ts", deploy: "pulumi up, once the program has it" },
};

/** @throws Gcp2awsError as {@link formatRole} */
export function roleFileOf(role: RoleDefinition, format: FileFormat): RoleFile {
  const { extension, deploy } = tools[format];
  return { path: `${role.name}.${extension}`, text: formatRole(role, format), deploy };
}

/**
 * Whether it is still to be written, as far as can be seen without a trace.
 * @throws Gcp2awsError LOCAL_FILE where it cannot be, or a file of that name says something else
 */
export function isToBeWritten(file: RoleFile, host: Host): boolean {
  const present = readUserFile(file.path, host, userFiles);
  if (changeTo(file)(present) === present) return false;
  checkEditable(file.path, host, userFiles);
  return true;
}

/** @throws Gcp2awsError as {@link isToBeWritten} */
export async function writeRoleFile(file: RoleFile, host: Host): Promise<void> {
  await editFile({ path: file.path, change: changeTo(file), secret: false }, host, userFiles);
}

/** Whoever has changed it since would lose that. */
function changeTo({ path, text }: RoleFile): (present: string) => string {
  return (present) => {
    if (present === "" || present === text) return text;
    throw new Gcp2awsError("LOCAL_FILE", `${printable(path)} not written: it is there, and says something else`, {
      hint: "compare it with what gcp2aws trust-policy generate prints for the same flags; or move it away, and run gcp2aws setup again",
    });
  };
}

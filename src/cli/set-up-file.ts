import { Gcp2awsError } from "../errors.ts";
import { isToBeWritten, type RoleFile, writeRoleFile } from "./role-file.ts";
import type { Setup } from "./set-up-role.ts";

/** What has become of the role; what is to be made is so once somebody has deployed a file. */
export type RoleState = "kept" | "changed" | "to-be-made";

/** What has become of its file. */
export interface WrittenFile {
  path: string;
  changed: boolean;
  dryRun: boolean;
}

/**
 * The role as a file; whether somebody has made it of that, the exchange will tell.
 * @throws Gcp2awsError LOCAL_FILE
 */
export async function filePart(
  file: RoleFile,
  { host, talk, acts }: Setup,
): Promise<{ role: RoleState; file: WrittenFile }> {
  const { path, text, deploy } = file;
  let changed = true;
  try {
    changed = isToBeWritten(file, host);
  } catch (error) {
    // What would be written is shown all the same.
    if (acts || !(error instanceof Gcp2awsError)) throw error;
    host.warn(error);
  }
  if (changed) talk.say(`AWS: this makes the role, as ${path}.\n\n${text.replace(/^(?=.)/gm, "  ")}`);
  else talk.say(`AWS: ${path} is there already, as it would be written. If its role is not made yet: ${deploy}`);
  const writes = changed && (await talk.consent("Write it into the current directory?"));
  if (writes) {
    writeRoleFile(file, host);
    talk.say(`${path} is written.`);
  }
  const written = { path, changed, dryRun: changed && !writes };
  if (talk.isAlone) return { role: writes ? "to-be-made" : "changed", file: written };
  const how = written.dryRun ? "in another way" : deploy;
  await talk.ask(`Make the role, if it is not there yet (${how}), then press Enter here`, "", () => undefined);
  return { role: "changed", file: written };
}

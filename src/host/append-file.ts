import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { Gcp2awsError, printable } from "../errors.ts";
import { FileError } from "../host.ts";
import { toFileError } from "./node-files.ts";

/**
 * Adds to the end of a file that is there.
 * @throws Gcp2awsError LOCAL_FILE
 */
export function appendFile(path: string, text: string): void {
  try {
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_APPEND);
    try {
      writeFileSync(descriptor, text);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const failure = toFileError(error);
    if (!(failure instanceof FileError)) throw failure;
    throw new Gcp2awsError("LOCAL_FILE", `${printable(path)} not written: ${failure.code}`, {
      hint: failure.code === "ENOSPC" ? "the disk is full" : "check the path and that this user may write there",
    });
  }
}

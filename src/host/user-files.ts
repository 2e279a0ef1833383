import { accessSync, chmodSync, constants, realpathSync } from "node:fs";
import type { UserFiles } from "../host.ts";
import { toFileError } from "./node-files.ts";

/** {@link UserFiles} by the synchronous calls of node:fs. */
export const userFiles: UserFiles = {
  realPath: (path) => attempt(() => realpathSync(path)),
  setMode: (path, mode) => attempt(() => chmodSync(path, mode)),
  checkWritable: (directory) => attempt(() => accessSync(directory, constants.W_OK | constants.X_OK)),
};

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toFileError(error);
  }
}

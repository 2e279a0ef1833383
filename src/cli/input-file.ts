import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { readStdin } from "../host/process.ts";

/** Where a file is to be named: standard input. */
const STDIN = "-";

/**
 * What is in a file that the command line names, or what standard input gives for `-`; at most 4 MB.
 * @throws Gcp2awsError LOCAL_FILE
 */
export function readInput(path: string, host: Host): string {
  return path === STDIN ? readStdin() : host.readText(path);
}

/** The file as errors call it; not yet `printable`. */
export function nameOfInput(path: string): string {
  return path === STDIN ? "standard input" : path;
}

/**
 * Standard input can be read only once.
 * @throws Gcp2awsError USAGE_INVALID_VALUE
 */
export function checkInputs(paths: readonly (string | undefined)[]): void {
  if (paths.filter((path) => path === STDIN).length < 2) return;
  throw new Gcp2awsError("USAGE_INVALID_VALUE", `"${STDIN}": standard input is given twice, and can be read once`, {
    hint: "put one of them in a file",
  });
}

#!/usr/bin/env node
import type { FlagValues } from "../config/read.ts";
import { defect, formatError, Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { processHost } from "../host/process.ts";
import { credentialProcess } from "./credential-process.ts";
import { obtain } from "./obtain-lazily.ts";

const targets = async (given: FlagValues) => (await import("./with-target.ts")).withTarget(given, processHost);

/** Runs one command line and yields its exit status. Never throws. */
async function main(argv: readonly string[], host: Host): Promise<number> {
  try {
    // In front of the command line library, and without what a cached answer does not need.
    if (argv[0] === "credential-process" && (await credentialProcess(argv.slice(1), host, obtain, targets)) === "done")
      return 0;
    const { runProgram } = await import("./program.ts");
    return await runProgram(argv, host);
  } catch (error) {
    const known = error instanceof Gcp2awsError ? error : defect(error);
    host.writeStderr(formatError(known));
    return known.exitStatus;
  }
}

// Should everything that is waited for go away, the runtime ends by itself: without an answer that is no success.
process.exitCode = 1;
void main(process.argv.slice(2), processHost).then((status) => process.exit(status));

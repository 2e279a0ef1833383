import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** All that the tests write lies in one directory, which goes when they end. */
export default function setup(): () => void {
  const before = process.env["TMPDIR"];
  const directory = mkdtempSync(join(tmpdir(), "gcp2aws-tests-"));
  // Some stories are about other users, who have their homes in it.
  chmodSync(directory, 0o1777);
  process.env["TMPDIR"] = directory;
  return () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(directory, { recursive: true, force: true });
  };
}

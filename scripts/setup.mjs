// Installs the locked dependencies when they are missing or the lock file has changed. Plain JavaScript without
// packages: it runs on whatever Node the machine has, before the project's own is there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = `${root}node_modules/.gcp2aws-setup`;
const wanted = createHash("sha256")
  .update(readFileSync(`${root}package-lock.json`))
  .digest("hex");
const installed = existsSync(stamp) ? readFileSync(stamp, "utf8") : "";

if (installed !== wanted) {
  process.stderr.write("Installing the locked dependencies (npm ci) …\n");
  // The npm and the Node that run this script: `npm` by name could be started on the project's Node, which npm ci is
  // about to replace, and which reads another global configuration.
  const { npm_node_execpath: node, npm_execpath: cli } = process.env;
  const [program, ...first] = node !== undefined && cli !== undefined ? [node, cli] : ["npm"];
  const npm = spawnSync(program, [...first, "ci", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (npm.status !== 0) {
    process.stderr.write("npm ci failed; see above.\n");
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

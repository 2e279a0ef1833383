// The standalone Linux executable, dist/bin/gcp2aws.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
mkdirSync(`${root}dist/bin`, { recursive: true });
const bun = spawnSync(
  "bun",
  [
    "build",
    "--compile",
    "--bytecode",
    // What a command does not need is then not read: a millisecond of a cached answer.
    "--format=esm",
    "--splitting",
    "--minify-whitespace",
    "--minify-syntax",
    // Without these two, a .env or bunfig.toml in the current directory is obeyed: code execution by whoever owns it.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--outfile=dist/bin/gcp2aws",
    "src/cli/main.ts",
  ],
  { cwd: root, stdio: ["ignore", "ignore", "inherit"] },
);
process.exit(bun.status ?? 1);

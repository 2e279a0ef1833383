// The native helper, dist/bin/gcp2aws-credential-process: the same modules, compiled ahead of time by scriptc. The
// compiler stays out of the main lock file, as its platform packages do not all resolve there. Two more builds stop at
// the first memory error: `--sanitize` makes dist/bin/gcp2aws-credential-process-asan, and `--parsers`
// dist/native/parsers-asan for test/native/parsers.test.ts. `--if-possible` does nothing on a machine without what it
// needs, but fails all the same where CI is set.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    sanitize: { type: "boolean", default: false },
    parsers: { type: "boolean", default: false },
    "if-possible": { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));

function run(program: string, argv: readonly string[], cwd = root): void {
  const { status, error, stdout, stderr } = spawnSync(program, argv, { cwd, encoding: "utf8" });
  if (status === 0) return;
  process.stderr.write(error === undefined ? `${stdout}${stderr}` : `${program}: ${error.message}\n`);
  process.exit(1);
}

const sanitized = values.sanitize || values.parsers;
const trial = ["-x", "c", "-", "-o", "/dev/null", ...(sanitized ? ["-fsanitize=address"] : [])];
if (spawnSync("clang", trial, { input: "int main(void) { return 0; }" }).status !== 0) {
  const skip = values["if-possible"] && process.env["CI"] === undefined;
  const what = sanitized ? "The native helper's sanitized build" : "The native helper";
  const needs = sanitized ? "clang libclang-rt-dev" : "clang";
  process.stderr.write(`${what} is ${skip ? "left out" : "not made"}: it needs ${needs} (apt-get install ${needs}).\n`);
  process.exit(skip ? 0 : 1);
}
if (!existsSync(`${root}native/node_modules/.bin/scriptc`)) {
  process.stderr.write("Installing the compiler of the native helper …\n");
  // As in setup.mjs: npm stays on the Node that it was started with.
  const { npm_node_execpath: node, npm_execpath: cli } = process.env;
  const [program, ...first] = node !== undefined && cli !== undefined ? [node, cli] : ["npm"];
  run(program, [...first, "install", "--loglevel=error", "--no-fund", "--no-audit"], `${root}native`);
}

mkdirSync(`${root}dist/native`, { recursive: true });
mkdirSync(`${root}dist/bin`, { recursive: true });
if (values.parsers) {
  // By way of C, as the helper is built, whose TLS the compiler's other way does not have.
  compile("native/parsers-main.ts", "dist/native/parsers-asan", ["--sanitize", "--backend", "c"]);
} else {
  const checks = values.sanitize ? ["-fsanitize=address,undefined", "-g"] : ["-O2"];
  run("clang", [...checks, "-Wall", "-Wextra", "-Werror", "-c", "native/posix.c", "-o", "dist/native/posix.o"]);
  const [suffix, how] = values.sanitize ? ["-asan", "--sanitize"] : ["", "--strip"];
  compile("native/main.ts", `dist/bin/gcp2aws-credential-process${suffix}`, ["--ffi", "native/ffi.json", how]);
}

function compile(entry: string, out: string, options: readonly string[]): void {
  run("native/node_modules/.bin/scriptc", ["build", entry, "--no-keep-c", ...options, "--out", out]);
}

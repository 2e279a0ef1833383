// The npm package as others get it: packed, installed into an empty folder, and used by test/consumer, which is compiled as
// Node and as bundlers resolve modules, and run on every runtime that the package says it runs on.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmCommand } from "./npm.ts";

/** The first that `engines` allows, and the newest; the project's own is in between. */
const NODES = ["22.0.0", "26.9.0"];
const QUIETLY = ["--loglevel=error", "--no-fund", "--no-audit"];

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules/.bin");
const folder = mkdtempSync(join(tmpdir(), "gcp2aws-package-"));
try {
  tryPackage();
} finally {
  rmSync(folder, { recursive: true });
}

function tryPackage(): void {
  const consumer = join(folder, "consumer");
  cpSync(join(root, "test/consumer"), consumer, { recursive: true });
  const tarball = join(folder, npm(root, "pack", "--silent", "--pack-destination", folder).trim());

  step("installed by itself, without an AWS SDK");
  const alone = join(folder, "alone");
  install(alone, tarball);
  for (const scope of ["@aws-sdk", "@smithy"]) {
    if (existsSync(join(alone, "node_modules", scope))) throw new Error(`gcp2aws brings ${scope} along`);
  }
  run(alone, join(alone, "node_modules/.bin/gcp2aws"), "--version");
  run(alone, process.execPath, "--input-type=module", "--eval", 'await import("gcp2aws")');

  step("compiled: nodenext, bundler");
  npm(consumer, "install", ...QUIETLY, tarball);
  run(consumer, join(bin, "tsc"), "--project", "tsconfig.json");
  run(consumer, join(bin, "tsc"), "--project", "tsconfig.bundler.json");

  for (const version of NODES) {
    const place = join(folder, version);
    install(place, `node@${version}`);
    tryOn(consumer, join(place, "node_modules/.bin/node"));
  }
  tryOn(consumer, process.execPath);
  tryOn(consumer, join(bin, "bun"));
}

function tryOn(consumer: string, runtime: string): void {
  step(`run on ${runtime.endsWith("bun") ? "Bun" : "Node.js"} ${run(consumer, runtime, "--version").trim()}`);
  run(consumer, runtime, "out/main.js");
}

function install(place: string, what: string): void {
  mkdirSync(place);
  // The package `node` gets its executable by its own install script.
  writeFileSync(join(place, "package.json"), JSON.stringify({ private: true, allowScripts: { node: true } }));
  npm(place, "install", ...QUIETLY, what);
}

function npm(cwd: string, ...argv: string[]): string {
  return start(cwd, process.env, ...npmCommand(), ...argv);
}

/** Without this machine's variables, of which AWS SDKs read many. */
function run(cwd: string, program: string, ...argv: string[]): string {
  return start(cwd, { PATH: process.env["PATH"], HOME: folder }, program, ...argv);
}

function start(cwd: string, env: NodeJS.ProcessEnv, program: string, ...argv: string[]): string {
  const { status, error, stdout, stderr } = spawnSync(program, argv, { cwd, encoding: "utf8", env, timeout: 300_000 });
  if (status === 0) return stdout;
  throw new Error([`failed: ${program} ${argv.join(" ")}`, error?.message, stdout, stderr].filter(Boolean).join("\n"));
}

function step(text: string): void {
  process.stdout.write(`${text}\n`);
}

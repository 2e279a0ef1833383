// Which changes of the trust policy's code no test notices: Stryker, in a copy of the project with packages of its own, as it rewrites
// sources and is too large to be a dependency. All of it takes an hour or two on two processors; arguments name files instead.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmCommand } from "./npm.ts";

const PACKAGES = ["@stryker-mutator/core@10.1.1", "@stryker-mutator/vitest-runner@10.1.1"];
const ALL = ["src/trust-policy/**/*.ts", "!src/trust-policy/index.ts"];
/** Those that are about that code: its own but the slow properties, and those in which it meets documents and the doctor. */
const TESTS = {
  include: [
    "test/trust-policy/*.test.ts",
    "test/docs.test.ts",
    "test/doctor/trust.test.ts",
    "test/setup/held-policy.test.ts",
  ],
  exclude: ["test/trust-policy/algebra.test.ts", "test/trust-policy/lint-strangers.test.ts"],
};

interface Report {
  files: Record<
    string,
    {
      source: string;
      mutants: { status: string; replacement?: string; location: Record<"start" | "end", Position> }[];
    }
  >;
}

interface Position {
  line: number;
  column: number;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gcp2aws-mutants-"));
try {
  mutate(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true });
}

function mutate(files: readonly string[]): void {
  const tracked = spawnSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).stdout.trim().split("\n");
  for (const file of tracked) cpSync(join(root, file), join(folder, file));
  const quietly = ["--loglevel=error", "--no-fund", "--no-audit", "--ignore-scripts"];
  run(...npmCommand(), "ci", ...quietly);
  run(...npmCommand(), "install", "--no-save", ...quietly, ...PACKAGES);
  write("properties.ts", 'import fc from "fast-check";\n\nfc.configureGlobal({ numRuns: 10, seed: 7 });\n');
  const test = { ...TESTS, isolate: false, testTimeout: 60_000, setupFiles: ["./properties.ts"] };
  write("vitest.mutants.config.ts", `export default ${JSON.stringify({ test })};\n`);
  write(
    "stryker.config.json",
    JSON.stringify({
      testRunner: "vitest",
      vitest: { configFile: "vitest.mutants.config.ts" },
      plugins: ["@stryker-mutator/vitest-runner"],
      mutate: files.length === 0 ? ALL : files,
      coverageAnalysis: "perTest",
      timeoutMS: 30_000,
      // It knows no TypeScript 7, and need not.
      tsconfigFile: "none.json",
      reporters: ["json", "progress-append-only"],
    }),
  );
  run(process.execPath, join(folder, "node_modules/@stryker-mutator/core/bin/stryker.js"), "run");
  summarize(JSON.parse(readFileSync(join(folder, "reports/mutation/mutation.json"), "utf8")) as Report);
}

function summarize({ files }: Report): void {
  const all = Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants.map((mutant) => ({ ...mutant, file, code: codeOf(source, mutant.location) })),
  );
  const unnoticed = all.filter(({ status }) => status === "Survived" || status === "NoCoverage");
  for (const { file, code, replacement = "", location } of unnoticed)
    process.stdout.write(`${file}:${location.start.line}: ${oneLine(code)}  →  ${oneLine(replacement)}\n`);
  const noticed = all.filter(({ status }) => status === "Killed" || status === "Timeout").length;
  const percent = ((100 * noticed) / (noticed + unnoticed.length)).toFixed(1);
  process.stdout.write(`${noticed} of ${noticed + unnoticed.length} mutants noticed, ${percent} %\n`);
}

function codeOf(source: string, { start, end }: Record<"start" | "end", Position>): string {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const [first = ""] = lines;
  const last = lines.at(-1) ?? "";
  if (lines.length === 1) return first.slice(start.column - 1, end.column - 1);
  return [first.slice(start.column - 1), ...lines.slice(1, -1), last.slice(0, end.column - 1)].join("\n");
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  return flat.length > 100 ? `${flat.slice(0, 99)}…` : flat;
}

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

function run(program: string, ...argv: string[]): void {
  const { status, error } = spawnSync(program, argv, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`failed: ${program} ${argv.join(" ")}: ${error?.message ?? `status ${status}`}`);
}

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Clouds } from "./clouds.ts";

/** One of the ways to run gcp2aws. */
export interface Entry {
  name: string;
  command: readonly [string, ...string[]];
  /** A process of the same kind that does nothing. */
  nothing: readonly [string, ...string[]];
}

/** A claim: measured, and what was expected of it. */
export interface Row {
  name: string;
  value: string;
  expected?: string;
  reached?: boolean;
}

export interface Table {
  title: string;
  rows: Row[];
}

export interface Timed {
  command: readonly string[];
  /** Run before each measurement, not measured. */
  prepare?: string;
  /** It fails, and is meant to. */
  fails?: true;
}

/** Medians of whole commands in seconds, by hyperfine, one after the other without a shell. */
export function hyperfine(clouds: Clouds, runs: number, commands: readonly Timed[], env = clouds.env): number[] {
  const report = join(clouds.folder, "report.json");
  const prepares = commands.flatMap(({ prepare }) => ["--prepare", prepare ?? "true"]);
  const { status, stderr } = spawnSync(
    "hyperfine",
    [
      "-N",
      "--warmup",
      "3",
      "--runs",
      String(runs),
      "--export-json",
      report,
      ...(commands.some(({ fails }) => fails) ? ["--ignore-failure"] : []),
      ...(commands.some(({ prepare }) => prepare !== undefined) ? prepares : []),
      ...commands.map(({ command }) => command.join(" ")),
    ],
    { env, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`hyperfine failed: ${stderr}`);
  const { results } = JSON.parse(readFileSync(report, "utf8")) as { results: { median: number }[] };
  return results.map((result) => result.median);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** The first of these programs that answers `args` as wanted. */
export function firstThat(
  programs: readonly string[],
  args: readonly string[],
  wanted: RegExp,
  name: string,
  debian: string,
): string {
  for (const program of programs) {
    const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
    if (status === 0 && wanted.test(stdout)) return program;
  }
  throw new Error(`${name} is needed for the comparison: apt-get install ${debian}`);
}

export function compile(clouds: Clouds, source: string): string {
  const program = join(clouds.folder, source.replace(".c", ""));
  const { status, stderr } = spawnSync("cc", ["-static", "-O2", "-o", program, resolve("bench", source)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`cc failed: ${stderr}`);
  return program;
}

export const ms = (seconds: number) => `${(seconds * 1000).toFixed(2)} ms`;
export const times = (ratio: number) => `${ratio.toFixed(ratio < 10 ? 2 : 0)}×`;

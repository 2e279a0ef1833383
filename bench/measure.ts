import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Clouds, FLAGS } from "./clouds.ts";

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

/**
 * Medians of whole commands in seconds, by hyperfine without a shell. In turns: the machine's mood changes over a minute,
 * and each must have met the same. The first of two starts in a turn is not counted: it warms what the others have cooled.
 */
export function hyperfine(clouds: Clouds, runs: number, commands: readonly Timed[], env = clouds.env): number[] {
  const report = join(clouds.folder, "report.json");
  const prepares = commands.flatMap(({ prepare }) => ["--prepare", prepare ?? "true"]);
  const argv = [
    "-N",
    "--warmup",
    "1",
    "--runs",
    "1",
    "--export-json",
    report,
    ...(commands.some(({ fails }) => fails) ? ["--ignore-failure"] : []),
    ...(commands.some(({ prepare }) => prepare !== undefined) ? prepares : []),
    ...commands.map(({ command }) => command.join(" ")),
  ];
  const samples: number[][] = commands.map(() => []);
  for (let run = 0; run < runs; run++) {
    const { status, stderr } = spawnSync("hyperfine", argv, {
      env,
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`hyperfine failed: ${stderr}`);
    const { results } = JSON.parse(readFileSync(report, "utf8")) as { results: { times: number[] }[] };
    for (const [index, { times: measured }] of results.entries()) samples[index]?.push(...measured);
  }
  return samples.map(median);
}

/** The most memory that a command had, in bytes. */
export function peakMemory(
  peak: string,
  command: readonly string[],
  flags: readonly string[],
  env: Record<string, string>,
): number {
  return Number(spawnSync(peak, [...command, ...FLAGS, ...flags], { env, encoding: "utf8" }).stdout) * 1024;
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

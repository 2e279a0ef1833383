// Memory and size.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import type { Clouds } from "./clouds.ts";
import { compile, type Entry, median, peakMemory, type Row, type Table } from "./measure.ts";

export function weight(clouds: Clouds, entries: readonly Entry[], runs: number): Table {
  const peak = compile(clouds, "peak.c");
  const rows = entries.flatMap(({ name, command }): Row[] => {
    const most = (flags: readonly string[]) =>
      median(Array.from({ length: runs }, () => peakMemory(peak, command, flags, clouds.env)));
    const memory = {
      name: `${name}: most memory, cached / new`,
      value: `${mb(most([]))} / ${mb(most(["--no-cache"]))}`,
    };
    return command.length > 1 ? [memory] : [memory, { name: `${name}: size`, value: mb(statSync(command[0]).size) }];
  });
  const packed = JSON.parse(spawnSync("npm", ["pack", "--dry-run", "--json"], { encoding: "utf8" }).stdout) as
    | { size: number }[]
    | Record<string, { size: number }>;
  const { size = NaN } = Object.values(packed)[0] ?? {};
  return { title: "Memory and size", rows: [...rows, { name: "npm package: size packed", value: mb(size) }] };
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;
}

// One command on loopback: a cached answer, a new one, and where the milliseconds go.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Clouds, FLAGS } from "./clouds.ts";
import { compile, type Entry, hyperfine, ms, type Row, type Table, times } from "./measure.ts";
import { otherWays } from "./others.ts";

export function speed(clouds: Clouds, entries: readonly Entry[], runs: number): Table[] {
  const others = otherWays(clouds);
  const floor = compile(clouds, "floor.c");
  const argv = ({ command }: Entry) => [...command, ...FLAGS];
  const empty = `sh -c 'rm -rf ${clouds.cache}/*'`;

  const first = entries[0];
  if (first === undefined) return [];
  spawnSync(first.command[0], [...first.command.slice(1), ...FLAGS], { env: clouds.env });
  const entry = join(clouds.cache, readdirSync(clouds.cache)[0] ?? "");
  const warm = hyperfine(clouds, runs, [
    { command: [floor, entry] },
    ...entries.map((one) => ({ command: argv(one) })),
    { command: others.pipeline },
  ]);
  const cold = hyperfine(clouds, runs, [
    ...entries.map((one) => ({ command: argv(one), prepare: empty })),
    { command: others.curls, prepare: "true" },
    { command: others.boto3, prepare: "true" },
    { command: others.pipeline, prepare: "true" },
  ]);
  // A wrong flag is found when all of the code is there, and before anything is done.
  const parts = entries.map(({ nothing, command }) =>
    hyperfine(clouds, runs, [
      { command: nothing },
      { command: [...command, "credential-process", "--timeout=x"], fails: true },
    ]),
  );

  const floorTime = warm[0] ?? NaN;
  const pipeline = warm.at(-1) ?? NaN;
  const [curls = NaN, boto3 = NaN, cliTime = NaN] = cold.slice(-3);
  const limits: Record<string, { above?: number; pipeline?: number; curls?: number; cold?: [number, number] }> = {
    "native helper": { above: 0.7, pipeline: 400, curls: 0.4 },
    "standalone executable": { above: 6, pipeline: 80, curls: 1, cold: [25, 10] },
    // Nobody has promised that Node starts so fast: what it misses is seen all the same.
    "npm entry": { above: 6, pipeline: 80, curls: 1, cold: [25, 10] },
  };
  const warmRows = entries.flatMap(({ name }, index): Row[] => {
    const time = warm[index + 1] ?? NaN;
    const { above, pipeline: least } = limits[name] ?? {};
    return [
      row(
        `${name}: above the floor of ${ms(floorTime)}`,
        (time - floorTime) * 1000,
        (value) => `${value.toFixed(2)} ms`,
        above,
        "most",
        " ms",
      ),
      row(`${name}: curl, jq and AWS CLI v2 take`, pipeline / time, times, least, "least", "×"),
    ];
  });
  const coldRows = entries.flatMap(({ name }, index): Row[] => {
    const time = cold[index] ?? NaN;
    const { curls: most, cold: least } = limits[name] ?? {};
    return [
      row(`${name}: of two bare curl calls`, time / curls, times, most, "most", "×"),
      row(`${name}: curl, jq and AWS CLI v2 take`, cliTime / time, times, least?.[0], "least", "×"),
      row(`${name}: a boto3 script takes`, boto3 / time, times, least?.[1], "least", "×"),
    ];
  });
  const whereRows = entries.map(({ name }, index): Row => {
    const [nothing = NaN, loaded = NaN] = parts[index] ?? [];
    const [kept, fresh] = [warm[index + 1] ?? NaN, cold[index] ?? NaN];
    const cells = [nothing, loaded - nothing, kept - loaded, fresh - kept].map((value) => ms(value));
    return { name, value: cells.join("  ") };
  });
  return [
    { title: "A cached answer", rows: warmRows },
    { title: "A new answer on loopback, with its write to the cache", rows: coldRows },
    {
      title:
        "Where a start goes: a process that does nothing, our code loaded, the cache read and printed, token and STS and cache",
      rows: whereRows,
    },
  ];
}

/** A row whose value has a limit, where there is one. */
export function row(
  name: string,
  value: number,
  show: (value: number) => string,
  limit: number | undefined,
  kind: "most" | "least",
  unit: string,
): Row {
  if (limit === undefined) return { name, value: show(value) };
  return {
    name,
    value: show(value),
    expected: `at ${kind} ${limit}${unit}`,
    reached: kind === "most" ? value <= limit : value >= limit,
  };
}

// The speed of gcp2aws beside what people use instead, as ratios measured in one run: absolute times depend on the
// machine and its mood. What is expected stands beside what was measured; with --strict a miss is a failure.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { awsCliWithProfile } from "./aws-cli.ts";
import { startClouds } from "./clouds.ts";
import { crowd } from "./crowd.ts";
import { far } from "./far.ts";
import { type Entry, firstThat, type Table } from "./measure.ts";
import { serve } from "./serve.ts";
import { speed } from "./speed.ts";
import { wake } from "./wake.ts";
import { weight } from "./weight.ts";

// --serving: only that of serve; --long: ten minutes for its memory.
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "30" },
    strict: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
    serving: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
firstThat(["hyperfine"], ["--version"], /hyperfine/, "hyperfine", "hyperfine");

const clouds = await startClouds();
try {
  const helper = resolve("dist/bin/gcp2aws-credential-process");
  const entries: Entry[] = [
    { name: "native helper", command: [helper], nothing: ["/bin/true"] },
    { name: "standalone executable", command: [resolve("dist/bin/gcp2aws")], nothing: [emptyExecutable()] },
    {
      name: "npm entry",
      command: [process.execPath, resolve("dist/cli/main.js")],
      nothing: [process.execPath, clouds.write("nothing.js", "")],
    },
  ];
  const built = entries.filter(({ command }) => existsSync(command[0]));
  if (built.length < entries.length) console.log("Without the native helper: npm run build:native makes it.\n");

  console.log(`Medians of ${runs} runs on ${process.platform} ${process.arch}, Node ${process.versions.node}.`);
  const starting = async () => [
    ...speed(clouds, built, runs),
    await far(clouds, built, runs),
    awsCliWithProfile(clouds, built, runs),
    await wake(clouds, built, runs),
    await crowd(clouds, built, Math.max(1, Math.floor(runs / 10))),
    weight(clouds, built, runs),
  ];
  const tables = [...(values.serving ? [] : await starting()), ...(await serve(clouds, built, runs, values.long))];
  for (const table of tables) print(table);
  const missed = tables.flatMap(({ rows }) => rows).filter(({ reached }) => reached === false);
  if (missed.length > 0 && values.strict) process.exitCode = 1;
} finally {
  clouds.close();
}

function print({ title, rows }: Table): void {
  const [name, value] = [
    Math.max(...rows.map((row) => row.name.length)),
    Math.max(...rows.map((row) => row.value.length)),
  ];
  console.log(`\n${title}\n`);
  for (const row of rows) {
    const verdict = row.expected === undefined ? "" : `expected ${row.expected}: ${row.reached ? "reached" : "MISSED"}`;
    console.log(`  ${row.name.padEnd(name)}  ${row.value.padStart(value)}  ${verdict}`.trimEnd());
  }
}

/** As the standalone executable is made. */
function emptyExecutable(): string {
  const source = clouds.write("nothing.ts", "");
  const program = source.replace(".ts", "");
  const { status, stderr } = spawnSync("bun", ["build", "--compile", "--bytecode", `--outfile=${program}`, source], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`bun failed: ${stderr}`);
  return program;
}

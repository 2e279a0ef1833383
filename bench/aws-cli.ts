// What a warm profile adds to a command of the AWS CLI.
import { spawnSync } from "node:child_process";
import { type Clouds, FLAGS } from "./clouds.ts";
import { type Entry, median, type Table } from "./measure.ts";
import { awsCli } from "./others.ts";
import { row } from "./speed.ts";

export function awsCliWithProfile(clouds: Clouds, entries: readonly Entry[], runs: number): Table {
  const aws = awsCli();
  const command = ["--endpoint-url", clouds.awsUrl, "--region", "us-east-1", "sts", "get-caller-identity"];
  const [first] = entries;
  if (first === undefined) return { title: "", rows: [] };
  const { stdout } = spawnSync(first.command[0], [...first.command.slice(1), ...FLAGS], {
    env: clouds.env,
    encoding: "utf8",
  });
  const keys = JSON.parse(stdout) as Record<"AccessKeyId" | "SecretAccessKey" | "SessionToken", string>;
  const fixed = {
    ...clouds.env,
    AWS_ACCESS_KEY_ID: keys.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
    AWS_SESSION_TOKEN: keys.SessionToken,
  };
  const config = clouds.write(
    "config",
    entries
      .map(
        ({ name, command: own }) =>
          `[profile ${name.split(" ")[0]}]\ncredential_process = ${[...own, ...FLAGS].join(" ")}\n`,
      )
      .join("\n"),
  );
  const contenders = [
    { argv: command, env: fixed },
    ...entries.map(({ name }) => ({
      argv: ["--profile", name.split(" ")[0] ?? "", ...command],
      env: { ...clouds.env, AWS_CONFIG_FILE: config },
    })),
  ];
  const samples: number[][] = contenders.map(() => []);
  // In turns: the machine's mood changes over a minute, and the claim is about a few milliseconds of half a second.
  for (let run = -1; run < runs; run++) {
    for (const [index, { argv, env }] of contenders.entries()) {
      const started = performance.now();
      const { status, stderr } = spawnSync(aws, argv, { env, encoding: "utf8" });
      if (status !== 0) throw new Error(`aws failed: ${stderr}`);
      if (run >= 0) samples[index]?.push(performance.now() - started);
    }
  }
  // Each run beside its neighbour with fixed keys.
  return {
    title: "aws sts get-caller-identity through a warm profile: more than with keys in the environment",
    rows: entries.map(({ name }, index) => {
      const more = median((samples[index + 1] ?? []).map((time, run) => time / (samples[0]?.[run] ?? NaN) - 1)) * 100;
      return row(name, more, (value) => `${value.toFixed(1)} %`, 3, "most", " %");
    }),
  };
}

// The real clients on this machine. One that is missing skips its tests with the reason, except under CI=true.
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

export interface Client {
  program: string;
  version: string;
}

function find(programs: readonly string[], args: readonly string[], wanted: RegExp): Client | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const program of [
    ...programs.flatMap((name) => folders.map((folder) => join(folder, name))),
    ...programs.map((name) => `/usr/bin/${name}`),
  ]) {
    const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
    if (status === 0 && wanted.test(stdout)) return { program, version: stdout.trim().split("\n")[0] ?? "" };
  }
  return undefined;
}

function orExplain(client: Client | undefined, name: string, install: string): Client | undefined {
  if (client !== undefined) return client;
  const reason = `${name} is not installed; for its tests: ${install}`;
  if (process.env["CI"] === "true") throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return undefined;
}

/** AWS CLI of version 2, wherever on PATH; Debian's is in /usr/bin. */
export const awsCli = orExplain(find(["aws"], ["--version"], /^aws-cli\/2\./), "AWS CLI v2", "apt-get install awscli");

/** A Python that has boto3. */
export const python = orExplain(
  find(["python3"], ["-c", "import boto3; print('boto3', boto3.__version__)"], /^boto3 /),
  "boto3",
  "apt-get install python3-boto3",
);

export const dash = orExplain(find(["dash"], ["-c", "echo dash"], /^dash/), "dash", "apt-get install dash");
export const bash = orExplain(find(["bash"], ["--version"], /bash/), "bash", "apt-get install bash");
export const fish = orExplain(find(["fish"], ["--version"], /^fish/), "fish", "apt-get install fish");

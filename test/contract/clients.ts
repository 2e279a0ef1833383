// The real clients on this machine. One that is missing skips its tests with the reason, except under CI=true.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import sdk from "@aws-sdk/client-sts/package.json" with { type: "json" };

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

/** Of version 1, which reads arguments in another way; few still have it. */
export const awsCliV1 = find(["aws"], ["--version"], /^aws-cli\/1\./);

/** A Python that has boto3. */
export const python = orExplain(
  find(["python3"], ["-c", "import boto3; print('boto3', boto3.__version__)"], /^boto3 /),
  "boto3",
  "apt-get install python3-boto3",
);

export const dash = orExplain(find(["dash"], ["-c", "echo dash"], /^dash/), "dash", "apt-get install dash");
export const bash = orExplain(find(["bash"], ["--version"], /bash/), "bash", "apt-get install bash");
export const fish = orExplain(find(["fish"], ["--version"], /^fish/), "fish", "apt-get install fish");

/** The AWS SDK for JavaScript v3 of this project's development dependencies. */
export const javaScript: Client = {
  program: process.execPath,
  version: `AWS SDK for JavaScript ${sdk.version}, Node.js ${process.version}`,
};

/** With the AWS SDK for Go of version 1 inside. */
export const rclone = orExplain(find(["rclone"], ["version"], /^rclone v1\./), "rclone", "apt-get install rclone");

/** Moves the clock of a program: see clock.ts. */
export const faketime = orExplain(
  find(["faketime"], ["--version"], /faketime: Version /),
  "faketime",
  "apt-get install faketime",
);

/** Where Debian's packages of Go libraries lie. */
const GO_PATH = "/usr/share/gocode";
const go = orExplain(
  existsSync(`${GO_PATH}/src/github.com/aws/aws-sdk-go-v2`) ? find(["go"], ["version"], /^go version /) : undefined,
  "Go, or the AWS SDK for Go v2,",
  "apt-get install golang-go golang-github-aws-aws-sdk-go-v2-dev",
);

/** programs/ask.go, built; its version is that of Go. */
export const goProgram: Client | undefined = go && {
  program: resolve("dist/contract/ask-go"),
  version: `AWS SDK for Go v2, ${go.version}`,
};

/** Builds programs/ask.go; takes half a minute the first time. */
export function buildGoProgram(): void {
  if (go === undefined || goProgram === undefined) return;
  const cache = resolve("dist/contract/go-cache");
  mkdirSync(cache, { recursive: true });
  const { status, stderr } = spawnSync(go.program, ["build", "-o", goProgram.program, programFile("ask.go")], {
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      GO111MODULE: "off",
      GOPATH: GO_PATH,
      GOCACHE: cache,
      GOFLAGS: "",
      CGO_ENABLED: "0",
    },
  });
  if (status !== 0) throw new Error(`programs/ask.go does not build:\n${stderr}`);
}

export function programFile(name: string): string {
  return fileURLToPath(new URL(`programs/${name}`, import.meta.url));
}

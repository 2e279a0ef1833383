// The whole credential-process on loopback emulators, side by side in one run with what people use instead of it.
// Prints ratios: absolute times depend on the machine and its mood.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { runs: { type: "string", default: "30" } } });

const ROLE = "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA";
const AUDIENCE = "https://aws.example.com";

interface Contender {
  name: string;
  command: string;
  /** How many times faster the standalone executable is expected to be, at least. */
  expected?: number;
}

const folder = mkdtempSync(join(tmpdir(), "gcp2aws-bench-"));
// A process of its own: sharing one with the measurement would make each wait for the other.
const emulator = spawn(process.execPath, [resolve("dist/cli/main.js"), "emulate", "--json"], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const line = await new Promise<string>((done) =>
    emulator.stdout.once("data", (chunk: Buffer) => done(chunk.toString())),
  );
  measure(JSON.parse(line));
} finally {
  emulator.kill();
  rmSync(folder, { recursive: true });
}

function measure({
  metadataUrl,
  awsUrl,
  env,
}: {
  metadataUrl: string;
  awsUrl: string;
  env: Record<string, string>;
}): void {
  const aws = firstThat(["/usr/bin/aws", "aws"], ["--version"], /^aws-cli\/2/, "AWS CLI v2", "awscli");
  const python = firstThat(
    ["/usr/bin/python3", "python3"],
    ["-c", "import boto3; print('boto3')"],
    /boto3/,
    "boto3",
    "python3-boto3",
  );
  firstThat(["hyperfine"], ["--version"], /hyperfine/, "hyperfine", "hyperfine");
  const identity = `${metadataUrl}/computeMetadata/v1/instance/service-accounts/default/identity`;

  const pipeline = write(
    "pipeline.sh",
    `set -eu
token=$(curl -sS -G -H 'Metadata-Flavor: Google' --data-urlencode audience=${AUDIENCE} -d format=full ${identity})
name=$(printf %s "$token" | jq -Rr 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .sub')
${aws} --endpoint-url ${awsUrl} sts assume-role-with-web-identity --role-arn ${ROLE} --role-session-name "$name" --web-identity-token "$token" --output json | jq -c '.Credentials + {Version: 1}'
`,
  );
  const script = write(
    "credentials.py",
    `import base64, json, urllib.parse, urllib.request, boto3
request = urllib.request.Request("${identity}?format=full&audience=" + urllib.parse.quote("${AUDIENCE}", safe=""), headers={"Metadata-Flavor": "Google"})
token = urllib.request.urlopen(request).read().decode()
part = token.split(".")[1]
name = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sub"]
answer = boto3.client("sts", region_name="us-east-1", endpoint_url="${awsUrl}").assume_role_with_web_identity(RoleArn="${ROLE}", RoleSessionName=name, WebIdentityToken=token)
print(json.dumps(dict(answer["Credentials"], Version=1), default=str))
`,
  );
  const curls = write(
    "curls.sh",
    `set -eu
token=$(curl -sS -H 'Metadata-Flavor: Google' '${identity}?audience=https%3A%2F%2Faws.example.com&format=full')
curl -sS -d Action=AssumeRoleWithWebIdentity -d Version=2011-06-15 -d RoleArn=${ROLE} -d RoleSessionName=bench -d WebIdentityToken=$token ${awsUrl}/
`,
  );
  const argv = `credential-process --role-arn ${ROLE} --audience ${AUDIENCE}`;
  const contenders: readonly Contender[] = [
    { name: "gcp2aws, standalone executable", command: `${resolve("dist/bin/gcp2aws")} ${argv}` },
    {
      name: `gcp2aws, npm entry on Node ${process.versions.node}`,
      command: `${process.execPath} ${resolve("dist/cli/main.js")} ${argv}`,
    },
    { name: "(a) curl, jq and AWS CLI v2 in a shell", command: `sh ${pipeline}`, expected: 25 },
    { name: "(b) a boto3 script", command: `${python} ${script}`, expected: 10 },
    { name: "(c) two bare curl calls", command: `sh ${curls}`, expected: 1 },
  ];
  const medians = hyperfine(
    contenders.map(({ command }) => command),
    env,
  );

  const ours = medians[0] ?? NaN;
  console.log(
    `\nMedian of ${values.runs} runs each; how many times as long as the standalone executable (${(ours * 1000).toFixed(1)} ms here):\n`,
  );
  for (const [index, { name, expected }] of contenders.entries()) {
    const ratio = (medians[index] ?? NaN) / ours;
    const verdict =
      expected === undefined ? "" : `expected at least ${expected}: ${ratio >= expected ? "reached" : "MISSED"}`;
    console.log(`  ${name.padEnd(42)} ${`${ratio.toFixed(2)}×`.padStart(9)}  ${verdict}`);
  }
}

function hyperfine(commands: readonly string[], env: Record<string, string>): number[] {
  const report = join(folder, "report.json");
  const { PATH = "" } = process.env;
  const { status, stderr } = spawnSync(
    "hyperfine",
    ["-N", "--warmup", "3", "--runs", values.runs, "--export-json", report, ...commands],
    {
      env: { PATH, HOME: folder, ...env },
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`hyperfine failed: ${stderr}`);
  const { results }: { results: { median: number }[] } = JSON.parse(readFileSync(report, "utf8"));
  return results.map(({ median }) => median);
}

function firstThat(
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

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

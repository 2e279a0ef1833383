// The AWS blog's walk from start to end on the emulators: a token, a trust policy, credentials, two calls by the real
// AWS CLI, a refusal, and what CloudTrail kept. Plain text when piped, colors on a terminal.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { gunzipSync } from "node:zlib";
import { defaultDocument, startEmulator } from "../src/emulator/index.ts";

const PROFILE = "TeamA-S3ReadOnlyAccess";
const ROLE = "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA";
const AUDIENCE = "https://aws.example.com";
const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "gcp2aws-demo-"));
const trail = join(folder, "cloudtrail");
const emulator = await startEmulator({ cloudTrail: trail });
const env = {
  PATH: process.env["PATH"] ?? "",
  HOME: folder,
  AWS_CONFIG_FILE: join(folder, "config"),
  AWS_PAGER: "",
  ...emulator.env,
};
try {
  await walk();
} finally {
  await emulator.close();
  rmSync(folder, { recursive: true });
}

async function walk(): Promise<void> {
  say(`The walk of the AWS blog post, with both clouds emulated on this machine:
a Google metadata server at ${emulator.metadataUrl}, AWS at ${emulator.awsUrl}.`);

  title("1. The workload asks the metadata server who it is");
  const url = `${emulator.metadataUrl}/computeMetadata/v1/instance/service-accounts/default/identity?audience=${encodeURIComponent(AUDIENCE)}&format=full`;
  say(`GET ${url.replace(emulator.metadataUrl, "")}`);
  const token = await (await fetch(url, { headers: { "Metadata-Flavor": "Google" } })).text();
  const [header = "", payload = ""] = token.split(".");
  say(`\n${header.slice(0, 24)}….${payload.slice(0, 24)}….[signature cut]\n`);
  say(json(JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))));

  title("2. The role's trust policy in AWS: this service account, for this audience");
  say(json(defaultDocument.roles[0]?.trust_policy));
  say("\n:aud is compared with the token's azp, :oaud with its aud, :sub with its sub.");

  title("3. One line in ~/.aws/config, and no key anywhere");
  const config = profile(PROFILE, AUDIENCE);
  writeFileSync(env.AWS_CONFIG_FILE, config + profile("WrongAudience", "https://wrong.example.com"));
  say(config.trim());

  title("4. What that command prints");
  const { status, stdout, stderr } = await run(process.execPath, [
    MAIN,
    "credential-process",
    "--role-arn",
    ROLE,
    "--audience",
    AUDIENCE,
  ]);
  if (status !== 0) throw new Error(stderr);
  say(json({ ...JSON.parse(stdout), SecretAccessKey: "[masked]", SessionToken: "[masked]" }));

  const cli = awsCli();
  if (cli === undefined) {
    say(
      "\nThere is no AWS CLI v2 on this machine (apt-get install awscli): the AWS SDK for JavaScript takes its place.",
    );
    title("5. Who am I?   6. What may I read?");
    await sdk();
  } else {
    title(`5. Who am I?   (${cli.version})`);
    await aws(cli.program, ["sts", "get-caller-identity"], PROFILE);
    title("6. What may I read?");
    await aws(cli.program, ["s3", "ls"], PROFILE);
  }

  title("7. A workload with the wrong audience is refused, and told why");
  if (cli === undefined) {
    const refused = await run(process.execPath, [
      MAIN,
      "credential-process",
      "--role-arn",
      ROLE,
      "--audience",
      "https://wrong.example.com",
    ]);
    say(refused.stderr.trim());
  } else {
    await aws(cli.program, ["s3", "ls"], "WrongAudience");
  }

  title("8. What CloudTrail kept");
  for (const line of records()) say(line);
  say("\nDone. To go on by yourself: npx node src/cli/main.ts emulate");
}

function profile(name: string, audience: string): string {
  return `[profile ${name}]\ncredential_process = "${process.execPath}" "${MAIN}" credential-process --role-arn ${ROLE} --audience ${audience}\n\n`;
}

async function aws(program: string, argv: readonly string[], name: string): Promise<void> {
  say(styleText("bold", `$ aws ${argv.join(" ")} --profile ${name}`, { stream: process.stdout }));
  // Older AWS CLIs do not read AWS_ENDPOINT_URL.
  const { stdout, stderr } = await run(program, [
    ...argv,
    "--profile",
    name,
    "--endpoint-url",
    emulator.awsUrl,
    "--output",
    "json",
  ]);
  say(`${stdout}${stderr}`.trim());
}

async function sdk(): Promise<void> {
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const { ListBucketsCommand, S3Client } = await import("@aws-sdk/client-s3");
  const { fromProcess } = await import("@aws-sdk/credential-providers");
  Object.assign(process.env, env);
  const options = { region: "us-east-1", endpoint: emulator.awsUrl, credentials: fromProcess({ profile: PROFILE }) };
  const { Account, Arn, UserId } = await new STSClient(options).send(new GetCallerIdentityCommand({}));
  say(json({ UserId, Account, Arn }));
  const { Buckets = [] } = await new S3Client({ ...options, forcePathStyle: true }).send(new ListBucketsCommand({}));
  for (const { Name } of Buckets) say(Name ?? "");
}

function awsCli(): { program: string; version: string } | undefined {
  for (const directory of env.PATH.split(delimiter)) {
    const program = join(directory, "aws");
    const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
    const version = /^aws-cli\/2\.[\d.]+/.exec(stdout ?? "")?.[0];
    if (status === 0 && version !== undefined) return { program, version };
  }
  return undefined;
}

interface TrailRecord {
  eventTime: string;
  eventName: string;
  errorCode?: string;
  userIdentity: { type: string; userName?: string; arn?: string };
}

function records(): string[] {
  return readdirSync(trail, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json.gz"))
    .flatMap((name): TrailRecord[] => JSON.parse(gunzipSync(readFileSync(join(trail, name))).toString("utf8")).Records)
    .map(({ eventTime, eventName, errorCode = "ok", userIdentity: { type, arn, userName = "" } }) =>
      [eventTime, eventName.padEnd(26), errorCode.padEnd(13), type.padEnd(16), arn ?? userName].join(" "),
    )
    .toSorted((a, b) => a.localeCompare(b));
}

function run(
  program: string,
  argv: readonly string[],
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((done, fail) => {
    const child = spawn(program, argv, { env, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.on("error", fail).on("close", (status) => done({ status, ...output }));
  });
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

function title(text: string): void {
  say(`\n${styleText(["bold", "cyan"], text, { stream: process.stdout })}\n`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

import { type Command, InvalidArgumentError } from "commander";
import type { Definition, Emulator } from "../emulator/index.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { collect } from "./collect.ts";
import type { CommandContext } from "./commands.ts";

interface EmulateOptions {
  config?: string;
  metadataPort: number;
  issuerPort: number;
  awsPort: number;
  region: string;
  cloudtrail?: string;
  credentials?: string;
  fault?: string[];
  json?: true;
}

/** `gcp2aws emulate`: both clouds on loopback until the process is told to end. */
export function defineEmulate(program: Command, { host }: CommandContext): void {
  program
    .command("emulate")
    .summary("run Google's metadata server and an AWS account on this machine")
    .description(
      "Runs a Google metadata server, its token issuer with Google's APIs (IAM Credentials, OAuth, STS) and an AWS account (STS, " +
        "S3 ListBuckets, IAM GetRole, CloudTrail) on loopback, which verify what they are sent as the real services do. Ctrl-C ends it.",
    )
    .option("--config <FILE>", "workload, roles, policies and buckets, as JSON or YAML (default: the AWS blog's walk)")
    .option("--metadata-port <PORT>", "port of the metadata server, 0 for any", port, 0)
    .option("--issuer-port <PORT>", "port of the token issuer and of Google's APIs, 0 for any", port, 0)
    .option("--aws-port <PORT>", "port of AWS, 0 for any", port, 0)
    .option("--region <REGION>", "region of the AWS side", "us-east-1")
    .option("--cloudtrail <DIR>", "write CloudTrail's files below this directory")
    .option("--credentials <DIR>", "write Google's application default credentials of every type into this directory")
    .option("--fault <SPEC>", "what goes wrong, TARGET:KIND[=VALUE][@COUNT]; may be repeated", collect)
    .option("--json", "print the addresses and variables as one line of JSON")
    .addHelpText("after", faultHelp)
    .action((options: EmulateOptions) => emulate(options, host));
}

const faultHelp = `
Faults:
  metadata:latency=500             half a second before every answer (also google:, sts:)
  metadata:status=503@2            the first two requests fail (also google:, sts:)
  sts:status=503,retry-after=2@1   with a Retry-After header
  sts:throttling@3                 Throttling
  sts:idp-communication-error@1    IDPCommunicationError
  sts:drop@1                       connection closed without an answer (also metadata:, google:)
  sts:clock-skew=7200              that side's clock is two hours ahead (also metadata:)`;

async function emulate(options: EmulateOptions, host: Host): Promise<void> {
  const { parseDefinition, startEmulator } = await import("../emulator/index.ts");
  const definition =
    options.config === undefined ? undefined : await readDefinition(options.config, host, parseDefinition);
  const stopped = host.terminated();
  const emulator = await startEmulator({
    ...options,
    faults: options.fault ?? [],
    clock: host.now,
    ...(definition === undefined ? {} : { definition }),
    ...(options.cloudtrail === undefined ? {} : { cloudTrail: options.cloudtrail }),
  }).catch((error: unknown) => {
    throw startFailure(error);
  });
  if (options.credentials !== undefined) await writeCredentials(emulator, options.credentials);
  host.writeStdout(options.json ? `${JSON.stringify(addresses(emulator))}\n` : describe(emulator, options));
  await stopped;
  await emulator.close();
}

async function writeCredentials(emulator: Emulator, directory: string): Promise<void> {
  try {
    await emulator.writeCredentials(directory);
  } catch (error) {
    await emulator.close();
    throw new Gcp2awsError("LOCAL_FILE", `--credentials ${printable(directory)}: ${messageOf(error)}`, {
      hint: "it needs a directory that this user may write",
    });
  }
}

async function readDefinition(path: string, host: Host, parse: (value: unknown) => Definition): Promise<Definition> {
  const text = host.readText(path);
  const { parse: parseYaml } = await import("yaml");
  try {
    // Every JSON document is a YAML document.
    return parse(parseYaml(text, { maxAliasCount: 100 }));
  } catch (error) {
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `--config ${printable(path)}: ${messageOf(error)}`, {
      hint: "docs/emulator.md has the format and an example",
    });
  }
}

function startFailure(error: unknown): Gcp2awsError {
  const what = `emulators not started: ${messageOf(error)}`;
  if (!(error instanceof Error) || !("syscall" in error)) {
    return new Gcp2awsError("USAGE_INVALID_VALUE", what, { hint: "see gcp2aws emulate --help" });
  }
  return error.syscall === "listen"
    ? new Gcp2awsError("LOCAL_PORT", what, {
        hint: "another program has that port, or it is below 1024; choose another, or 0 for any",
      })
    : new Gcp2awsError("LOCAL_FILE", what, { hint: "--cloudtrail needs a directory that this user may write" });
}

function addresses({ metadataUrl, issuerUrl, awsUrl, env }: Emulator) {
  return { metadataUrl, issuerUrl, awsUrl, env };
}

function describe(emulator: Emulator, { cloudtrail }: EmulateOptions): string {
  const role = emulator.definition.roles[0]?.name ?? "ROLE";
  return `Google metadata server  ${emulator.metadataUrl}
Google token issuer     ${emulator.issuerUrl} (and Google's APIs)
AWS account             ${emulator.awsUrl} (${emulator.definition.accountId})
CloudTrail              ${cloudtrail ?? "not kept; give --cloudtrail DIR"}

In another terminal:

${Object.entries(emulator.env)
  .map(([name, value]) => `  export ${name}=${value}`)
  .join("\n")}
  gcp2aws credential-process --role-arn arn:aws:iam::${emulator.definition.accountId}:role/${role} --audience https://aws.example.com

AWS CLI before 2.13 and boto3 before 1.28 do not read AWS_ENDPOINT_URL: give them --endpoint-url, or endpoint_url, ${emulator.awsUrl}.
Each start has new keys: after another one, \`gcp2aws cache clear\` forgets the credentials of this one.
Ctrl-C ends it.
`;
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("It must be a port from 0 to 65535.");
}

function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), 500);
}

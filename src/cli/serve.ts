import { type Command, Option } from "commander";
import { readConfig } from "../config.ts";
import type { FlagValues } from "../config/read.ts";
import { activatedDescriptors } from "../config/surroundings.ts";
import { type Config } from "../config.ts";
import { containerVariables, imdsVariables } from "../delivery/container-environment.ts";
import {
  conflictingVariables,
  type EnvironmentFormat,
  environmentFormats,
  formatEnvironment,
} from "../delivery/environment.ts";
import { isLoopback, type ListenAddress, parseListen } from "../delivery/serve/address.ts";
import { containerPath } from "../delivery/serve/container.ts";
import type { LogFormat } from "../delivery/serve/log.ts";
import { matcher } from "../delivery/serve/secret.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { TARGET_NAME } from "../targets.ts";
import { parseRoleArn } from "../sts/role-arn.ts";
import { collect } from "./collect.ts";
import type { CommandContext } from "./commands.ts";
import { addPipeFlags, configOf, valuesOf } from "./pipe-flags.ts";
import { tokenFilesOf, tokensOf } from "./serve-tokens.ts";

interface ServeOptions {
  role?: string[];
  config?: string;
  listen?: string[];
  tokenFile?: string[];
  imds?: true;
  unsafeImdsV1?: true;
  logFormat: LogFormat;
  printEnv?: true | string;
  format: EnvironmentFormat;
}

interface Target {
  name: string;
  config: Config;
}

/** Where a secret is masked as it is printed, there is no server to live on: see `gcp2aws env`. */
const formats = environmentFormats.filter((format) => format !== "github-actions");

const DEFAULT_LISTEN: readonly ListenAddress[] = [
  { host: "127.0.0.1", port: 9922 },
  { host: "::1", port: 9922 },
];

/** `gcp2aws serve`: AWS credentials for every SDK on this machine or pod, over HTTP. */
export function defineServe(program: Command, { host }: CommandContext): void {
  const command = program
    .command("serve")
    .summary("serve AWS credentials to SDKs over HTTP, always fresh")
    .description(
      "Answers the container credentials protocol of the AWS SDKs (AWS_CONTAINER_CREDENTIALS_FULL_URI) on loopback, each role at " +
        "/role/NAME with a token of its own, and refreshes before anybody asks.\n" +
        'What clients must set: eval "$(gcp2aws serve --print-env [same flags])".',
    )
    .usage("--role-arn ARN --audience URI [flags] | --config FILE [TARGET …]")
    .argument("[targets...]", "targets of the file of --config, each at /role/TARGET (default: all of them)");
  addPipeFlags(command)
    .option(
      "--role <[NAME=]ARN>",
      "a role to serve, at /role/NAME (default: the role's own name); may be repeated",
      collect,
    )
    .option("--listen <IP:PORT>", "where to listen; may be repeated (default: 127.0.0.1:9922 and [::1]:9922)", collect)
    .option(
      "--token-file <[NAME=]FILE>",
      "the token that clients show for a role (default: one is made and kept)",
      collect,
    )
    .option("--imds", "also answer as EC2's instance metadata service, version 2; one role only")
    .option(
      "--unsafe-imds-v1",
      "with --imds: answer without a session token too, as version 1; any request forgery gets credentials",
    )
    .addOption(new Option("--log-format <FORMAT>", "of the log on stderr").choices(["text", "json"]).default("text"))
    .option("--print-env [NAME]", "print what clients of a role must set, and end")
    .addOption(new Option("--format <FORMAT>", "of --print-env").choices(formats).default("sh"))
    .addHelpText("after", `\nAlso: /healthz, /readyz, /metrics. SIGHUP reads the token files again, SIGTERM ends.`)
    .action(() => serve(command, host));
}

async function serve(command: Command, host: Host): Promise<void> {
  const options: ServeOptions = command.opts();
  if (options.printEnv === undefined && command.getOptionValueSource("format") === "cli") {
    throw invalid("--format: goes with --print-env", "add --print-env, or see --log-format for the log");
  }
  const targets = await targetsOf(command, options, host);
  const files = tokenFilesOf(options.tokenFile ?? [], targets);
  const addresses = addressesOf(options, targets, files);
  const tokens = await tokensOf(files, targets, host);
  if (options.printEnv !== undefined) {
    host.writeStdout(await printEnv(host, options, targets, addresses, tokens));
    return;
  }
  const { runServer } = await import("./run-server.ts");
  const { ownPid } = await import("../host/signals.ts");
  const activated = activatedDescriptors(host.env, ownPid());
  await runServer(
    {
      targets,
      addresses: activated.length > 0 ? activated.map((descriptor) => ({ descriptor })) : addresses,
      optional: options.listen === undefined ? ["::1"] : [],
      admits: (name) => matcher(tokens(name)),
      imds: options.imds === true ? { unsafeV1: options.unsafeImdsV1 === true } : undefined,
      logFormat: options.logFormat,
    },
    host,
  );
}

async function targetsOf(
  command: Command,
  { role = [], imds, unsafeImdsV1, config: file }: ServeOptions,
  host: Host,
): Promise<Target[]> {
  const targets: Target[] = [];
  const add = (name: string | undefined, config: Config) => {
    const own = name ?? parseRoleArn(config.roleArn)?.name ?? "";
    if (targets.some((target) => target.name === own)) {
      throw invalid(`--role: "${printable(own, 80)}" is there twice`, "name them apart: --role NAME=ARN");
    }
    targets.push({ name: own, config });
  };
  const named = await namedTargets(command, file !== undefined, host);
  for (const { name, flags } of named) add(name, readConfig(flags, host.env, host.readText));
  // Its own flag or variable, unless others say all.
  if ((role.length === 0 && named.length === 0) || command.getOptionValueSource("roleArn") === "cli") {
    add(undefined, await configOf(command, host));
  }
  for (const text of role) {
    const match = /^(?:([^=]+)=)?(arn:.*)$/.exec(text);
    const isName = match?.[1] === undefined || TARGET_NAME.test(match[1]);
    if (match === null || !isName || parseRoleArn(match[2] ?? "") === undefined)
      throw invalid(
        `--role "${printable(text, 100)}": must be NAME=ARN or ARN`,
        "for example --role team-a=arn:aws:iam::111122223333:role/TeamA",
      );
    const roleArn = match[2] ?? "";
    add(match[1], await configOf(command, host, { roleArn }));
  }
  if (imds === true && targets.length > 1) {
    throw invalid(
      "--imds: there can be one role only",
      "start another server for the other roles: the SDKs take the list of roles for one name",
    );
  }
  if (unsafeImdsV1 === true && imds !== true)
    throw invalid("--unsafe-imds-v1: needs --imds", "leave it out, or add --imds");
  return targets;
}

/** The targets that are named, or all of the file that is: with the flags of the command line, but for those of another role. */
async function namedTargets(
  command: Command,
  isFileGiven: boolean,
  host: Host,
): Promise<{ name: string; flags: FlagValues }[]> {
  if (!isFileGiven && command.args.length === 0) return [];
  const { roleArn: _, ...given } = valuesOf(command);
  const { readTargets, targetOf } = await import("./with-target.ts");
  const found = await readTargets(given, host);
  const names = command.args.length > 0 ? command.args : [...found.targets.keys()];
  if (names.length === 0) throw invalid(`${printable(found.path)}: has no targets`, "docs/targets.md has an example");
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(`"${printable(twice, 80)}": is there twice`, "name each target once");
  return names.map((name) => ({ name, flags: { ...targetOf(name, found), ...given } }));
}

function addressesOf(
  { listen = [], imds }: ServeOptions,
  targets: readonly Target[],
  files: ReadonlyMap<string, string>,
): readonly ListenAddress[] {
  if (listen.length === 0) return DEFAULT_LISTEN;
  return listen.map((text) => {
    const address = parseListen(text);
    if (address === undefined)
      throw invalid(
        `--listen "${printable(text, 100)}": must be IP:PORT or [IPv6]:PORT`,
        "for example --listen 127.0.0.1:9922",
      );
    if (isLoopback(address)) return address;
    if (imds === true)
      throw invalid(
        `--listen ${text}: --imds is for loopback only`,
        "whoever reaches the port would get credentials; use the container protocol, whose clients show a token",
      );
    if (targets.some(({ name }) => !files.has(name))) {
      throw invalid(
        `--listen ${text}: beyond loopback each role needs a --token-file`,
        "give the same file to the server and its clients, for example from a Kubernetes secret",
      );
    }
    return address;
  });
}

async function printEnv(
  host: Host,
  { printEnv: wanted, format, imds }: ServeOptions,
  targets: readonly Target[],
  addresses: readonly ListenAddress[],
  tokens: (name: string) => string,
): Promise<string> {
  const target = typeof wanted === "string" ? targets.find(({ name }) => name === wanted) : targets[0];
  if (target === undefined || (wanted === true && targets.length > 1)) {
    const what =
      typeof wanted === "string" ? `--print-env "${printable(wanted, 80)}": no such role` : "--print-env: which role?";
    throw invalid(what, `name one of ${targets.map(({ name }) => name).join(" ")}`);
  }
  const address = addresses[0];
  if (address === undefined || address.port === 0) {
    throw invalid("--print-env: the port must be known", "give --listen with a port other than 0");
  }
  const url = `http://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  const { settle } = await import("../settle.ts");
  const { region } = await settle(target.config, host, host.ticks() + target.config.timeoutMs);
  const set =
    imds === true
      ? imdsVariables(url, region)
      : containerVariables(`${url}${containerPath(target)}`, tokens(target.name), region);
  return formatEnvironment(format, set, conflictingVariables);
}

function invalid(message: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("USAGE_INVALID_VALUE", message, { hint });
}

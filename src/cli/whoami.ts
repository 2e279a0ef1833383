import type { Command } from "commander";
import { asciiJson } from "../ascii-json.ts";
import type { Entry } from "../cache/entry.ts";
import type { Config } from "../config.ts";
import { formatExpiration } from "../credentials.ts";
import { duration, fromNow } from "../duration.ts";
import { formatError, Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Claims } from "../identity-token/claims.ts";
import type { Settled } from "../settle.ts";
import { nameOfSource } from "../source-config.ts";
import type { CallerIdentity } from "../sts/get-caller-identity.ts";
import { askCached } from "./ask-cached.ts";
import type { CommandContext } from "./commands.ts";
import { addPipeFlags, addTarget, configOf } from "./pipe-flags.ts";

/** What one side says, or why it does not. */
type Side<T> = { said: T } | { error: Gcp2awsError };

interface AwsSide {
  entry: Entry;
  source: "cache" | "new";
  caller: Side<CallerIdentity>;
}

/** `gcp2aws whoami`: who this workload is, in Google and in AWS. */
export function defineWhoami(program: Command, { host }: CommandContext): void {
  const command = program
    .command("whoami")
    .summary("show who this workload is, in Google and in AWS")
    .description(
      "Shows the identity that Google gives this workload, and whom AWS takes it for (GetCallerIdentity), with the times when they " +
        "end; no secrets. Where one side cannot be had the other is shown all the same, and the exit status is that of the error.",
    )
    .usage("(--role-arn ARN --audience URI [flags] | TARGET) [--json]")
    .option("--json", "print one line of JSON");
  addPipeFlags(addTarget(command)).action((_, { json }: { json?: true }) => whoami(command, json === true, host));
}

async function whoami(command: Command, json: boolean, host: Host): Promise<void> {
  const asked = await configOf(command, host);
  const deadline = host.ticks() + asked.timeoutMs;
  const { settle } = await import("../settle.ts");
  const config = await settle(asked, host, deadline);
  const [google, aws] = await Promise.all([
    sideOf(askGoogle(config, host, deadline)),
    sideOf(askAws(command, config, host, deadline)),
  ]);
  const source = sourceOf(config);
  const now = host.now();
  host.writeStdout(
    json ? `${asciiJson(summary(google, aws, source, config, now))}\n` : screen(google, aws, source, config, now),
  );

  const sides = [google, aws, ...("said" in aws ? [aws.said.caller] : [])];
  const errors = sides.flatMap((side) => ("error" in side ? [side.error] : []));
  const last = errors.pop();
  // Both sides need the token: where there is none, that is said once.
  for (const error of errors) if (error.message !== last?.message) host.writeStderr(formatError(error));
  if (last !== undefined) throw last;
}

/** Where the token is from and why, and why not from elsewhere. */
interface Source {
  why: string;
  others: string[];
}

function sourceOf({ source, sourceReasons }: Config): Source {
  const why = sourceReasons.find(({ taken }) => taken)?.why ?? "";
  const others = sourceReasons.filter(({ taken }) => !taken).map(({ kind, why: not }) => `${kind}: ${not}`);
  return { why: `${nameOfSource(source)}: ${why}`, others };
}

interface GoogleSide {
  claims: Claims;
  /** The key of a trust policy that a claim is compared with. */
  keyOf: (claim: string) => string | undefined;
}

async function askGoogle(config: Settled, host: Host, deadline: number): Promise<GoogleSide> {
  const { openSource } = await import("../identity-token/open-source.ts");
  const { mintToken } = await import("../identity-token/life.ts");
  const { trustPolicyKeys } = await import("../sts/explain-denial.ts");
  const { claims } = await mintToken(await openSource(config, host), host, deadline);
  return { claims, keyOf: (claim) => trustPolicyKeys(claims).find(({ name }) => name === claim)?.key };
}

async function askAws(command: Command, config: Settled, host: Host, deadline: number): Promise<AwsSide> {
  const started = host.now();
  const entry = await askCached(command, config, host);
  const source = entry.issuedAt >= started ? "new" : "cache";
  return { entry, source, caller: await sideOf(askCaller(entry, config, host, deadline)) };
}

async function askCaller(
  { credentials }: Entry,
  config: Settled,
  host: Host,
  deadline: number,
): Promise<CallerIdentity> {
  const { buildSignedRequest, readCallerIdentity } = await import("../sts/get-caller-identity.ts");
  const { callSts } = await import("../sts/call.ts");
  const { throughNetwork } = await import("../network.ts");
  const { region, stsEndpoint } = config;
  const request = await buildSignedRequest(stsEndpoint, region, credentials, host.now());
  return callSts(request, stsEndpoint, throughNetwork(host, config, "aws"), deadline, (response, now) =>
    readCallerIdentity(response, credentials, now),
  );
}

async function sideOf<T>(asked: Promise<T>): Promise<Side<T>> {
  try {
    return { said: await asked };
  } catch (error) {
    if (error instanceof Gcp2awsError) return { error };
    throw error;
  }
}

/** For programs. Times are ISO 8601 in UTC; what a token does not say is left out. */
function summary(
  google: Side<GoogleSide>,
  aws: Side<AwsSide>,
  source: Source,
  { region, stsEndpoint }: Settled,
  now: number,
) {
  const failed = ({ code, message }: Gcp2awsError) => ({ error: { code, message } });
  return {
    google:
      "error" in google
        ? failed(google.error)
        : { ...google.said.claims.values, ...end(timeOf(google.said.claims.exp), now), source },
    aws:
      "error" in aws
        ? failed(aws.error)
        : {
            ...("error" in aws.said.caller ? failed(aws.said.caller.error) : aws.said.caller.said),
            region,
            stsEndpoint,
            source: aws.said.source,
            ...end(aws.said.entry.credentials.expiration, now),
          },
  };
}

function end(expiration: Date | undefined, now: number) {
  if (expiration === undefined) return {};
  const secondsLeft = Math.floor((expiration.getTime() - now) / 1000);
  return { expiration: formatExpiration(expiration), secondsLeft };
}

/** For people: both sides below each other; nothing where neither is known. */
function screen(google: Side<GoogleSide>, aws: Side<AwsSide>, source: Source, config: Settled, now: number): string {
  if ("error" in google && "error" in aws) return "";
  const sides: [string, Row[]][] = [
    ["Google", "error" in google ? [] : googleRows(google.said, source, now)],
    ["AWS", "error" in aws ? [] : awsRows(aws.said, config, now)],
  ];
  return sides
    .map(([title, rows]) => {
      const lines = rows.map(([name, value]) => `  ${name.padEnd(12)}${printable(value)}\n`);
      return `${title}\n${lines.length === 0 ? "  not known, see the error\n" : lines.join("")}`;
    })
    .join("\n");
}

type Row = readonly [name: string, value: string];

function googleRows({ claims: { values, exp }, keyOf }: GoogleSide, { why, others }: Source, now: number): Row[] {
  const compared = (claim: string) =>
    values[claim] === undefined ? undefined : `${values[claim]}${arrow(keyOf(claim))}`;
  const { email, project_id: project, instance_name: instance } = values;
  const rows: (readonly [string, string | undefined])[] = [
    ["subject", compared("sub")],
    ["email", email],
    ["azp", compared("azp")],
    ["audience", compared("aud")],
    ["project", project === undefined ? undefined : `${project} (${values["project_number"] ?? ""})`],
    [
      "instance",
      instance === undefined ? undefined : `${instance} (${values["instance_id"] ?? ""}) in ${values["zone"] ?? ""}`,
    ],
    ["token ends", ending(timeOf(exp), now)],
    ["token from", why],
    ...others.map((other, at) => [at === 0 ? "and not" : "", other] as const),
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function arrow(key: string | undefined): string {
  return key === undefined ? "" : `  → ${key}`;
}

function awsRows({ entry, source, caller }: AwsSide, { region, stsEndpoint }: Settled, now: number): Row[] {
  const age = duration(Math.max(0, now - entry.issuedAt));
  const origin = source === "new" ? "new" : `from the cache, ${age} old`;
  const identity: Row[] =
    "error" in caller
      ? []
      : [
          ["account", caller.said.accountId],
          ["ARN", caller.said.arn],
          ["user ID", caller.said.userId],
        ];
  return [
    ...identity,
    ["region", `${region} (${stsEndpoint})`],
    ["credentials", origin],
    ["they end", ending(entry.credentials.expiration, now) ?? ""],
  ];
}

function ending(time: Date | undefined, now: number): string | undefined {
  return time === undefined ? undefined : `${formatExpiration(time)}, ${fromNow(time.getTime() - now)}`;
}

/** Undefined for what no date can hold. */
function timeOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined || Math.abs(seconds) > 8.64e12 ? undefined : new Date(seconds * 1000);
}

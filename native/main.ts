import { readFileSync } from "node:fs";
import { credentialProcess } from "../src/cli/credential-process.ts";
import { awsConfigOf } from "../src/config/surroundings.ts";
import { type FlagValues } from "../src/config/read.ts";
import { flags, variableOf } from "../src/flags.ts";
import { formatError, Gcp2awsError, printable } from "../src/errors.ts";
import { metadataServer } from "../src/identity-token/metadata-server.ts";
import { issue } from "../src/issue.ts";
import { isPlainNetwork } from "../src/network-config.ts";
import type { Obtain } from "../src/provider.ts";
import { AUTO } from "../src/sts-config.ts";
import { placeOf } from "../src/sts/place.ts";
import { version } from "../src/version.ts";
import { nativeHost } from "./host.ts";
import { becomeFullProgram } from "./posix.ts";

/** `gcp2aws credential-process` alone, compiled ahead of time; the name of the subcommand may be left out. */
async function main(argv: readonly string[]): Promise<number> {
  const rest = argv[0] === "credential-process" ? argv.slice(1) : argv;
  try {
    if (rest.length === 1 && (rest[0] === "--version" || rest[0] === "-V")) {
      nativeHost.writeStdout(`${version}\n`);
    } else if ((await credentialProcess(rest, nativeHost, obtain, withTarget)) === "help") {
      nativeHost.writeStdout(help());
    }
    return 0;
  } catch (error) {
    const known = error instanceof Gcp2awsError ? error : internal();
    nativeHost.writeStderr(formatError(known));
    return known.exitStatus;
  }
}

/** What this program has not, the full gcp2aws beside it has: that one takes its place. */
const obtain: Obtain = async (config, host, deadline) => {
  const source = config.source;
  const { sts } = config;
  const isPlainSts =
    sts.region !== AUTO && (sts.profile === "" || !mayNameEndpoint(awsConfigOf(nativeHost.env, textOf).text));
  const isOneCall = config.chain.via.length === 0 && !config.longest;
  if (source.kind === "metadata" && isPlainNetwork(config) && isPlainSts && isOneCall) {
    const { metadataUrl, serviceAccount, tokenFormat, licenses } = source;
    const { audience, waitMs } = config;
    const mint = metadataServer(
      { kind: "metadata", metadataUrl, serviceAccount, tokenFormat, licenses, audience, waitMs },
      host,
    );
    const place = placeOf(sts, sts.region);
    const { credentials, clockAheadMs } = await issue(mint, { ...config, ...place }, host, deadline);
    // Not with the claims: the compiler knows one shape of an answer.
    return { credentials, clockAheadMs };
  }
  becomeFullProgram();
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    "the native helper alone has only the metadata server, no proxy, no CA bundle, one call for one role, and no endpoint or duration that is to be found first",
    { hint: "put gcp2aws beside it, which then takes its place, or leave out what asks for more" },
  );
};

/** The file of targets is read by the full program only. */
const withTarget = async (given: FlagValues): Promise<FlagValues> => {
  becomeFullProgram();
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `"${printable(given["target"] ?? "", 80)}": the native helper alone reads no targets`,
    {
      hint: "put gcp2aws beside it, which then takes its place, or give the flags themselves",
    },
  );
};

/** Whether more than this program can read decides which endpoint it is. */
function mayNameEndpoint(text: string): boolean {
  return text.includes("endpoint_url") || text.includes("use_fips_endpoint") || text.includes("use_dualstack_endpoint");
}

/** Empty where there is no such file, or none that can be read: then there is nothing of the user's in it. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A defect; its message could repeat anything, so nothing of it is shown. */
function internal(): Gcp2awsError {
  return new Gcp2awsError("INTERNAL", "defect in gcp2aws-credential-process", {
    hint: "run the same with gcp2aws credential-process, which shows the place, and report that line to the maintainers",
  });
}

function help(): string {
  const terms = flags.map(({ name, value }) => (value === undefined ? `--${name}` : `--${name} <${value}>`));
  const width = Math.max(...terms.map((term) => term.length));
  const rows = flags.map(
    (flag, row) => `  ${(terms[row] ?? "").padEnd(width)}  ${flag.description} [${variableOf(flag)}]`,
  );
  return [
    "Usage: gcp2aws-credential-process --role-arn ARN --audience URI [flags]",
    "",
    "Prints AWS credentials as one line of JSON, for the credential_process setting of an AWS profile:",
    "gcp2aws credential-process by itself, for machines where every millisecond counts.",
    "Each flag has an environment variable; the flag wins.",
    "",
    "Flags:",
    ...rows,
    "",
  ].join("\n");
}

// Should everything that is waited for go away, the runtime ends by itself: without an answer that is no success.
process.exitCode = 1;
void main(process.argv.slice(2)).then((status) => process.exit(status));

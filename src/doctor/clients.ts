import { type ClientFeatures, clientFeatures } from "../config/surroundings.ts";
import { type Check, type Examination, type Finding, ok, skipped, warning } from "./check.ts";
import { printable } from "../errors.ts";

/** A client that is installed, and the botocore in it: the AWS CLI and boto3 are both built on that. */
interface Client {
  name: string;
  botocore: string | undefined;
}

const NO_ENDPOINTS = "reads neither AWS_ENDPOINT_URL_STS nor endpoint_url";

/**
 * What versions of botocore do not do, by the version that began to, from its changelog
 * (https://github.com/boto/botocore/blob/develop/CHANGELOG.rst). The AWS CLI v2 has a botocore of its own and all of these from its
 * first version on, but for the endpoint's variables: from 2.13 on.
 */
const defects: readonly { before: string; what: string; matters: (used: ClientFeatures) => boolean }[] = [
  { before: "1.8.0", what: "does not know credential_process", matters: () => true },
  { before: "1.12.200", what: "does not know AWS_WEB_IDENTITY_TOKEN_FILE", matters: ({ webIdentity }) => webIdentity },
  { before: "1.31.0", what: NO_ENDPOINTS, matters: ({ endpoints }) => endpoints },
  {
    before: "1.32.0",
    what: "does not read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    matters: ({ authorizationFile }) => authorizationFile,
  },
  {
    before: "1.34.41",
    what: "reads the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE once, and not again",
    matters: ({ authorizationFile }) => authorizationFile,
  },
];
const CLI_V2_ENDPOINTS = "2.13.0";

const LIMIT_MS = 4_000;

/** The AWS CLI and boto3, where they are on PATH, by what is known of their versions. */
export const clientsCheck: Check = {
  id: "clients",
  title: "installed AWS clients",
  needs: [],
  run: async (examination) => {
    const { host, deadline } = examination;
    const limitMs = Math.min(LIMIT_MS, deadline - host.ticks());
    if (limitMs < 1) return skipped("no time is left for it, see --timeout");
    const found = await Promise.all([awsCli(examination, limitMs), boto3(examination, limitMs)]);
    const clients = found.filter((client) => client !== undefined);
    if (clients.length === 0) return skipped("neither the AWS CLI nor boto3 is on PATH");
    return assess(clients, clientFeatures(host.env));
  },
};

function assess(clients: readonly Client[], used: ClientFeatures): Finding {
  const names = clients.map(({ name }) => name);
  const known = clients
    .map((client) => ({ client, found: defectsOf(client, used) }))
    .filter(({ found }) => found.length > 0);
  if (known.length === 0) return ok(...names);
  const lines = known.flatMap(({ client, found }) => found.map((what) => `${client.name}: ${what}`));
  const old = known.map(({ client }) => client.name).join(" and ");
  return warning("LOCAL_COMMAND", [...names, ...lines], { text: `install a newer version of ${old}` });
}

function defectsOf({ name, botocore }: Client, used: ClientFeatures): string[] {
  if (botocore !== undefined) {
    const had = defects.filter(({ before, matters }) => isBefore(botocore, before) && matters(used));
    return had.map(({ what }) => what);
  }
  const cli = /^aws-cli\/(2\.\d+\.\d+)/.exec(name)?.[1];
  return cli !== undefined && isBefore(cli, CLI_V2_ENDPOINTS) && used.endpoints ? [NO_ENDPOINTS] : [];
}

async function awsCli({ tools }: Examination, limitMs: number): Promise<Client | undefined> {
  const ran = await tools.runProgram("aws", ["--version"], limitMs);
  // Version 1 said it on stderr for long.
  const said = ran === undefined ? "" : `${ran.stdout}\n${ran.stderr}`;
  const name = /^aws-cli\/[\w.+-]+/m.exec(said)?.[0];
  if (name === undefined) return undefined;
  // The botocore of version 2 is numbered by itself, as 2.0.0.
  const botocore = name.startsWith("aws-cli/1.") ? /\bbotocore\/(\d+\.\d+\.\d+)/.exec(said)?.[1] : undefined;
  return { name: printable(name, 60), botocore };
}

/** Without the current directory: whoever owns that would have a say. */
const PRINT_VERSIONS =
  "import sys; sys.path = [path for path in sys.path if path]; " +
  "import boto3, botocore; print(boto3.__version__, botocore.__version__)";

async function boto3({ tools }: Examination, limitMs: number): Promise<Client | undefined> {
  const ran = await tools.runProgram("python3", ["-c", PRINT_VERSIONS], limitMs);
  const [, version, botocore] = /^(\d+\.\d+\.\d+\S*) (\d+\.\d+\.\d+)/.exec(ran?.stdout ?? "") ?? [];
  return version === undefined ? undefined : { name: `boto3 ${printable(version, 30)}`, botocore };
}

function isBefore(version: string, other: string): boolean {
  const [a, b] = [version, other].map((text) => text.split(".").map(Number));
  for (const at of [0, 1, 2]) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

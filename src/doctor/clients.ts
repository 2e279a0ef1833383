import { type ClientFeatures, clientFeatures } from "../config/surroundings.ts";
import { printable } from "../errors.ts";
import { type Check, type Examination, type Finding, ok, skipped, warning } from "./check.ts";
import { botocore, type Client, cliV2, defectsOf } from "./client-defects.ts";
import { projectSdks } from "./project-sdks.ts";

const LIMIT_MS = 4_000;

/** The AWS CLI and boto3 on PATH, and the SDKs of the project in the current directory, by what is known of their versions. */
export const clientsCheck: Check = {
  id: "clients",
  title: "installed AWS clients",
  needs: [],
  run: async (examination) => {
    const { host, deadline } = examination;
    const limitMs = Math.min(LIMIT_MS, deadline - host.ticks());
    if (limitMs < 1) return skipped("no time is left for it, see --timeout");
    const onPath = await Promise.all([awsCli(examination, limitMs), boto3(examination, limitMs)]);
    const clients = [...onPath.filter((client) => client !== undefined), ...projectSdks(host.files)];
    if (clients.length === 0)
      return skipped("neither the AWS CLI nor boto3 is on PATH, nor an AWS SDK known in the current directory");
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
  const newer = new Set(known.map(({ client }) => client.newer));
  return warning("LOCAL_COMMAND", [...names, ...lines], { text: `install ${[...newer].join(" and ")}` });
}

async function awsCli({ tools }: Examination, limitMs: number): Promise<Client | undefined> {
  const ran = await tools.runProgram("aws", ["--version"], limitMs);
  // Version 1 said it on stderr for long.
  const said = ran === undefined ? "" : `${ran.stdout}\n${ran.stderr}`;
  const name = /^aws-cli\/[\w.+-]+/m.exec(said)?.[0];
  if (name === undefined) return undefined;
  // The botocore of version 2 is numbered by itself, as 2.0.0.
  const v2 = /^aws-cli\/(2\.\d+\.\d+)/.exec(name)?.[1];
  const version = v2 ?? /\bbotocore\/(\d+\.\d+\.\d+)/.exec(said)?.[1];
  return clientOf(printable(name, 60), version, v2 === undefined ? botocore : cliV2);
}

/** Without the current directory: whoever owns that would have a say. */
const PRINT_VERSIONS =
  "import sys; sys.path = [path for path in sys.path if path]; " +
  "import boto3, botocore; print(boto3.__version__, botocore.__version__)";

async function boto3({ tools }: Examination, limitMs: number): Promise<Client | undefined> {
  const ran = await tools.runProgram("python3", ["-c", PRINT_VERSIONS], limitMs);
  const [, version, ofBotocore] = /^(\d+\.\d+\.\d+\S*) (\d+\.\d+\.\d+)/.exec(ran?.stdout ?? "") ?? [];
  return version === undefined ? undefined : clientOf(`boto3 ${printable(version, 30)}`, ofBotocore, botocore);
}

function clientOf(name: string, version: string | undefined, defects: Client["defects"]): Client {
  return { name, version, defects, newer: `a newer version of ${name}` };
}

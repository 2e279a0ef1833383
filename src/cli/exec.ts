import type { Command } from "commander";
import { containerVariables } from "../delivery/container-environment.ts";
import { conflictingVariables, credentialVariables, type Variable } from "../delivery/environment.ts";
import { containerPath } from "../delivery/serve/container.ts";
import { createLog } from "../delivery/serve/log.ts";
import { createMetrics } from "../delivery/serve/metrics.ts";
import type { ServedRole } from "../delivery/serve/role.ts";
import { matcher, randomToken } from "../delivery/serve/secret.ts";
import { credentialServer } from "../delivery/serve/server.ts";
import { formatError, Gcp2awsError, printable } from "../errors.ts";
import { TOKEN_VARIABLE } from "../config/source.ts";
import type { Host } from "../host.ts";
import { every, within } from "../host/timers.ts";
import type { CommandContext } from "./commands.ts";
import { addPipeFlags, configOf } from "./pipe-flags.ts";

/** `gcp2aws exec -- command …`: a command with AWS credentials that stay fresh as long as it runs. */
export function defineExec(program: Command, context: CommandContext): void {
  const command = program
    .command("exec")
    .summary("run a command with AWS credentials that stay fresh")
    .description(
      "Runs a command whose AWS SDK takes credentials from a private server of this process: on a random port of loopback, with a " +
        "random token, as long as the command lives. Variables that would take precedence are unset.",
    )
    .usage("(--role-arn ARN --audience URI [flags] | [flags] TARGET) -- COMMAND [ARGUMENT …]")
    .argument("<command...>", "the command and its arguments");
  addPipeFlags(command)
    .passThroughOptions()
    .option("--static", "credentials as plain environment variables instead, which end with their session")
    .addHelpText(
      "after",
      "\nExit status: the command's own; 127 when there is no such command, 126 when it cannot be run.\n" +
        "When there are no credentials it is not run: 2 to 6, as for credential-process.",
    )
    .action(async (argv: string[]) => {
      const { target, rest } = splitTarget(argv, context.argv);
      context.exitStatus = await execute(command, target, rest, context.host);
    });
}

/** `TARGET -- COMMAND …`: one word before the first `--` of the command line. What comes after that is the command's. */
function splitTarget(argv: string[], whole: readonly string[]): { target: string | undefined; rest: string[] } {
  const behind = whole.length - whole.indexOf("--") - 1;
  if (argv[1] !== "--" || argv.length !== behind + 2) return { target: undefined, rest: argv };
  const rest = argv.slice(2);
  if (rest.length > 0) return { target: argv[0], rest };
  throw new Gcp2awsError("USAGE_MISSING_FLAG", "exec: the command is missing", { hint: "it stands after the --" });
}

async function execute(
  command: Command,
  target: string | undefined,
  [program = "", ...argv]: string[],
  host: Host,
): Promise<number> {
  const config = await configOf(command, host, target === undefined ? {} : { target });
  const { createKeeper } = await import("../keeper.ts");
  const { obtain } = await import("../obtain.ts");
  const { settle } = await import("../settle.ts");
  const said = new Set<string>();
  const quiet: Host = {
    ...host,
    stderrIsTerminal: () => false,
    // The screen is the command's: each kind of trouble is said once.
    warn: (problem) => {
      if (!said.has(problem.code)) host.warn(problem);
      said.add(problem.code);
    },
  };
  const keeper = createKeeper(config, quiet, obtain);
  const { credentials } = await keeper.ask();
  const { region } = await settle(config, quiet, host.ticks() + config.timeoutMs);
  const { static: isStatic }: { static?: true } = command.opts();
  if (isStatic === true) return run(program, argv, credentialVariables(credentials, region), host);

  const role: ServedRole = { name: "exec", roleArn: config.roleArn, ask: keeper.ask, held: keeper.held };
  const token = randomToken();
  const { listenHttp } = await import("../host/http-server.ts");
  const { tend } = await import("../keeper.ts");
  const { userFiles } = await import("../host/user-files.ts");
  const { hideShadows } = await import("./hide-shadows.ts");
  const server = await listenHttp([{ host: "127.0.0.1", port: 0 }], {
    handle: credentialServer({
      roles: [{ ...role, admits: matcher(token) }],
      metrics: createMetrics(),
      log: createLog("text", host.now, () => {}),
      now: host.now,
      within,
    }),
    answered: () => {},
  });
  const stopTending = tend(keeper, every);
  try {
    const url = `${server.urls[0]}${containerPath(role)}`;
    const set = [...containerVariables(url, token, region), ...hideShadows(host, userFiles)];
    return await run(program, argv, set, host);
  } finally {
    stopTending();
    await server.close();
  }
}

async function run(program: string, argv: readonly string[], set: readonly Variable[], host: Host): Promise<number> {
  const { dieOf, runChild, statusOf } = await import("../host/child.ts");
  const env = { ...host.env };
  for (const name of [...conflictingVariables, TOKEN_VARIABLE]) delete env[name];
  const end = await runChild(program, argv, { ...env, ...Object.fromEntries(set) });
  if (end.kind === "exited") return end.status;
  if (end.kind === "killed") {
    dieOf(end.signal);
    return statusOf(end.signal);
  }
  host.writeStderr(formatError(notStarted(program, end.code)));
  return end.code === "ENOENT" ? 127 : 126;
}

function notStarted(program: string, code: string): Gcp2awsError {
  return new Gcp2awsError("LOCAL_COMMAND", `"${printable(program, 100)}" not run: ${code}`, {
    hint:
      code === "ENOENT" ? "there is no such command on PATH" : "it must be an executable file that this user may run",
  });
}

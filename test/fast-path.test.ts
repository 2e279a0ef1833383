// credential-process reads its flags itself, in front of the command line library. Nobody may notice: over generated
// command lines and environments, both say the same on stdout and stderr, byte for byte, and end with the same status.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { credentialProcess } from "../src/cli/credential-process.ts";
import { parseFlags } from "../src/cli/parse-flags.ts";
import { configOf } from "../src/cli/pipe-flags.ts";
import { createProgram, runCommandLine, runProgram } from "../src/cli/program.ts";
import { withTarget } from "../src/cli/with-target.ts";
import { type FlagValues } from "../src/config/read.ts";
import { REFRESH_NOW } from "../src/config.ts";
import { flags, variableOf } from "../src/flags.ts";
import { formatCredentialProcess } from "../src/delivery/process.ts";
import { defect, formatError, Gcp2awsError } from "../src/errors.ts";
import { obtain } from "../src/obtain.ts";
import { createProvider } from "../src/provider.ts";
import { CLAIMS, type FakeHost, fakeHost, ROLE_ARN, stsErrorBody, stsSuccess, unsignedToken } from "./fake-host.ts";

type Way = (argv: readonly string[], host: FakeHost) => Promise<unknown>;
const command = "credential-process";

/** As main.ts does. */
const fastPath: Way = async (argv, host) => {
  const targets = (given: FlagValues) => withTarget(given, host);
  if ((await credentialProcess(argv, host, obtain, targets)) === "help") await runProgram([command, ...argv], host);
};

/** The same command with the library in front: the program's own definition of its flags, and their way to a Config. */
const library: Way = async (argv, host) => {
  const program = createProgram({ host, argv, exitStatus: 0 });
  const definition = program.commands.find((each) => each.name() === command);
  definition?.action(async () => {
    const provide = createProvider(await configOf(definition, host), host, {
      obtain,
      refreshInBackground: () => host.startDetached([command, ...argv], { [REFRESH_NOW]: "1" }),
    });
    host.writeStdout(formatCredentialProcess(await provide()));
  });
  await runCommandLine(program, [command, ...argv]);
};

interface Weather {
  env: Record<string, string>;
  denied: boolean;
  /** Milliseconds between the first time and the second: another state of the cache. */
  later: number;
}

/** Everything that one can see of two runs, the second with what the first left in the cache. */
async function observe(way: Way, argv: readonly string[], { env, denied, later }: Weather) {
  const host = fakeHost(
    ({ url }) => {
      if (url.includes("computeMetadata"))
        return { headers: { "metadata-flavor": "Google" }, body: unsignedToken(CLAIMS) };
      return denied ? { status: 403, body: stsErrorBody("AccessDenied", "Not authorized") } : { body: stsSuccess() };
    },
    { env },
  );
  const once = () =>
    way(argv, host).then(
      () => 0,
      (error: unknown) => {
        const known = error instanceof Gcp2awsError ? error : defect(error);
        host.writeStderr(formatError(known));
        return known.exitStatus;
      },
    );
  const statuses = [await once()];
  host.time += later;
  statuses.push(await once());
  const { stdout, stderr, requests, started, files } = host;
  const kept = [...files.nodes].map(([path, { text }]) => [path, text]);
  return { statuses, stdout, stderr, requests, started, kept };
}

function refusal(argv: readonly string[]): string | undefined {
  try {
    parseFlags(argv);
    return undefined;
  } catch (error) {
    return error instanceof Gcp2awsError ? error.message : "defect";
  }
}

/**
 * Where a command line cannot be read, the words are each reader's own, and so is which of several mistakes it names: ours
 * list the flags, the library's serve every command. That nothing is done, the exit status, and where the message goes
 * are the same. This is the only difference.
 */
const WORDS = /^(gcp2aws: .* \[USAGE_(UNKNOWN_FLAG|INVALID_VALUE|MISSING_FLAG)\]\nhint: .*\n){2}$/;

const awkward = [
  "",
  "=",
  "-",
  "--",
  "---",
  "-V",
  "--version",
  "-h",
  "--help",
  "-hV",
  "-5",
  "a=b",
  "stray",
  "--=",
  "-x",
];
const valid = flags.flatMap(({ name, value, example }) =>
  value === undefined ? [[`--${name}`]] : [[`--${name}`, example], [`--${name}=${example}`]],
);
const flagWords = flags.flatMap(({ name, example }) => [
  `--${name}`,
  `--${name}=`,
  `--${name}=${example}`,
  `--${name}=--x`,
  `--${name}=true`,
  `-${name}`,
  `--${name.slice(0, -1)}`,
  `--no-${name}`,
]);
const required = ["--role-arn", ROLE_ARN, "--audience", "https://aws.example.com"];
const anyWord = fc.oneof(
  fc.constantFrom(...flagWords),
  fc.constantFrom(...awkward, "-h", "--help"),
  fc.constantFrom(...flags.map(({ example }) => example)),
  fc.string({ unit: "grapheme", maxLength: 6 }),
);
const commandLine = fc
  .tuple(
    fc.boolean(),
    fc.shuffledSubarray(valid.slice(4), { maxLength: 4 }),
    fc.array(anyWord, { maxLength: 3 }).chain((words) => fc.constantFrom([], [], words)),
    fc.nat(),
  )
  .map(([complete, groups, extra, place]) => {
    const argv = (complete ? required : []).concat(...groups);
    return argv.toSpliced(place % (argv.length + 1), 0, ...extra);
  });

const value = fc.oneof(
  fc.constantFrom(...flags.map(({ example }) => example), "", "off", "on", "false", "--x", "1", "standard"),
  fc.string({ maxLength: 6 }),
);
const environment = fc.record(
  {
    ...Object.fromEntries(flags.map((flag) => [variableOf(flag), fc.oneof(fc.constant(flag.example), value)])),
    AWS_REGION: fc.constantFrom("eu-west-1", "cn-north-1", "nowhere", ""),
    AWS_DEFAULT_REGION: fc.constantFrom("eu-west-2", "", "x y"),
    AWS_USE_FIPS_ENDPOINT: fc.constantFrom("true", "TRUE", "false", ""),
    AWS_USE_DUALSTACK_ENDPOINT: fc.constantFrom("true", ""),
    AWS_ENDPOINT_URL: fc.constantFrom("http://localhost:1", "https://u:p@x", "ftp://x", ""),
    AWS_ENDPOINT_URL_STS: fc.constantFrom("https://sts.internal", "http://example.com"),
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: fc.constantFrom("true", "false"),
    GCE_METADATA_HOST: fc.constantFrom("127.0.0.1:80", "a b", ""),
    GCE_METADATA_IP: fc.constantFrom("10.0.0.1", "::1"),
    HOME: fc.constantFrom("/home", "relative", "/nowhere/at/all", ""),
    XDG_CACHE_HOME: fc.constantFrom("/home/cache", "relative", ""),
    XDG_RUNTIME_DIR: fc.constantFrom("/home", "/nowhere"),
    GCP2AWS_CACHE_DIR: fc.constantFrom("relative", "", "/home/own/"),
    [REFRESH_NOW]: fc.constantFrom("1", "0", ""),
  },
  { requiredKeys: [] },
);
// Most of what is generated breaks some rule: a part must not, or nothing behind the rules is reached.
const weather = fc.record({
  env: fc.oneof(environment, fc.constant({ HOME: "/home" })),
  denied: fc.boolean(),
  later: fc.constantFrom(0, 2_000, 20 * 60_000, 50 * 60_000, 70 * 60_000),
});

describe("the fast path of credential-process", () => {
  it("says byte for byte what the command line library would, over flags and environments", async () => {
    const seen = { credentials: 0, failed: 0, refused: 0, help: 0 };
    await fc.assert(
      fc.asyncProperty(commandLine, weather, async (argv, conditions) => {
        const [ours, theirs] = [await observe(fastPath, argv, conditions), await observe(library, argv, conditions)];
        const refused = refusal(argv);
        if (refused === undefined) {
          expect(ours).toEqual(theirs);
        } else {
          const { stderr: ourWords, ...rest } = ours;
          const { stderr: theirWords, ...others } = theirs;
          expect(rest).toEqual({ ...others, statuses: [2, 2], stdout: "", requests: [] });
          expect(ourWords).toContain(`gcp2aws: ${refused} [USAGE_`);
          expect([ourWords, theirWords]).toEqual([expect.stringMatching(WORDS), expect.stringMatching(WORDS)]);
        }
        if (refused !== undefined) seen.refused++;
        else if (ours.stdout.startsWith("Usage:")) seen.help++;
        else if (ours.stdout !== "") seen.credentials++;
        else seen.failed++;
      }),
      { numRuns: 1_000 },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(2);
  }, 60_000);

  it.each<[string[]]>([
    [["-h"]],
    [["--help"]],
    [["--timeout", "-h"]],
    [["--timeout", "--help"]],
    [["--bogus", "-h"]],
    [["stray", "--help"]],
    [["--", "-h"]],
    [["-h", "--timeout"]],
    [[...required, "--"]],
    [[...required, "--", "stray"]],
    [[...required, "--licenses", "--licenses"]],
    [[...required, "--licenses=true"]],
    [[...required, "--no-cache=false"]],
    [[...required, "--audience=x"]],
    [[...required, "--region="]],
    [[...required, "--role-session-name", "-V"]],
    [[...required, "--role-session-name=--version"]],
    [["--audience", "--role-arn"]],
    [[]],
  ])("is as the library: %j", async (argv) => {
    const conditions = { env: { HOME: "/home" }, denied: false, later: 0 };
    const [ours, theirs] = [await observe(fastPath, argv, conditions), await observe(library, argv, conditions)];
    if (refusal(argv) === undefined) expect(ours).toEqual(theirs);
    else expect({ ...ours, stderr: "" }).toEqual({ ...theirs, stderr: "" });
  });
});

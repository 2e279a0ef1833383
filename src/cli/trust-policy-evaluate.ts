import { type Command, Option } from "commander";
import { asciiJson } from "../ascii-json.ts";
import { flagsOfCredentials, readSessionName } from "../config.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { JsonObject } from "../json.ts";
import type { TokenClaims } from "../trust-policy/web-identity.ts";
import { collect } from "./collect.ts";
import type { CommandContext } from "./commands.ts";
import type { ClaimsOptions } from "./given-claims.ts";
import { checkInputs, nameOfInput, readInput } from "./input-file.ts";
import { addPipeFlags, addTarget, flagsOf } from "./pipe-flags.ts";

interface EvaluateOptions extends ClaimsOptions {
  policy: string;
  context?: string[];
  json?: true;
}

/** `gcp2aws trust-policy evaluate`: would this policy let that token in, and why not. */
export function defineEvaluate(group: Command, { host }: CommandContext): void {
  const command = group
    .command("evaluate")
    .summary("say whether a trust policy lets a token in, and why not")
    .description(
      "Evaluates a role's trust policy for the identity of this workload, or for one in a file, as AWS STS would, and says " +
        "of each condition what it wanted and what the token had.",
    )
    .usage("--policy FILE (--claims FILE | --token-file FILE | --audience URI [flags] | TARGET) [--json]")
    .requiredOption("--policy <FILE>", "the trust policy, in JSON; - for standard input (required)")
    .addOption(
      new Option(
        "--claims <FILE>",
        "the claims of the token, in JSON, also as gcp2aws token --claims prints them; - for standard input",
      ).conflicts("tokenFile"),
    )
    .option("--token-file <FILE>", "the token itself; its signature is not checked; - for standard input")
    .option(
      "--context <KEY=VALUE>",
      "a further condition key, such as aws:SourceIp=203.0.113.9; may be given many times",
      collect,
    )
    .option("--json", "print one line of JSON");
  const unused = flagsOfCredentials.filter((key) => key !== "roleSessionName");
  addPipeFlags(addTarget(command), unused, {
    audience: "what the token is to be for that this workload asks for (required, unless claims or a token are given)",
  })
    .addHelpText(
      "after",
      "\nExit status: 0 allowed, 4 denied, 7 the file is no trust policy, 2 usage, 3 no Google identity, 6 a file cannot be read.",
    )
    .action((_, options: EvaluateOptions) => evaluate(command, options, host));
}

async function evaluate(command: Command, options: EvaluateOptions, host: Host): Promise<void> {
  const context = contextOf(options.context ?? []);
  const { readTrustPolicyText } = await import("../trust-policy/read-trust-policy.ts");
  checkInputs([options.policy, options.claims, options.tokenFile]);
  const reading = readTrustPolicyText(readInput(options.policy, host));
  const name = printable(nameOfInput(options.policy), 100);
  if ("problems" in reading) {
    const { locate } = await import("../trust-policy/json-text.ts");
    const problems = reading.problems.map(({ path, message }) => ({ ...locate(reading.json, path), message }));
    if (options.json) host.writeStdout(`${asciiJson({ decision: "invalid", problems })}\n`);
    throw new Gcp2awsError("POLICY_INVALID", `${name} is no trust policy that IAM would take`, {
      details: problems.map(({ path, message, line }) => printable(`line ${line}: ${path} ${message}`)),
      hint: "mend these; the policy was not evaluated",
    });
  }

  const given = await flagsOf(command, host);
  const { readGivenClaims } = await import("./given-claims.ts");
  const [root, another] = (await readGivenClaims(options, given, host)).roots;
  if (root === undefined || another !== undefined) throw badClaims("there are several", "give those of one token");
  const claims = await checkClaims(root);
  const { renderSessionName } = await import("../sts/session-name.ts");
  const { claimsOf } = await import("../identity-token/claims.ts");
  const sessionName = renderSessionName(readSessionName(given, host.env), claimsOf(root));
  const { evaluateTrustPolicy } = await import("../trust-policy/evaluate-trust-policy.ts");
  const now = host.now();
  const result = evaluateTrustPolicy(reading.policy, { claims, sessionName, now, context });
  const { firstHint, summaryOf } = await import("../trust-policy/reasons.ts");
  const { describeEvaluation, identityOf } = await import("./describe-evaluation.ts");
  const token = identityOf(claims, sessionName, now);
  const { undeterminedKeys } = await import("../trust-policy/undetermined.ts");
  const undetermined = undeterminedKeys(result);
  host.writeStdout(
    options.json ? `${asciiJson({ ...result, undetermined, token })}\n` : describeEvaluation(result, token),
  );
  if (result.decision === "allowed") {
    const [key] = undetermined;
    if (key === undefined) return;
    const keys = printable(undetermined.join(", "), 300);
    host.warn(
      new Gcp2awsError("POLICY_UNDETERMINED", `allowed as long as ${keys} does not say otherwise: it is not given`, {
        hint: `give it, as by --context ${printable(key, 100)}=VALUE`,
      }),
    );
    return;
  }
  throw new Gcp2awsError(
    "POLICY_DENIED",
    `${name} does not let ${printable(claims.sub, 100)} in: ${printable(summaryOf(result), 100)}`,
    {
      hint: printable(firstHint(result) ?? "compare what is marked NO", 500),
    },
  );
}

/** @throws Gcp2awsError USAGE_INVALID_VALUE */
function contextOf(given: readonly string[]): Record<string, string[]> {
  const context: Record<string, string[]> = {};
  for (const text of given) {
    const equals = text.indexOf("=");
    const key = text.slice(0, Math.max(0, equals));
    if (!key.includes(":")) {
      throw new Gcp2awsError("USAGE_INVALID_VALUE", `--context "${printable(text, 100)}": must be KEY=VALUE`, {
        hint: "for example --context aws:SourceIp=203.0.113.9",
      });
    }
    context[key] = [...(context[key] ?? []), text.slice(equals + 1)];
  }
  return context;
}

async function checkClaims(root: JsonObject): Promise<TokenClaims> {
  const { readClaims } = await import("../trust-policy/web-identity.ts");
  const read = readClaims(root);
  if ("claims" in read) return read.claims;
  throw badClaims(`${read.claim} ${read.message}`, "an identity token has iss, sub and aud, each as text");
}

function badClaims(why: string, hint: string): Gcp2awsError {
  return new Gcp2awsError("IDENTITY_BAD_TOKEN", `not the claims of an identity token: ${why}`, { hint });
}

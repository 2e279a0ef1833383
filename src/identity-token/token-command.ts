import { Gcp2awsError, printable } from "../errors.ts";
import type { Host, ProgramEnd, RunProgram } from "../host.ts";
import type { CommandSource } from "../source-config.ts";
import type { IdentityTokenSource } from "./source.ts";

/** Bytes of a program's output: a token has 2,000, and STS takes 20,000. */
const OUTPUT_LIMIT = 64 * 1024;

/**
 * A token that a program prints, white space around it cut off. The program learns the audience, where one is given, from the
 * variable that the source names; it has until the deadline.
 * @throws Gcp2awsError IDENTITY_COMMAND, IDENTITY_NOT_FOUND
 */
export function tokenCommand(
  options: CommandSource & { audience: string },
  host: Pick<Host, "env" | "ticks">,
  run: RunProgram,
): IdentityTokenSource {
  const { program, argv, audience, audienceVariable, withheldVariable } = options;
  const env = { ...host.env, [withheldVariable]: undefined };
  return async (deadline) => {
    const end = await run({
      program,
      argv,
      env: audience === "" ? env : { ...env, [audienceVariable]: audience },
      timeoutMs: Math.max(0, deadline - host.ticks()),
      limit: OUTPUT_LIMIT,
    });
    if (end.kind !== "exited" || end.status !== 0) throw failure(end, program);
    const token = end.stdout.trim();
    if (token !== "") return token;
    throw new Gcp2awsError("IDENTITY_NOT_FOUND", `no identity token: ${printable(program)} printed nothing`, {
      hint: "it must print the token, and nothing else, on stdout",
      details: said(end.stderr),
    });
  };
}

function failure(end: ProgramEnd, program: string): Gcp2awsError {
  const what = `no identity token: ${printable(program)} `;
  switch (end.kind) {
    case "not-started":
      return new Gcp2awsError("IDENTITY_COMMAND", `${what}was not started: ${printable(end.code)}`, {
        hint: "check --identity-token-command, and that this user may run that file; there is no shell and no search in PATH",
      });
    case "timeout":
      return new Gcp2awsError("IDENTITY_COMMAND", `${what}was killed, as it took too long`, {
        hint: "it must end within --timeout, and close its stdout; it cannot ask anybody anything",
        details: said(end.stderr),
      });
    case "too-large":
      return new Gcp2awsError("IDENTITY_COMMAND", `${what}was killed, as it printed more than ${OUTPUT_LIMIT} bytes`, {
        hint: "it must print the token, and nothing else, on stdout",
      });
    case "killed":
      return new Gcp2awsError("IDENTITY_COMMAND", `${what}was ended by ${printable(end.signal)}`, {
        hint: "run it by hand to see why",
        details: said(end.stderr),
      });
    default:
      return new Gcp2awsError("IDENTITY_COMMAND", `${what}ended with status ${end.status}`, {
        hint: "run it by hand to see why",
        details: said(end.stderr),
      });
  }
}

const TOKEN = /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}/;

/** The end of what it said: the reason mostly stands there. A token is cut out of it, but anything else that is secret is its own affair. */
function said(stderr: string): string[] {
  // One that was broken into lines would not be known for a token.
  if (TOKEN.test(stderr.replace(/\s+/g, "")) && !TOKEN.test(stderr))
    return ["what it said is not shown: it holds a token"];
  const text = printable(stderr.trimEnd().slice(-4_000), 4_000);
  return text === "" ? [] : [`it said: ${text.length <= 300 ? text : `…${text.slice(-300)}`}`];
}

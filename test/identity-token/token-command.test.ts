import { describe, expect, it } from "vitest";
import { formatError, Gcp2awsError } from "../../src/errors.ts";
import type { ProgramEnd, RunProgram } from "../../src/host.ts";
import { tokenCommand } from "../../src/identity-token/token-command.ts";
import type { CommandSource } from "../../src/source-config.ts";
import { fakeHost, unsignedToken } from "../fake-host.ts";

const SOURCE: CommandSource = {
  kind: "command",
  program: "/opt/print-token",
  argv: ["--for", "a b"],
  audienceVariable: "GCP2AWS_AUDIENCE",
  withheldVariable: "GCP2AWS_IDENTITY_TOKEN_COMMAND",
};

const printed = (stdout: string): ProgramEnd => ({ kind: "exited", status: 0, stdout, stderr: "" });

async function run(end: ProgramEnd, audience = "https://aws.example.com") {
  const runs: Parameters<RunProgram>[0][] = [];
  const host = fakeHost(() => new Error("no network"), {
    env: { PATH: "/bin", GCP2AWS_IDENTITY_TOKEN_COMMAND: "/opt/print-token" },
  });
  const mint = tokenCommand({ ...SOURCE, audience }, host, (given) => {
    runs.push(given);
    return Promise.resolve(end);
  });
  return { runs, token: await mint(host.ticks() + 30_000) };
}

describe("a command that prints a token", () => {
  it("is run with its arguments, until the deadline", async () => {
    const { runs, token } = await run(printed(" a.b.c\r\n"));
    expect(token).toBe("a.b.c");
    expect(runs).toEqual([
      {
        program: "/opt/print-token",
        argv: ["--for", "a b"],
        env: { PATH: "/bin", GCP2AWS_AUDIENCE: "https://aws.example.com" },
        timeoutMs: 30_000,
        limit: 65_536,
      },
    ]);
  });

  it("has no audience where none is given", async () => {
    const { runs } = await run(printed("a.b.c"), "");
    expect(runs[0]?.env).not.toHaveProperty("GCP2AWS_AUDIENCE");
  });

  it.each<[string, ProgramEnd, string, string]>([
    ["nothing", printed("\n"), "IDENTITY_NOT_FOUND", "/opt/print-token printed nothing"],
    [
      "a status",
      { kind: "exited", status: 3, stdout: "a.b.c", stderr: "no\u001b[1m luck\n" },
      "IDENTITY_COMMAND",
      "ended with status 3",
    ],
    ["a signal", { kind: "killed", signal: "SIGSEGV", stderr: "" }, "IDENTITY_COMMAND", "was ended by SIGSEGV"],
    ["no program", { kind: "not-started", code: "ENOENT" }, "IDENTITY_COMMAND", "was not started: ENOENT"],
    ["no end", { kind: "timeout", stderr: "waiting" }, "IDENTITY_COMMAND", "was killed, as it took too long"],
    ["no end of output", { kind: "too-large" }, "IDENTITY_COMMAND", "was killed, as it printed more than 65536 bytes"],
  ])("fails with %s", async (_, end, code, text) => {
    await expect(run(end)).rejects.toMatchObject({ code, message: expect.stringContaining(text), tryNextLink: false });
  });

  it("shows the end of what it said, without tokens and escapes", async () => {
    const stderr = `${"x".repeat(5_000)}\u001b[31m the reason ${unsignedToken({ sub: "1" })}\n`.slice(-3_000);
    const error: unknown = await run({ kind: "exited", status: 1, stdout: "", stderr }).catch(
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Gcp2awsError)) throw error;
    expect(error.details).toEqual([expect.stringMatching(/^it said: …x+ \[31m the reason \[token\]$/)]);
    expect(formatError(error)).not.toContain("\u001b");
    expect(error.details[0]?.length).toBeLessThan(330);
  });
});

// What a wrong command line is told, and what help says.
import { describe, expect, it } from "vitest";
import { entries, type Entry, run } from "./run.ts";

const withTargets = ["credential-process", "whoami", "env", "serve", "write-credentials --profile x"];
const all = [
  "",
  "credential-process",
  "setup",
  "configure",
  "write-credentials",
  "exec",
  "serve",
  "env",
  "token",
  "whoami",
  "doctor",
  "trust-policy",
  "trust-policy generate",
  "trust-policy evaluate",
  "trust-policy lint",
  "cache",
  "cache list",
  "cache clear",
  "cache path",
  "emulate",
];

const words = (line: string) => (line === "" ? [] : line.split(" "));

describe.each(entries)("usage, $name", (entry: Entry) => {
  const helpOf = async (command: string) => {
    const { status, stdout } = await run(entry, [...words(command), "--help"]);
    expect(status).toBe(0);
    return stdout.replace(/\s+/g, " ");
  };

  it.each([
    ["", "no command given", "gcp2aws --help"],
    ["--bogus", "unknown option '--bogus'", "gcp2aws --help"],
    ["bogus", '"bogus": no such command', "gcp2aws --help"],
    ["bo\ngus", '"bo gus": no such command', "gcp2aws --help"],
    ["doctor --bogus", "doctor: unknown option '--bogus'", "gcp2aws doctor --help"],
    ["trust-policy", "trust-policy: its own command is missing", "gcp2aws trust-policy --help"],
    ["trust-policy bogus", 'trust-policy "bogus": no such command', "gcp2aws trust-policy --help"],
    ["trust-policy --bogus lint", "trust-policy: unknown option '--bogus'", "gcp2aws trust-policy --help"],
    [
      "trust-policy evaluate --policy x --bogus",
      "trust-policy evaluate: unknown option '--bogus'",
      "gcp2aws trust-policy evaluate --help",
    ],
    ["trust-policy lint", "trust-policy lint: missing required argument 'file'", "gcp2aws trust-policy lint --help"],
    ["cache list --bogus", "cache list: unknown option '--bogus'", "gcp2aws cache list --help"],
    ["cache clear setup", "cache clear: too many arguments for 'clear'", "gcp2aws cache clear --help"],
  ])("gcp2aws %s names the command and its help", async (line, message, help) => {
    const { status, stdout, stderr } = await run(entry, words(line));
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.startsWith(`gcp2aws: ${message}`), stderr).toBe(true);
    expect(stderr).toMatch(new RegExp(`\\nhint: see ${help}\\n$`));
  });

  it.each(withTargets)("gcp2aws %s says that a target would do", async (line) => {
    const { status, stderr } = await run(entry, words(line));
    expect(status).toBe(2);
    expect(stderr).toContain(
      "gcp2aws: --role-arn is missing [USAGE_MISSING_FLAG]\nhint: name a target, give --role-arn or",
    );
  });

  it.each(all)("help of gcp2aws %s shows no value of the program's own", async (command) => {
    expect(await helpOf(command)).not.toMatch(/default: \[\]|undefined|\[object/);
  });

  it("help asks for the role where it must be given", async () => {
    const required = "the AWS role to assume (required)";
    for (const command of ["credential-process", "whoami", "env"]) expect(await helpOf(command)).toContain(required);
    for (const command of ["setup", "doctor", "trust-policy generate"])
      expect(await helpOf(command)).not.toContain(required);
    for (const command of ["setup", "trust-policy generate", "trust-policy evaluate"])
      expect(await helpOf(command)).not.toContain("(required, unless the token is given)");
  });
});

import { type Command, Option } from "commander";
import { asciiJson } from "../ascii-json.ts";
import { formatError, Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Finding } from "../trust-policy/lint/lint.ts";
import { version } from "../version.ts";
import type { CommandContext } from "./commands.ts";
import { checkInputs, readInput } from "./input-file.ts";

/** What is wrong with a file, or why nobody can say. */
type Linted = Read | { file: string; error: Gcp2awsError };

interface Read {
  file: string;
  findings: Finding[];
}

/** `gcp2aws trust-policy lint`: what is open or broken in trust policies for Google identities. */
export function defineLint(group: Command, { host }: CommandContext): void {
  group
    .command("lint")
    .summary("find what is open or broken in trust policies")
    .description(
      "Looks through trust policies for what lets strangers in, what can never match, and what will surprise. Each rule is in " +
        "docs/trust-policy.md, with what to do.",
    )
    .usage("FILE… [--format text|json|sarif]")
    .argument("<file...>", "trust policies, in JSON; - for standard input")
    .addOption(
      new Option("--format <FORMAT>", "what to print").choices(["text", "json", "sarif"]).default("text", "text"),
    )
    .addHelpText(
      "after",
      "\nExit status: 0 no errors, 7 errors, 6 a file cannot be read (what was found in the others is printed), 2 usage.",
    )
    .action((files: string[], { format }: { format: string }) => lint(files, format, host));
}

async function lint(files: readonly string[], format: string, host: Host): Promise<void> {
  const { lintTrustPolicy } = await import("../trust-policy/lint/lint.ts");
  checkInputs(files);
  const linted = files.map((file): Linted => {
    let text: string;
    try {
      text = readInput(file, host);
    } catch (error) {
      if (error instanceof Gcp2awsError) return { file, error };
      throw error;
    }
    return { file, findings: lintTrustPolicy(text) };
  });
  host.writeStdout(await formatted(linted, format));

  // As long as a file could not be read nobody knows what is in it, which comes before what is in the others.
  const unread = linted.flatMap((each) => ("error" in each ? [each.error] : []));
  const last = unread.pop();
  for (const error of unread) host.writeStderr(formatError(error));
  if (last !== undefined) throw last;
  const errors = count(readOf(linted), "error");
  if (errors === 0) return;
  throw new Gcp2awsError("POLICY_FINDINGS", `${errors} ${errors === 1 ? "error" : "errors"} in trust policies`, {
    hint: "each finding says what to do",
  });
}

async function formatted(linted: readonly Linted[], format: string): Promise<string> {
  if (format === "text") return describe(readOf(linted));
  const files = linted.map(forPrograms);
  if (format === "json") return `${asciiJson({ files })}\n`;
  const { toSarif } = await import("../trust-policy/lint/sarif.ts");
  return `${asciiJson(toSarif(files, version), 2)}\n`;
}

function forPrograms(linted: Linted) {
  if ("findings" in linted) return linted;
  const { code, message } = linted.error;
  return { file: linted.file, error: { code, message } };
}

/** Nothing where no file could be read. */
function describe(linted: readonly Read[]): string {
  if (linted.length === 0) return "";
  const blocks = linted.flatMap(({ file, findings }) =>
    findings.map(({ rule, severity, title, evidence, fix, path, line, column }) =>
      [
        `${printable(file)}:${line}:${column}: ${severity} ${rule}: ${title}`,
        `  at    ${printable(path)}`,
        `  shows ${printable(evidence, 600)}`,
        `  fix   ${fix}`,
        "",
      ].join("\n"),
    ),
  );
  const errors = count(linted, "error");
  const warnings = count(linted, "warning");
  const plural = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
  return [
    ...blocks,
    `${plural(errors, "error")}, ${plural(warnings, "warning")} in ${plural(linted.length, "file")}`,
    "",
  ].join("\n");
}

function readOf(linted: readonly Linted[]): Read[] {
  return linted.filter((each) => "findings" in each);
}

function count(linted: readonly Read[], severity: Finding["severity"]): number {
  return linted.flatMap(({ findings }) => findings).filter((finding) => finding.severity === severity).length;
}

import { type Command, Option } from "commander";
import { asciiJson } from "../ascii-json.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Finding } from "../trust-policy/lint/lint.ts";
import { version } from "../version.ts";
import type { CommandContext } from "./commands.ts";

interface Linted {
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
    .argument("<file...>", "trust policies, in JSON")
    .addOption(
      new Option("--format <FORMAT>", "what to print").choices(["text", "json", "sarif"]).default("text", "text"),
    )
    .addHelpText("after", "\nExit status: 0 no errors, 7 errors, 6 a file cannot be read, 2 usage.")
    .action((files: string[], { format }: { format: string }) => lint(files, format, host));
}

async function lint(files: readonly string[], format: string, host: Host): Promise<void> {
  const { lintTrustPolicy } = await import("../trust-policy/lint/lint.ts");
  const linted = files.map((file) => ({ file, findings: lintTrustPolicy(host.readText(file)) }));
  host.writeStdout(await formatted(linted, format));
  const errors = count(linted, "error");
  if (errors === 0) return;
  throw new Gcp2awsError("POLICY_FINDINGS", `${errors} ${errors === 1 ? "error" : "errors"} in trust policies`, {
    hint: "each finding says what to do",
  });
}

async function formatted(linted: readonly Linted[], format: string): Promise<string> {
  if (format === "json") return `${asciiJson({ files: linted })}\n`;
  if (format === "text") return describe(linted);
  const { toSarif } = await import("../trust-policy/lint/sarif.ts");
  return `${asciiJson(toSarif(linted, version), 2)}\n`;
}

function describe(linted: readonly Linted[]): string {
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

function count(linted: readonly Linted[], severity: Finding["severity"]): number {
  return linted.flatMap(({ findings }) => findings).filter((finding) => finding.severity === severity).length;
}

import { asciiJson } from "../ascii-json.ts";
import { printable } from "../errors.ts";
import type { Remedy, State } from "./check.ts";
import type { Examined, Report } from "./examine.ts";

/** One line of JSON. What a check does not have is left out. */
export function formatJson({ cause, exitStatus, checks }: Report): string {
  return `${asciiJson({ cause: cause ?? null, exitStatus, checks: checks.map(({ title: _title, ...check }) => check) })}\n`;
}

const marks: Readonly<Record<State, string>> = {
  ok: "ok     ",
  warning: "warning",
  failure: "FAILURE",
  skipped: "-      ",
};

/** For people: a line for each check, what was seen, and below what is wrong the remedy. */
export function formatText({ cause, checks }: Report): string {
  return [...checks.flatMap((check) => linesOf(check, cause === check.id)), "", summary({ cause, checks })]
    .map((line) => `${line}\n`)
    .join("");
}

function linesOf({ state, title, code, evidence, remedy }: Examined, isCause: boolean): string[] {
  if (state === "skipped") return [`${marks[state]}  ${title}: ${evidence.join(" ")}`];
  const suffix = `${code === undefined ? "" : ` [${code}]`}${isCause ? (state === "failure" ? "  <- the cause" : "  <- worth a look") : ""}`;
  return [
    `${marks[state]}  ${title}${suffix}`,
    ...evidence.map((line) => `           ${line}`),
    ...(remedy === undefined ? [] : remedyLines(remedy).map((line) => `         ${line}`)),
  ];
}

function remedyLines({ text, flags, lines, commands }: Remedy): string[] {
  return [
    `remedy: ${text}`,
    ...Object.entries(flags ?? {}).map(([name, value]) =>
      value === null ? `  without --${name}` : `  --${name} ${printable(value, 1024)}`,
    ),
    ...(lines ?? []).flatMap(({ file, line, text: wanted }) => {
      const where = `  ${printable(file)}, line ${line}`;
      return wanted === null ? [`${where}: take it out`] : [`${where} becomes:`, `    ${printable(wanted, 2000)}`];
    }),
    ...(commands ?? []).map((command) => `  $ ${command}`),
  ];
}

function summary({ cause, checks }: Pick<Report, "cause" | "checks">): string {
  const found = checks.find(({ id }) => id === cause);
  if (found === undefined) return "All is well: this workload has AWS credentials.";
  if (found.state === "warning") return `It works; worth a look: ${found.title}.`;
  return `The first cause: ${found.title}.`;
}

import { type Finding, rules } from "./lint.ts";

interface Unread {
  file: string;
  error: { code: string; message: string };
}

/**
 * Findings as code scanners exchange them: SARIF 2.1.0
 * (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
 * @param files name, as it is in the repository, and findings, or why it could not be read
 * @param version of gcp2aws
 */
export function toSarif(
  files: readonly ({ file: string; findings: readonly Finding[] } | Unread)[],
  version: string,
): object {
  const unread = files.flatMap((each) => ("error" in each ? [notificationOf(each.file, each.error)] : []));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "gcp2aws trust-policy lint",
            version,
            rules: rules.map(({ id, severity, title, fix }) => ({
              id,
              shortDescription: { text: title },
              help: { text: fix },
              defaultConfiguration: { level: severity },
            })),
          },
        },
        invocations: [{ executionSuccessful: unread.length === 0, toolExecutionNotifications: unread }],
        results: files.flatMap((each) =>
          "findings" in each ? each.findings.map((finding) => resultOf(each.file, finding)) : [],
        ),
      },
    ],
  };
}

function notificationOf(file: string, { code, message }: Unread["error"]) {
  return {
    descriptor: { id: code },
    level: "error",
    message: { text: escape(message) },
    locations: [{ physicalLocation: { artifactLocation: artifactOf(file) } }],
  };
}

function artifactOf(file: string) {
  return { uri: file.split("/").map(encodeURIComponent).join("/") };
}

function resultOf(file: string, { rule, severity, title, evidence, path, line, column }: Finding) {
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: severity,
    message: { text: escape(`${title}: ${evidence}`) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: artifactOf(file),
          region: { startLine: line, startColumn: column },
        },
        logicalLocations: [{ fullyQualifiedName: path }],
      },
    ],
  };
}

/** What a policy says is neither a link nor a placeholder (SARIF 2.1.0, 3.11.5 and 3.11.6). */
function escape(text: string): string {
  return text.replace(/[\\[\]]/g, "\\$&").replace(/[{}]/g, "$&$&");
}

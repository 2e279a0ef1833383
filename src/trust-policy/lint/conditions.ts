// Operators and keys that do not do what they seem to.
import { googleKeys, isAbsent } from "../condition-keys.ts";
import { unknownKey } from "../hints.ts";
import {
  type Hit,
  isAboutTokens,
  isClaim,
  issuerOf,
  type Line,
  type LintStatement,
  namesCallers,
  type Rule,
  type Subject,
} from "./rule.ts";

/** Every line of statements about tokens that a test holds for. */
function* each(
  { statements }: Subject,
  test: (line: Line, statement: LintStatement) => string | undefined,
): Generator<Hit> {
  for (const statement of statements.filter(isAboutTokens)) {
    for (const line of statement.lines) {
      const evidence = test(line, statement);
      if (evidence !== undefined) yield { path: line.path, evidence };
    }
  }
}

/** Keys that can have several values in one request. */
const manyValued: ReadonlySet<string> = new Set([
  "amr",
  "aws:tagkeys",
  "sts:transitivetagkeys",
  "aws:vpceorgpaths",
  "aws:resourceorgpaths",
  "aws:principalorgpaths",
  "aws:sourceorgpaths",
  "aws:calledvia",
  "aws:principalservicenameslist",
]);

function hasOneValue({ key, name }: Line): boolean {
  return !manyValued.has(name) && !manyValued.has(key.toLowerCase());
}

/** Keys of requests that are no exchange of a token: of callers, of what was called for them, of services. */
function isOfOthers({ key, prefix }: Line): boolean {
  if (isAbsent(key)) return true;
  return !["aws", "sts", "iam"].includes(prefix) && /^[a-z\d-]+$/.test(prefix);
}

/** Text operators: those of the ARN would find none in what these keys are compared with. */
function comparesText({ operator }: Line): boolean {
  return /String/.test(operator) || operator === "Null";
}

export const conditions: readonly Rule[] = [
  {
    id: "for-all-values",
    severity: "error",
    title: "ForAllValues holds where the key is missing, and this key has one value at most",
    fix: "leave ForAllValues: out",
    check: (subject) =>
      each(subject, (line) =>
        line.use.set === "all" && hasOneValue(line) ? `${line.operator} of ${line.key}` : undefined,
      ),
  },
  {
    id: "if-exists",
    severity: "warning",
    title: "IfExists holds where the key is missing, and an Allow needs this key",
    fix: "leave IfExists out: every token of Google's has the key",
    check: (subject) =>
      each(subject, (line, statement) =>
        line.use.ifExists && statement.effect === "Allow" && isClaim(line, statement, "sub", "aud", "oaud")
          ? `${line.operator} of ${line.key}`
          : undefined,
      ),
  },
  {
    id: "operator-type",
    severity: "error",
    title: "the key is text, and this operator does not compare text: IDs have more digits than numbers keep",
    fix: "use StringEquals",
    check: (subject) =>
      each(subject, (line, statement) =>
        !comparesText(line) && isClaim(line, statement, "sub", "aud", "oaud", "email", "amr")
          ? `${line.operator} of ${line.key}`
          : undefined,
      ),
  },
  {
    id: "unknown-key",
    severity: "error",
    title: "no token of Google's has this condition key",
    fix: `Google's keys are accounts.google.com: and one of ${[...googleKeys.keys()].join(", ")}`,
    check: (subject) =>
      each(subject, (line, { issuers, effect, principal, federated }) => {
        const { key, use } = line;
        // There it is the point that the key may be missing, or callers are named that have it.
        if ((use.ifExists || effect === "Deny" || namesCallers(principal)) && isOfOthers(line)) return undefined;
        // Tokens of another provider in the same statement have it.
        if (
          federated.some((value) => issuerOf(value).toLowerCase() === line.prefix && !issuers.includes(issuerOf(value)))
        )
          return undefined;
        const reasons = issuers.map((issuer) => unknownKey(key, issuer));
        return reasons.includes(undefined) ? undefined : reasons[0];
      }),
  },
  {
    id: "repeated-key",
    severity: "warning",
    title: "keys are compared without case: this one stands twice under the same operator",
    fix: "join the values in one list if any will do",
    check: (subject) =>
      each(subject, (line, { lines }) => {
        const first = lines.find(
          ({ operator, key }) => operator === line.operator && key.toLowerCase() === line.key.toLowerCase(),
        );
        return first === line ? undefined : `${line.key} and ${first?.key} are one key`;
      }),
  },
  {
    id: "variables-without-version",
    severity: "error",
    title: "without the newer Version a policy variable is plain text",
    fix: 'write "Version": "2012-10-17"',
    *check({ policy, statements }) {
      if (policy.version === "2012-10-17") return;
      for (const { path, key, values } of statements.flatMap(({ lines }) => lines)) {
        const variable = values.find((value) => value.includes("${"));
        if (variable !== undefined) yield { path, evidence: `${key} is compared with the text ${variable}` };
      }
    },
  },
  {
    id: "unquoted-number",
    severity: "error",
    title: "an ID stands as a number: programs that read it so change its last digits",
    fix: "put it in quotes",
    *check({ json }) {
      for (const path of json.longNumbers) yield { path, evidence: "no double has that many digits" };
    },
  },
];

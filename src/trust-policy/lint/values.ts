// What stands beside a key, and never or hardly ever is what a token has there.
import { isAudience } from "../hints.ts";
import { googleName } from "../web-identity.ts";
import {
  type Hit,
  hasWildcard,
  isAboutTokens,
  isClaim,
  isLike,
  isPositive,
  type Line,
  type Rule,
  type Subject,
  valuePath,
} from "./rule.ts";

/** Every value of the claims' keys that a test holds for; where names are given, of Google's own tokens alone. */
function* each(
  { statements }: Subject,
  names: readonly string[],
  test: (value: string, line: Line) => boolean,
  evidence: (value: string, line: Line) => string,
): Generator<Hit> {
  for (const statement of statements.filter(isAboutTokens)) {
    const own = statement.lines.filter((line) => isClaim(line, statement, ...names));
    for (const line of own.filter(({ prefix }) => names.length === 0 || prefix === googleName)) {
      for (const value of line.use.operator === undefined ? [] : line.values) {
        if (test(value, line)) yield { path: valuePath(line, value), evidence: evidence(value, line) };
      }
    }
  }
}

export const values: readonly Rule[] = [
  {
    id: "audience-under-aud",
    severity: "error",
    title: "an audience stands under :aud, which is compared with azp",
    fix: "put the audience under accounts.google.com:oaud; :aud is the numeric ID of the service account",
    check: (subject) => each(subject, ["aud"], isAudience, (value, { key }) => `${key} is never ${value}`),
  },
  {
    id: "id-under-oaud",
    severity: "warning",
    title: "a numeric ID stands under :oaud, which is compared with the audience that was asked for",
    fix: "put the numeric ID under accounts.google.com:sub, and the audience under :oaud",
    check: (subject) =>
      each(
        subject,
        ["oaud"],
        (value) => /^\d{15,}$/.test(value),
        (value, { key }) => `${key} is ${value} only in a token for that audience`,
      ),
  },
  {
    id: "email-for-id",
    severity: "error",
    title: "an email stands under :sub, which is a number",
    fix: "put the numeric ID there: gcloud iam service-accounts describe EMAIL --format 'value(uniqueId)'",
    check: (subject) =>
      each(
        subject,
        ["sub"],
        (value) => value.includes("@"),
        (value, { key }) => `${key} is never ${value}`,
      ),
  },
  {
    id: "email-key",
    severity: "warning",
    title:
      "the email is compared: AWS documents that key both ways, and a deleted account's email can be had by another",
    fix: "compare accounts.google.com:sub with the numeric ID",
    *check(subject) {
      for (const statement of subject.statements.filter(isAboutTokens)) {
        for (const line of statement.lines.filter((candidate) => isClaim(candidate, statement, "email")))
          yield { path: line.path, evidence: `${line.key} is compared` };
      }
    },
  },
  {
    id: "wildcard-literal",
    severity: "error",
    title: "a * that is no wildcard: this operator takes it as it stands",
    fix: "name each value; StringLike knows wildcards",
    check: (subject) =>
      each(
        subject,
        [],
        (value, line) => value.includes("*") && hasWildcard(value) && !isLike(line),
        (value, { key, operator }) => `${operator} compares ${key} with the text ${value}`,
      ),
  },
  {
    id: "white-space",
    severity: "error",
    title: "white space around a value: it is compared too",
    fix: "take it away",
    check: (subject) =>
      each(
        subject,
        [],
        (value) => value !== value.trim(),
        (value, { key }) => `${key} is compared with ${JSON.stringify(value)}`,
      ),
  },
  {
    id: "ignore-case",
    severity: "warning",
    title: "capital letters are not told from small ones, and to Google they are different audiences",
    fix: "use StringEquals",
    check: (subject) =>
      each(
        subject,
        [],
        (value, line) => line.operator.includes("IgnoreCase") && isPositive(line) && /[a-z]/i.test(value),
        (value, { key, operator }) => `${operator} compares ${key} with ${value}`,
      ),
  },
];

import { splitKey } from "../condition-keys.ts";
import type { Effort } from "./probe.ts";
import type { JsonText } from "../json-text.ts";
import { type OperatorUse, readOperator } from "../operator.ts";
import { matches, type Pattern, readPattern } from "../pattern.ts";
import type { Path } from "../path.ts";
import { namesEverybody, type PolicyDocument, type Statement } from "../policy.ts";
import { googleName } from "../web-identity.ts";

/** `error`: open to strangers, or never works. `warning`: works, and will surprise. */
export type Severity = "error" | "warning";

/** What a rule says, whatever the policy. */
export interface RuleText {
  /** Stable: never renamed or reused. */
  id: string;
  severity: Severity;
  /** What is wrong, whatever the policy; one line. */
  title: string;
  /** What to do about it; one line. */
  fix: string;
}

export interface Rule extends RuleText {
  check: (subject: Subject) => Iterable<Hit>;
}

/** A place that breaks a rule, and how that shows. */
export interface Hit {
  path: Path;
  evidence: string;
}

/** A policy as the rules see it. */
export interface Subject {
  policy: PolicyDocument;
  /** What of it a token decides, see core.ts: for each name by which the policy calls Google. */
  cores: readonly Core[];
  text: string;
  json: JsonText;
  statements: readonly LintStatement[];
  /** Of each statement in turn; several rules ask for it. */
  openings: readonly (Opening | undefined)[];
  effort: Effort;
}

export interface Core {
  policy: PolicyDocument;
  statements: readonly LintStatement[];
}

/** Why strangers get in by a statement, or may, which has one reason, and whom it shows by. */
export interface Opening {
  why: "no-condition" | "wildcard-identity" | "audience-only" | "shared-client" | "no-subject" | "too-complex";
  evidence: string;
}

export interface LintStatement extends Statement {
  index: number;
  /** Under `Principal.Federated`. */
  federated: readonly string[];
  /** Of those, the issuers whose tokens Google signs: itself, and its clusters. What their condition keys have before the colon. */
  issuers: readonly string[];
  lines: readonly Line[];
}

/** One key under one operator. */
export interface Line {
  path: Path;
  operator: string;
  use: OperatorUse;
  key: string;
  /** Of the key, in lower case: what stands before and after its last colon. */
  prefix: string;
  name: string;
  values: readonly string[];
  /** The values as they are compared; a variable is its default there, and a value with one that has none is missing. */
  patterns: readonly Pattern[];
}

export const webIdentityAction = "sts:assumerolewithwebidentity";

/** The statements of a policy, with what the rules ask of each. */
export function lintStatements(policy: PolicyDocument): LintStatement[] {
  const federatedOf = ({ principal }: Statement) =>
    principal === undefined || principal === "*" ? [] : (principal["Federated"] ?? []);
  const all = new Set([googleName, ...policy.statements.flatMap(federatedOf).map(issuerOf).filter(isGoogles)]);
  return policy.statements.map((statement, index) => {
    const federated = federatedOf(statement);
    const issuers = namesEverybody(statement.principal) ? [...all] : federated.map(issuerOf).filter(isGoogles);
    return { ...statement, index, federated, issuers, lines: linesOf(statement, index, policy.version) };
  });
}

/** The issuer that a value of `Principal.Federated` stands for. */
export function issuerOf(federated: string): string {
  return federated.replace(/^arn:[\w-]+:iam::\d*:oidc-provider\//, "");
}

function isGoogles(issuer: string): boolean {
  return issuer === googleName || issuer.startsWith("container.googleapis.com/");
}

function linesOf({ condition = {} }: Statement, index: number, version: PolicyDocument["version"]): Line[] {
  const lookup = version === "2012-10-17" ? () => undefined : undefined;
  return Object.entries(condition).flatMap(([operator, keys]) =>
    Object.entries(keys).flatMap(([key, values]) => {
      const use = readOperator(operator);
      if (use === undefined) return [];
      const path = ["Statement", index, "Condition", operator, key];
      const patterns = values.flatMap((value) => {
        const pattern = readPattern(value, lookup);
        return pattern === undefined ? [] : [pattern];
      });
      return [{ path, operator, use, key, ...splitKey(key), values, patterns }];
    }),
  );
}

/** Whether callers are named that AWS knows without a token. */
export function namesCallers(principal: Statement["principal"]): boolean {
  return principal === "*" || principal?.["AWS"] !== undefined || principal?.["Service"] !== undefined;
}

/** Statements that let tokens of Google's in. */
export function trusting({ statements }: Pick<Subject, "statements">): LintStatement[] {
  return statements.filter((statement) => statement.effect === "Allow" && isAboutTokens(statement));
}

/** Statements about the exchange of tokens of Google's. */
export function isAboutTokens({ issuers, action, notAction }: LintStatement): boolean {
  if (issuers.length === 0) return false;
  const fits = (patterns: readonly string[]) =>
    patterns.some((text) => matches(readPattern(text.toLowerCase()) ?? [], webIdentityAction));
  return action === undefined ? !fits(notAction ?? []) : fits(action);
}

/** Whether the key is one of the token's, by its name: `sub`, `aud`, … */
export function isClaim({ prefix, name }: Line, { issuers }: LintStatement, ...names: string[]): boolean {
  return issuers.some((issuer) => issuer.toLowerCase() === prefix) && (names.length === 0 || names.includes(name));
}

/** Lines that ask for one of their values, as against asking for none of them, or for the key alone. */
export function isPositive({ use }: Line): boolean {
  return use.operator !== undefined && use.operator.negated !== true;
}

/** The line's path to one of its values. */
export function valuePath(line: Line, value: string): Path {
  return [...line.path, line.values.indexOf(value)];
}

/** Has a wildcard that is not written as `${*}` or `${?}`. */
export function hasWildcard(value: string): boolean {
  return /[*?]/.test(value.replace(/\$\{[*?$]\}/g, ""));
}

export const isLike = ({ operator }: Line): boolean => /Like|Arn/.test(operator);

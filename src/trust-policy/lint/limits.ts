// Whom a statement lets in: everybody, whoever asks for the right audience, whoever uses the same application.
import { isClientId, sharedClients } from "../oauth-client.ts";
import type { Path } from "../path.ts";
import { isWild } from "../pattern.ts";
import { googleName, type TokenClaims } from "../web-identity.ts";
import { isVariable } from "./core.ts";
import { letIn, UNKNOWN } from "./probe.ts";
import {
  type Hit,
  hasWildcard,
  isClaim,
  isLike,
  isPositive,
  type Line,
  type LintStatement,
  type Opening,
  type Rule,
  type Subject,
  trusting,
} from "./rule.ts";

/** Why strangers get in by a statement, if they do. It takes many evaluations. */
function openingOf(subject: Omit<Subject, "openings">, statement: LintStatement): Opening | undefined {
  const { lines } = statement;
  const positive = (...names: string[]) =>
    lines.filter((line) => isClaim(line, statement, ...names) && isPositive(line));
  const stranger = letIn(subject, statement, "strangers");
  // Where nobody else can have this azp or email, it is not they that name an account for good, but :sub.
  const guest = stranger ?? letIn(subject, statement, "other-subs");
  if (guest === undefined) return undefined;
  if (guest === UNKNOWN)
    return { why: "too-complex", evidence: "too many ways in which wildcards can be met together" };
  if (stranger === undefined) {
    const [line] = positive("sub");
    if (line === undefined) return { why: "no-subject", evidence: "no condition on :sub says which service account" };
    return { why: "wildcard-identity", evidence: `${line.key} is compared with ${line.values.join(", ")}` };
  }
  const asksEmail = subject.statements.some((one) => one.lines.some((line) => isClaim(line, one, "email")));
  const who = `lets in ${describe(guest, asksEmail)}`;
  if (lines.length === 0) return { why: "no-condition", evidence: who };
  if (positive("sub").length > 0 || isBehindWildcard(subject, statement, guest))
    return { why: "wildcard-identity", evidence: who };
  const client = guest.azp !== undefined && isClientId(guest.azp) ? guest.azp : undefined;
  if (client !== undefined && sharedClients.has(client))
    return { why: "shared-client", evidence: `${client} is ${sharedClients.get(client)}: ${who}` };
  const namesOthers = lines.some((line) => isClaim(line, statement, "sub") && line.use.operator !== undefined);
  if (client === undefined && !namesOthers && positive("oaud").length > 0 && positive("aud", "email").length === 0)
    return { why: "audience-only", evidence: `the audience is the caller's to choose: ${who}` };
  return { why: "no-subject", evidence: who };
}

/** As `100…, a made-up Google account, with the audience https://…`, and with the email where that matters. */
function describe({ iss, sub, azp = "", aud, email }: TokenClaims, asksEmail: boolean): string {
  const what = iss.endsWith(googleName) ? "Google account" : "pod";
  const account = azp.includes("@") || (asksEmail && email !== undefined) ? `${sub} (${email ?? azp})` : sub;
  return `${account}, a made-up ${what}, with the audience ${[aud].flat().join(", ")}`;
}

/** Whether a line lets those through that fit a wildcard, or a Deny is against all but those, and this one does. */
function isBehindWildcard(
  { statements }: Omit<Subject, "openings">,
  statement: LintStatement,
  { sub, azp, email }: TokenClaims,
): boolean {
  const fits = (line: Line, name: string, value: string | undefined) =>
    value !== undefined &&
    isClaim(line, statement, name) &&
    line.patterns.some((pattern) => pattern.some(isWild) && line.use.operator?.test(pattern, value) === true);
  return [statement, ...statements.filter(({ effect }) => effect === "Deny")]
    .flatMap((one) => one.lines.filter((line) => isLike(line) && isPositive(line) === (one === statement)))
    .some((line) => fits(line, "sub", sub) || fits(line, "aud", azp) || fits(line, "email", email));
}

/** Of each statement, in their order. */
export function openingsOf(subject: Omit<Subject, "openings">): (Opening | undefined)[] {
  const trusted = new Set(trusting(subject));
  return subject.statements.map((statement) => (trusted.has(statement) ? openingOf(subject, statement) : undefined));
}

function pathOf({ index, lines }: LintStatement): Path {
  return ["Statement", index, ...(lines.length === 0 ? [] : ["Condition"])];
}

function* openings(subject: Subject, wanted: Opening["why"]): Generator<Hit> {
  for (const statement of trusting(subject)) {
    const opening = subject.openings[statement.index];
    if (opening?.why === wanted) yield { path: pathOf(statement), evidence: opening.evidence };
  }
}

export const limits: readonly Rule[] = [
  {
    id: "no-condition",
    severity: "error",
    title: "every Google account in the world is let in: the statement has no condition",
    fix: "compare accounts.google.com:sub and :oaud by StringEquals",
    check: (subject) => openings(subject, "no-condition"),
  },
  {
    id: "audience-only",
    severity: "error",
    title: "the audience alone is compared, and any Google service account can mint a token for any audience",
    fix: "compare accounts.google.com:sub with the numeric ID of the service account as well",
    check: (subject) => openings(subject, "audience-only"),
  },
  {
    id: "shared-client",
    severity: "error",
    title: "an OAuth client that everybody uses is compared under :aud, and nothing says whose token it is",
    fix: "compare accounts.google.com:sub with the account's numeric ID as well",
    check: (subject) => openings(subject, "shared-client"),
  },
  {
    id: "no-subject",
    severity: "error",
    title: "no condition says which account: :sub is not compared",
    fix: "compare :sub by StringEquals with the numeric ID of the service account (of a pod: system:serviceaccount:NAMESPACE:NAME)",
    check: (subject) => openings(subject, "no-subject"),
  },
  {
    id: "wildcard-identity",
    severity: "error",
    title: "a wildcard or a variable stands where an account is named",
    fix: "name each account by StringEquals: numeric IDs that begin alike have nothing in common",
    check: (subject) => openings(subject, "wildcard-identity"),
  },
  {
    id: "too-complex",
    severity: "error",
    title: "more kinds of tokens are told apart than are tried here: whether strangers get in is not known",
    fix: "name accounts and audiences by StringEquals, with fewer wildcards and Deny statements",
    check: (subject) => openings(subject, "too-complex"),
  },
  {
    id: "whole-namespace",
    severity: "warning",
    title: "service accounts of a namespace are let in that the policy does not name, also those that are made later",
    fix: "name each by StringEquals: system:serviceaccount:NAMESPACE:NAME",
    *check(subject) {
      for (const statement of trusting(subject)) {
        if (subject.openings[statement.index] !== undefined) continue;
        const pod = letIn(subject, statement, "other-pods");
        if (pod === undefined || pod === UNKNOWN) continue;
        const evidence = `lets in ${pod.sub}, which the policy does not name`;
        yield { path: pathOf(statement), evidence };
      }
    },
  },
  {
    id: "no-audience",
    severity: "warning",
    title: "a token that the account got for another service, and showed to it, opens the role too",
    fix: "compare accounts.google.com:oaud with an audience that is for AWS alone",
    *check(subject) {
      for (const statement of trusting(subject)) {
        if (hasAudience(statement) || subject.openings[statement.index] !== undefined) continue;
        const elsewhere = letIn(subject, statement, "other-audiences");
        if (elsewhere === undefined || elsewhere === UNKNOWN) continue;
        const evidence = `lets ${elsewhere.sub} in with the audience ${[elsewhere.aud].flat().join(", ")}`;
        yield { path: pathOf(statement), evidence };
      }
    },
  },
  {
    id: "wildcard-audience",
    severity: "warning",
    title: "a wildcard in the audience: it is the caller's to choose, and so is what the wildcard stands for",
    fix: "name each audience by StringEquals",
    *check(subject) {
      for (const statement of trusting(subject)) {
        const wild = statement.lines.filter(
          (line) =>
            isClaim(line, statement, "oaud") && isPositive(line) && isLike(line) && line.values.some(hasWildcard),
        );
        if (wild.length === 0) continue;
        const isOpen = subject.openings[statement.index] !== undefined;
        if (!isOpen && letIn(subject, statement, "other-audiences") === undefined) continue;
        for (const { path, key, values } of wild)
          yield { path, evidence: `${key} is compared with ${values.filter(hasWildcard).join(", ")}` };
      }
    },
  },
];

function hasAudience(statement: LintStatement): boolean {
  const isNothingElse = (value: string) => isVariable(value) && /^(\$\{[^}]*\})*$/.test(value);
  return statement.lines.some(
    (line) => isClaim(line, statement, "oaud") && isPositive(line) && !line.values.some(isNothingElse),
  );
}

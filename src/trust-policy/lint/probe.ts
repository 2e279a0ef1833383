// Identities made up to be tried on a policy: those that it names, and strangers to it.
import { decide } from "../evaluate-trust-policy.ts";
import type { Evaluation } from "../evaluate.ts";
import { isClientId } from "../oauth-client.ts";
import type { PolicyDocument, Statement } from "../policy.ts";
import { googleName, type TokenClaims } from "../web-identity.ts";
import { splitKey } from "../condition-keys.ts";
import { isClaim, isLike, isPositive, issuerOf, type Line, type LintStatement, type Subject } from "./rule.ts";
import {
  strangersAudiences,
  strangersEmails,
  strangersPods,
  strangersSubs,
  usualEmail,
  usualSub,
} from "./strangers.ts";

/** Values of one key in a policy that are tried. */
export const MAX_EACH = 10;
/** Of their combinations, so many: a policy of two thousand characters can have fifty thousand. */
export const MAX_IDENTITIES = 500;

/** Whether the policy lets this identity in by that statement, where whatever does not come from its token is as wanted. */
export function letsIn({ core }: Pick<Subject, "core">, { index }: LintStatement, claims: TokenClaims): boolean {
  const { decision, statements } = decided(core, claims);
  return decision === "allowed" && statements.some(({ statement, matched }) => statement === index && matched);
}

/** Whether the statement itself matches the identity. */
export function matchesIdentity({ core }: Subject, { index }: LintStatement, claims: TokenClaims): boolean {
  return decided(core, claims).statements[index]?.matched === true;
}

const decisions = new WeakMap<PolicyDocument, Map<string, Evaluation>>();

/** Decided once for each identity, as it is asked of every statement. */
function decided(core: PolicyDocument, claims: TokenClaims): Evaluation {
  const known = decisions.get(core) ?? new Map<string, Evaluation>();
  decisions.set(core, known);
  const name = JSON.stringify(claims);
  const decision = known.get(name) ?? decide(core, { claims });
  known.set(name, decision);
  return decision;
}

const variables = /\$\{(?![*?$]\})[^}]*\}/g;

/** Whether a value is what something else in the request makes it. */
export function isVariable(value: string): boolean {
  return value.search(variables) >= 0;
}

/**
 * The policy without what a token does not say: addresses, times, and whatever a variable becomes, as that is mostly the caller's to
 * choose, as audience and session name are. An Allow statement asks for less then; a Deny statement that asks for such a thing is
 * taken not to apply. A provider that the account has made for Google stands for Google.
 */
export function withoutSurroundings(policy: PolicyDocument): PolicyDocument {
  const hasVariables = policy.version === "2012-10-17";
  return { ...policy, statements: policy.statements.map((statement) => trimmed(googlesOwn(statement), hasVariables)) };
}

function googlesOwn(statement: Statement): Statement {
  const { principal } = statement;
  if (principal === undefined || principal === "*") return statement;
  const federated = principal["Federated"]?.map((value) => (issuerOf(value) === googleName ? googleName : value));
  return federated === undefined ? statement : { ...statement, principal: { ...principal, Federated: federated } };
}

function trimmed(statement: Statement, hasVariables: boolean): Statement {
  const isSurrounding = (key: string) => ["aws", "sts", "iam"].includes(splitKey(key).prefix);
  const isFree = (values: readonly string[]) => hasVariables && values.some(isVariable);
  const lines = Object.entries(statement.condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values })),
  );
  const kept = lines.filter(({ key }) => !isSurrounding(key));
  if (kept.length === lines.length && !kept.some(({ values }) => isFree(values))) return statement;
  if (statement.effect === "Deny") return { effect: "Deny", action: [] };
  const condition: Record<string, Record<string, readonly string[]>> = {};
  for (const line of kept) {
    const { operator, key, values } = isFree(line.values) ? open(line) : line;
    // The line that stands there already is about the same key, and asks for no less.
    condition[operator] = { [key]: values, ...condition[operator] };
  }
  return { ...statement, condition };
}

/** The line with `*` for its variables, under the operator that knows wildcards; a negated one asks for nothing. */
function open({ operator, key, values }: { operator: string; key: string; values: readonly string[] }) {
  const isPlain = /Equals/.test(operator);
  const patterns = values.map((value) =>
    (isPlain ? value.replace(/(?<!\$\{)[*?]/g, (sign) => `\${${sign}}`) : value).replace(variables, "*"),
  );
  if (/Not/.test(operator)) return { operator: "StringLike", key, values: ["*"] };
  return { operator: operator.replace(/String(Equals(IgnoreCase)?|Like)/, "StringLike"), key, values: patterns };
}

/** The identities that a statement is made for, as far as there can be tokens of such. */
export function ownIdentities(subject: Pick<Subject, "statements">, statement: LintStatement): TokenClaims[] {
  const wanted = (name: string, ...usual: string[]) => wantedOf(subject, statement, name, usual);
  const all = statement.issuers.flatMap((issuer): TokenClaims[] => {
    if (issuer !== googleName) {
      const iss = `https://${issuer}`;
      return wanted("sub", ...strangersPods(subject)).flatMap((sub) =>
        wanted("aud", ...strangersAudiences(subject)).map((aud) => ({ iss, sub, aud })),
      );
    }
    const emails = strangersEmails(subject);
    const azps = wanted("aud", ...emails);
    const subs = wanted("sub", ...azps, ...strangersSubs(subject)).filter((sub) => /^\d+$/.test(sub));
    const pairs = subs.flatMap((sub) =>
      [sub, ...azps.filter((azp) => azp.includes("@") || isClientId(azp))].map((azp) => ({ sub, azp })),
    );
    return pairs.flatMap(({ sub, azp }) =>
      wanted("oaud", ...strangersAudiences(subject)).flatMap((aud) =>
        tokens({ sub, azp, aud }, wanted("email", ...(azp.includes("@") ? [azp] : emails)), subject, statement),
      ),
    );
  });
  return spread(all);
}

/** Some of all of them, so that each value has its turn. */
function spread(all: readonly TokenClaims[]): TokenClaims[] {
  const step = Math.max(1, all.length / MAX_IDENTITIES);
  return all.filter((_, at) => at === 0 || Math.floor(at / step) > Math.floor((at - 1) / step));
}

/** Identities that a statement does not name: with the audiences that it wants, as everybody may choose those. */
export function strangers(subject: Pick<Subject, "statements">, statement: LintStatement): TokenClaims[] {
  const wanted = (name: string, ...usual: string[]) => wantedOf(subject, statement, name, usual);
  const all = statement.issuers.flatMap((issuer): TokenClaims[] => {
    if (issuer !== googleName) {
      const iss = `https://${issuer}`;
      return strangersPods(subject).flatMap((sub) =>
        wanted("aud", ...strangersAudiences(subject)).map((aud) => ({ iss, sub, aud })),
      );
    }
    const emails = strangersEmails(subject);
    const clients = wanted("aud").filter(isClientId);
    return strangersSubs(subject).flatMap((sub) =>
      wanted("oaud", ...strangersAudiences(subject)).flatMap((aud) =>
        emails.flatMap((email) =>
          [sub, email, ...clients].flatMap((azp) => tokens({ sub, azp, aud }, [email], subject, statement)),
        ),
      ),
    );
  });
  return spread(all);
}

/** What a variable becomes for a stranger; all else may be anything. */
function strangersOwn(variable: string): string {
  if (/:(sub|aud)\W/i.test(variable)) return usualSub;
  return /:email\W/i.test(variable) ? usualEmail : "1";
}

/** Google's tokens with these claims: what not every token has is left out as well, where the policy asks for it. */
function tokens(
  { sub, azp, aud }: { sub: string; azp: string; aud: string },
  emails: readonly string[],
  subject: Pick<Subject, "statements">,
  statement: LintStatement,
): TokenClaims[] {
  const asks = (name: string) =>
    subject.statements.some(({ lines }) => lines.some((line) => isClaim(line, statement, name)));
  const amr = wantedOf(subject, statement, "amr", []);
  const [organization = "1"] = wantedOf(subject, statement, "google/organization_number", []);
  const whole = emails.map((email): TokenClaims => ({
    iss: `https://${googleName}`,
    sub,
    azp,
    aud,
    email,
    amr,
    google: { organization_number: organization },
  }));
  return [
    ...whole,
    ...(asks("email") ? whole.map(({ email: _email, ...rest }) => rest) : []),
    ...(asks("amr") ? whole.map(({ amr: _amr, ...rest }) => rest) : []),
    ...(asks("google/organization_number") ? whole.map(({ google: _google, ...rest }) => rest) : []),
  ];
}

/**
 * What the statement wants of a key, its wildcards filled in; where it wants nothing, what other lines of the policy say of the key,
 * and what is usual.
 */
function wantedOf(
  { statements }: Pick<Subject, "statements">,
  statement: LintStatement,
  name: string,
  usual: readonly string[],
): string[] {
  const valuesOf = (lines: readonly Line[]) =>
    lines.filter((line) => isClaim(line, statement, name) && line.use.operator !== undefined).flatMap(filledIn);
  // Those that a Deny is against would take the place of those that may get in.
  const denying = statements.filter(({ effect }) => effect === "Deny").flatMap(({ lines }) => lines.filter(isPositive));
  const denied = new Set(valuesOf(denying));
  const some = (values: readonly string[]) =>
    values.toSorted((a, b) => Number(denied.has(a)) - Number(denied.has(b))).slice(0, MAX_EACH);
  const own = valuesOf(statement.lines.filter(isPositive));
  return [
    ...new Set(own.length > 0 ? some(own) : [...some(valuesOf(statements.flatMap(({ lines }) => lines))), ...usual]),
  ];
}

function filledIn(line: Line): string[] {
  const special = isLike(line) ? /\$\{([*?$])\}|[*?]/g : /\$\{([*?$])\}/g;
  return line.values.map((value) =>
    value.replace(variables, strangersOwn).replace(special, (_, plain: string | undefined) => plain ?? "1"),
  );
}

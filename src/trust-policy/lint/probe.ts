// Identities made up to be tried on a policy: those that it names, and strangers to it.
import { decide } from "../evaluate-trust-policy.ts";
import type { PolicyDocument, Statement } from "../policy.ts";
import { googleName, type TokenClaims } from "../web-identity.ts";
import { splitKey } from "../condition-keys.ts";
import { isClaim, isLike, isPositive, issuerOf, type Line, type LintStatement, type Subject } from "./rule.ts";

export const strangersSub = "199999999999999999999";
/** A Deny may be against numbers that begin in some way. */
const strangersSubs = [strangersSub, "100000000000000000001", ...Array.from("23456789", (digit) => digit.repeat(21))];
export const strangersAudience = "https://stranger.example";
const strangersAudiences = [strangersAudience, "stranger"];
const strangersEmail = "stranger@stranger.iam.gserviceaccount.com";
const strangersKubernetes = "system:serviceaccount:stranger:stranger";

/** Values of one key that are tried: all combinations are. */
export const MAX_EACH = 10;

/** Whether the policy lets this identity in by that statement, where whatever does not come from its token is as wanted. */
export function letsIn({ core }: Subject, { index }: LintStatement, claims: TokenClaims): boolean {
  return sessionNames(core, claims).some((sessionName) => {
    const { decision, statements } = decide(core, { claims, sessionName });
    return decision === "allowed" && statements.some(({ statement, matched }) => statement === index && matched);
  });
}

/** Whether the statement itself matches the identity. */
export function matchesIdentity({ core }: Subject, { index }: LintStatement, claims: TokenClaims): boolean {
  return decide(core, { claims, sessionName: claims.sub }).statements[index]?.matched === true;
}

/** The session's name is the caller's to choose: where a variable may insert it, it is tried as each of the claims. */
function sessionNames(policy: PolicyDocument, { sub, azp, aud, email }: TokenClaims): string[] {
  return hasVariable(policy) ? [sub, azp ?? sub, [aud].flat()[0] ?? sub, email ?? sub] : [sub];
}

/** Whether a value is what something else in the request makes it. */
export function isVariable(value: string): boolean {
  return /\$\{[^*?$]/.test(value);
}

/** Whether what the policy wants depends on what else is in the request. */
export function hasVariable({ statements }: PolicyDocument): boolean {
  return statements.some(({ condition = {} }) =>
    Object.values(condition).some((keys) =>
      Object.values(keys)
        .flat()
        .some((value) => /\$\{[^*?$]/.test(value)),
    ),
  );
}

/**
 * The policy without what a token does not say: addresses, times, the session's name, which is the caller's to choose. An Allow
 * statement asks for less then; a Deny statement that asks for such a thing is taken not to apply. A provider that the account
 * has made for Google stands for Google.
 */
export function withoutSurroundings(policy: PolicyDocument): PolicyDocument {
  return { ...policy, statements: policy.statements.map((statement) => trimmed(googlesOwn(statement))) };
}

function googlesOwn(statement: Statement): Statement {
  const { principal } = statement;
  if (principal === undefined || principal === "*") return statement;
  const federated = principal["Federated"]?.map((value) => (issuerOf(value) === googleName ? googleName : value));
  return federated === undefined ? statement : { ...statement, principal: { ...principal, Federated: federated } };
}

function trimmed(statement: Statement): Statement {
  const isSurrounding = (key: string) => ["aws", "sts", "iam"].includes(splitKey(key).prefix);
  const blocks = Object.entries(statement.condition ?? {});
  const hasSome = blocks.some(([, keys]) => Object.keys(keys).some(isSurrounding));
  if (!hasSome) return statement;
  if (statement.effect === "Deny") return { effect: "Deny", action: [] };
  const kept = blocks.map(([operator, keys]) => [
    operator,
    Object.fromEntries(Object.entries(keys).filter(([key]) => !isSurrounding(key))),
  ]);
  return { ...statement, condition: Object.fromEntries(kept) };
}

/** The identities that a statement is made for, as far as there can be tokens of such. */
export function ownIdentities(subject: Subject, statement: LintStatement): TokenClaims[] {
  const wanted = (name: string, ...usual: string[]) => wantedOf(subject, statement, name, usual);
  return statement.issuers.flatMap((issuer): TokenClaims[] => {
    if (issuer !== googleName) {
      const iss = `https://${issuer}`;
      return wanted("sub", strangersKubernetes).flatMap((sub) =>
        wanted("aud", strangersAudience).map((aud) => ({ iss, sub, aud })),
      );
    }
    const azps = wanted("aud", strangersEmail);
    const subs = wanted("sub", ...azps, ...strangersSubs).filter((sub) => /^\d+$/.test(sub));
    const pairs = subs.flatMap((sub) =>
      [sub, ...azps.filter((azp) => azp.includes("@") || isClientId(azp))].map((azp) => ({ sub, azp })),
    );
    return pairs.flatMap(({ sub, azp }) =>
      wanted("oaud", ...strangersAudiences).flatMap((aud) =>
        tokens({ sub, azp, aud }, wanted("email", azp.includes("@") ? azp : strangersEmail), subject, statement),
      ),
    );
  });
}

/** The client ID of an OAuth application, which is the azp of a person's token; a service account's is its number or its email. */
export function isClientId(text: string): boolean {
  return text.endsWith(".apps.googleusercontent.com");
}

/** Identities that a statement does not name: with the audiences that it wants, as everybody may choose those. */
export function strangers(subject: Subject, statement: LintStatement): TokenClaims[] {
  const wanted = (name: string, ...usual: string[]) => wantedOf(subject, statement, name, usual);
  return statement.issuers.flatMap((issuer): TokenClaims[] => {
    if (issuer !== googleName) {
      const iss = `https://${issuer}`;
      return wanted("aud", strangersAudience).map((aud) => ({ iss, sub: strangersKubernetes, aud }));
    }
    const others = [strangersEmail, ...wanted("aud").filter(isClientId)];
    // Whom the policy names is no stranger to it.
    const named = new Set(subject.statements.flatMap(({ lines }) => lines.flatMap(({ values }) => values)));
    return strangersSubs
      .filter((sub) => !named.has(sub))
      .flatMap((sub) =>
        wanted("oaud", ...strangersAudiences).flatMap((aud) =>
          [sub, ...others].flatMap((azp) => tokens({ sub, azp, aud }, [strangersEmail], subject, statement)),
        ),
      );
  });
}

/** Google's tokens with these claims: what not every token has is left out as well, where the policy asks for it. */
function tokens(
  { sub, azp, aud }: { sub: string; azp: string; aud: string },
  emails: readonly string[],
  subject: Subject,
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
function wantedOf({ statements }: Subject, statement: LintStatement, name: string, usual: readonly string[]): string[] {
  const valuesOf = (lines: readonly Line[]) =>
    lines.filter((line) => isClaim(line, statement, name) && line.use.operator !== undefined).flatMap(filledIn);
  const own = valuesOf(statement.lines.filter(isPositive));
  const values = own.length > 0 ? own : [...valuesOf(statements.flatMap(({ lines }) => lines)), ...usual];
  return [...new Set(values)].slice(0, MAX_EACH);
}

function filledIn(line: Line): string[] {
  const special = isLike(line) ? /\$\{([*?$])\}|[*?]/g : /\$\{([*?$])\}/g;
  return line.values.map((value) => value.replace(special, (_, plain: string | undefined) => plain ?? "1"));
}

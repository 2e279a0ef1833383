// Identities made up to be tried on a policy: those that it names, and strangers to it.
import { evaluateTrustPolicy } from "../evaluate-trust-policy.ts";
import type { PolicyDocument, Statement } from "../policy.ts";
import { googleName, type TokenClaims } from "../web-identity.ts";
import { splitKey } from "../condition-keys.ts";
import { isClaim, isPositive, type Line, type LintStatement, type Subject } from "./rule.ts";

export const strangersSub = "199999999999999999999";
export const strangersAudience = "https://stranger.example";
const strangersEmail = "stranger@stranger.iam.gserviceaccount.com";
const strangersKubernetes = "system:serviceaccount:stranger:stranger";

/** More would not tell more. */
const MAX_EACH = 20;

/** Whether the policy lets this identity in by that statement, where whatever does not come from its token is as wanted. */
export function letsIn({ policy }: Subject, { index }: LintStatement, claims: TokenClaims): boolean {
  const { decision, statements } = evaluateTrustPolicy(withoutSurroundings(policy), { claims });
  return decision === "allowed" && statements.some(({ statement, matched }) => statement === index && matched);
}

/** Whether the statement itself matches the identity. */
export function matchesIdentity({ policy }: Subject, { index }: LintStatement, claims: TokenClaims): boolean {
  const { statements } = evaluateTrustPolicy(withoutSurroundings(policy), { claims });
  return statements.some(({ statement, matched }) => statement === index && matched);
}

/**
 * The policy without what a token does not say: addresses, times, the session's name, which is the caller's to choose. An Allow
 * statement asks for less then; a Deny statement that asks for such a thing is taken not to apply.
 */
function withoutSurroundings(policy: PolicyDocument): PolicyDocument {
  return { ...policy, statements: policy.statements.map(trimmed) };
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

/** The identities that a statement is made for, as far as there can be tokens of such: at most some thousands. */
export function ownIdentities(statement: LintStatement): TokenClaims[] {
  return statement.issuers.flatMap((issuer) => {
    const wanted = (name: string, usual: string) => valuesOf(statement, name, [usual]);
    if (issuer !== googleName) {
      return wanted("sub", strangersKubernetes).flatMap((sub) =>
        wanted("aud", strangersAudience).map((aud) => ({ iss: `https://${issuer}`, sub, aud })),
      );
    }
    return wanted("sub", strangersSub)
      .filter((sub) => /^\d+$/.test(sub))
      .flatMap((sub) =>
        valuesOf(statement, "aud", [sub])
          .filter((azp) => canBeAzp(azp, sub))
          .flatMap((azp) =>
            wanted("oaud", strangersAudience).flatMap((aud) =>
              wanted("email", azp.includes("@") ? azp : strangersEmail).map((email) =>
                google({ sub, azp, aud, email }),
              ),
            ),
          ),
      );
  });
}

/** A service account's azp is its number or its email; a person's is the client ID of an OAuth application. */
function canBeAzp(azp: string, sub: string): boolean {
  return azp === sub || azp.includes("@") || isClientId(azp);
}

export function isClientId(text: string): boolean {
  return text.endsWith(".apps.googleusercontent.com");
}

/** Identities that a statement does not name: with the audiences that it wants, as everybody may choose those. */
export function strangers(statement: LintStatement): TokenClaims[] {
  return statement.issuers.flatMap((issuer) => {
    if (issuer !== googleName) {
      return valuesOf(statement, "aud", [strangersAudience]).map((aud) => ({
        iss: `https://${issuer}`,
        sub: strangersKubernetes,
        aud,
      }));
    }
    const clients = valuesOf(statement, "aud", []).filter(isClientId);
    const azps = [strangersSub, strangersEmail, ...clients];
    return valuesOf(statement, "oaud", [strangersAudience]).flatMap((aud) =>
      azps.map((azp) => google({ sub: strangersSub, azp, aud, email: strangersEmail })),
    );
  });
}

function google(claims: Pick<TokenClaims, "sub" | "azp" | "aud" | "email">): TokenClaims {
  return { iss: `https://${googleName}`, ...claims };
}

/** What the statement wants of a key, its wildcards filled in; `usual` where it wants nothing of it. */
function valuesOf(statement: LintStatement, name: string, usual: readonly string[]): string[] {
  const lines = statement.lines.filter((line) => isClaim(line, statement, name) && isPositive(line));
  const values = lines.flatMap(wantedBy);
  return (values.length === 0 ? [...usual] : [...new Set(values)]).slice(0, MAX_EACH);
}

function wantedBy({ values }: Line): string[] {
  return values.map((value) => value.replace(/\$\{([*?$])\}|[*?]/g, (_, plain: string | undefined) => plain ?? "1"));
}

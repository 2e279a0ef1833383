import { fromNow } from "../duration.ts";
import { printable } from "../errors.ts";
import type { PartResult, TrustEvaluation, TrustStatement } from "../trust-policy/evaluate-trust-policy.ts";
import type { TokenClaims } from "../trust-policy/web-identity.ts";

/** What a trust policy can look at, in this order. */
export interface Identity {
  iss: string;
  sub: string;
  azp?: string;
  aud: string | string[];
  email?: string;
  sessionName: string;
  /** Whole seconds until the token ends, below zero when it has. */
  secondsLeft?: number;
}

/** @param now milliseconds since the epoch */
export function identityOf(
  { iss, sub, aud, azp, email, exp }: TokenClaims,
  sessionName: string,
  now: number,
): Identity {
  return {
    iss,
    sub,
    ...(azp !== undefined && { azp }),
    aud,
    ...(email !== undefined && { email }),
    sessionName,
    ...(exp !== undefined && { secondsLeft: Math.floor(exp - now / 1000) }),
  };
}

/** One line: which statement denies, or that none allows. */
export function reasonOf({ decision, statements }: TrustEvaluation): string {
  if (decision === "allowed") return "";
  const denying = statements.find(({ effect, matched }) => effect === "Deny" && matched);
  return denying === undefined ? "no statement allows it" : `${nameOf(denying)} denies it`;
}

/** What to mend first: of the Allow statements, the one that came closest says most. */
export function firstHint({ reason, statements }: TrustEvaluation): string | undefined {
  if (reason !== "implicit deny") return undefined;
  return statements
    .filter(({ effect }) => effect === "Allow")
    .toSorted((a, b) => distance(a) - distance(b))
    .flatMap((statement) => partsOf(statement).map(({ hint }) => hint))
    .find((hint) => hint !== undefined);
}

/** For people: the token, and every statement with what it wanted and what there was. */
export function describeEvaluation(result: TrustEvaluation, token: Identity): string {
  const { decision, statements } = result;
  const { secondsLeft, ...shown } = token;
  const lines = [decision === "allowed" ? "allowed" : `denied: ${reasonOf(result)}`, "", "token"];
  for (const [name, value] of Object.entries(shown)) {
    lines.push(`  ${name.padEnd(12)}${printable([value].flat().join(", "))}`);
  }
  if (secondsLeft !== undefined && secondsLeft <= 0) {
    lines.push(`  it ended ${fromNow(secondsLeft * 1000)}: STS refuses it whatever the policy says`);
  }
  for (const statement of statements) {
    lines.push("", `${nameOf(statement)}, ${statement.effect}: ${statement.matched ? "matches" : "does not match"}`);
    for (const part of partsOf(statement)) lines.push(...describePart(part));
  }
  return `${lines.join("\n")}\n`;
}

/** A part of a statement, as one line of what is shown. */
interface Part extends Omit<PartResult, "actual"> {
  name: string;
  actual: string | undefined;
}

function partsOf({ principal, action, conditions }: TrustStatement): Part[] {
  return [
    { name: "Principal", ...principal },
    { name: "Action", ...action },
    ...conditions.map(({ operator, key, wanted, actual, matched, hint }) => ({
      name: `${operator} ${key}`,
      wanted,
      actual: actual?.join(", "),
      matched,
      ...(hint !== undefined && { hint }),
    })),
  ];
}

function describePart({ name, wanted, actual, matched, hint }: Part): string[] {
  const rows = [
    ["policy", wanted.join(" | ") || "(nothing)"],
    ["request", actual ?? "(the key is missing)"],
    ...(hint === undefined ? [] : [["why", hint]]),
  ];
  const lines = rows.map(([title = "", text = ""]) => `       ${title.padEnd(9)}${printable(text, 600)}`);
  return [`  ${matched ? "yes" : "NO "}  ${printable(name)}`, ...lines];
}

/** How far a statement is from matching: one for another principal or action was never meant for this token. */
function distance({ principal, action, conditions }: TrustStatement): number {
  const elsewhere = [principal, action].filter(({ matched }) => !matched).length * 100;
  return elsewhere + conditions.filter(({ matched }) => !matched).length;
}

function nameOf({ statement, sid = "" }: TrustStatement): string {
  return `Statement[${statement}]${sid === "" ? "" : ` "${printable(sid, 60)}"`}`;
}

import { fromNow } from "../duration.ts";
import { printable } from "../errors.ts";
import type { TrustEvaluation } from "../trust-policy/evaluate-trust-policy.ts";
import { type NamedPart, nameOfStatement, partsOf, summaryOf } from "../trust-policy/reasons.ts";
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

/** For people: the token, and every statement with what it wanted and what there was. */
export function describeEvaluation(result: TrustEvaluation, token: Identity): string {
  const { decision, statements } = result;
  const { secondsLeft, ...shown } = token;
  const lines = [decision === "allowed" ? "allowed" : `denied: ${printable(summaryOf(result))}`, "", "token"];
  for (const [name, value] of Object.entries(shown)) {
    lines.push(`  ${name.padEnd(12)}${printable([value].flat().join(", "))}`);
  }
  if (secondsLeft !== undefined && secondsLeft <= 0) {
    lines.push(`  it ended ${fromNow(secondsLeft * 1000)}: STS refuses it whatever the policy says`);
  }
  for (const statement of statements) {
    lines.push(
      "",
      `${printable(nameOfStatement(statement), 100)}, ${statement.effect}: ${statement.matched ? "matches" : "does not match"}`,
    );
    for (const part of partsOf(statement)) lines.push(...describePart(part));
  }
  return `${lines.join("\n")}\n`;
}

function describePart({ name, wanted, actual, matched, hint }: NamedPart): string[] {
  const rows = [
    ["policy", wanted.join(" | ") || "(nothing)"],
    ["request", actual ?? "(the key is missing)"],
    ...(hint === undefined ? [] : [["why", hint]]),
  ];
  const lines = rows.map(([title = "", text = ""]) => `       ${title.padEnd(9)}${printable(text, 600)}`);
  return [`  ${matched ? "yes" : "NO "}  ${printable(name)}`, ...lines];
}

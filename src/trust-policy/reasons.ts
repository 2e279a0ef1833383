// What an evaluation says, in words. Values stand in them as policy and token have them: who shows them makes them printable.
import type { PartResult, TrustEvaluation, TrustStatement } from "./evaluate-trust-policy.ts";

/** A part of a statement by its name: `Principal`, `Action`, or operator and key of a condition. */
export interface NamedPart extends Omit<PartResult, "actual"> {
  name: string;
  /** Undefined where the request does not carry the key. */
  actual: string | undefined;
}

/** The parts of a statement, in the order in which IAM writes them. */
export function partsOf({ principal, action, conditions }: TrustStatement): NamedPart[] {
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

/** Where it stands in the policy, and its Sid: `Statement[0] "TeamA"`. */
export function nameOfStatement({ statement, sid = "" }: Pick<TrustStatement, "statement" | "sid">): string {
  return `Statement[${statement}]${sid === "" ? "" : ` "${sid}"`}`;
}

/** One line: which statement denies, or that none allows; nothing where the token is let in. */
export function summaryOf(evaluation: TrustEvaluation): string {
  if (evaluation.decision === "allowed") return "";
  const [statement] = denying(evaluation);
  return statement === undefined ? "no statement allows it" : `${nameOfStatement(statement)} denies it`;
}

/** The statements by which the token is denied, whatever others allow. */
export function denying({ statements }: TrustEvaluation): TrustStatement[] {
  return statements.filter(({ effect, matched }) => effect === "Deny" && matched);
}

/** Why there is no access, a line each: the statements that deny, else what each that could allow does not have. */
export function reasonsOf(evaluation: TrustEvaluation): string[] {
  if (evaluation.reason === "explicit deny") {
    return denying(evaluation).flatMap((statement) => {
      const denial = `${nameOfStatement(statement)} denies this token, whatever the others allow`;
      return [denial].concat(reasonsIn(statement, ({ hint }) => hint !== undefined));
    });
  }
  return allowing(evaluation).flatMap((statement) => reasonsIn(statement, ({ matched }) => !matched));
}

function reasonsIn(statement: TrustStatement, isReason: (part: NamedPart) => boolean): string[] {
  const parts = partsOf(statement).filter(isReason);
  return parts.map((part) => `${nameOfStatement(statement)}: ${reasonOfPart(part)}`);
}

function reasonOfPart({ name, wanted, actual, hint }: NamedPart): string {
  const had = actual === undefined ? "does not have the key" : `has ${actual}`;
  return `${name} is ${wanted.join(" or ") || "nothing"}, the request ${had}${hint === undefined ? "" : `: ${hint}`}`;
}

/** The statements that could allow, the one that came closest first: its reasons are the ones to look at. */
export function nearest(evaluation: TrustEvaluation): TrustStatement[] {
  return allowing(evaluation).toSorted((a, b) => distance(a) - distance(b));
}

/** What to mend first, where that can be told. */
export function firstHint(evaluation: TrustEvaluation): string | undefined {
  const isDenied = evaluation.reason === "explicit deny";
  const parts = (isDenied ? denying(evaluation) : nearest(evaluation)).flatMap(partsOf);
  return parts.find(({ hint, matched }) => hint !== undefined && matched === isDenied)?.hint;
}

function allowing({ statements }: TrustEvaluation): TrustStatement[] {
  return statements.filter(({ effect }) => effect === "Allow");
}

/** How far a statement is from matching: one for another principal or action was never meant for this token. */
function distance({ principal, action, conditions }: TrustStatement): number {
  const elsewhere = [principal, action].filter(({ matched }) => !matched).length * 100;
  return elsewhere + conditions.filter(({ matched }) => !matched).length;
}

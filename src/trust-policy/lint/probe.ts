// Identities made up to be tried on a policy: all that it could tell apart, those that it names and strangers to it.
import { evaluateConditions } from "../condition.ts";
import { decide } from "../evaluate-trust-policy.ts";
import { googleName, keyPrefixOf, type TokenClaims } from "../web-identity.ts";
import type { Budget } from "./kinds.ts";
import {
  AUDIENCES,
  CLIENTS,
  EMAILS,
  headsOfPods,
  type Language,
  type Name,
  NUMBERS,
  namesOf,
  PODS,
  SUBS,
} from "./names.ts";
import { namesEverybody } from "../policy.ts";
import { policySize } from "../quota.ts";
import { type Core, isAboutTokens, isPositive, issuerOf, type Line, type LintStatement } from "./rule.ts";

/** What is tried for one policy, at most: about a second for names, and one for decisions. Policies of some length take a thousandth. */
const NAMES = 10_000_000;
const DECISIONS = 20_000;
/** Characters of a policy, multiplied by those of a token, for which a decision takes twice as long. */
const TYPICAL = 100_000;
/** For the names of one claim, as there are others. */
const NAMES_OF_CLAIM = 1_000_000;

/** What may still be tried. */
export interface Effort {
  names: Budget;
  decisions: number;
}

export function newEffort(): Effort {
  return { names: { steps: NAMES }, decisions: DECISIONS };
}

/** What the rules ask of. */
interface Searched {
  cores: readonly Core[];
  effort: Effort;
}

/**
 * Which identities are wanted: all, or those of whom something is not named in the policy: whatever says who it is, :sub, the audience,
 * of a pod more than its namespace.
 */
type Wanted = "all" | "strangers" | "other-subs" | "other-pods" | "other-audiences";

export const UNKNOWN = "unknown";

/**
 * An identity that the policy lets in by that statement, where whatever does not come from its token is as wanted, if there is one; of
 * each kind that the policy could tell apart one is tried.
 *
 * @returns {@link UNKNOWN} where none was found, and there was more to try than the effort allows
 */
export function letIn(
  { cores, effort }: Searched,
  { index }: LintStatement,
  wanted: Wanted,
): TokenClaims | typeof UNKNOWN | undefined {
  let isWhole = true;
  for (const core of cores) {
    const size = policySize(JSON.stringify(core.policy));
    const statement = core.statements[index];
    if (statement === undefined) continue;
    for (const issuer of statement.issuers) {
      const search = searchOf(core, statement, issuer, effort);
      for (const claims of issuer === googleName ? ofGoogle(search, wanted) : ofCluster(search, issuer, wanted)) {
        if (effort.decisions <= 0) return UNKNOWN;
        effort.decisions -= 1 + (size * (claims.sub.length + [claims.aud].flat().join().length)) / TYPICAL;
        if (decides(core, index, claims)) return claims;
      }
      if (search.isPartial) isWhole = false;
    }
  }
  return isWhole ? undefined : UNKNOWN;
}

/** Whether the statement is one that lets it in, in one of the accounts whose provider for it the statement names. */
function decides({ policy, statements }: Core, index: number, claims: TokenClaims): boolean {
  const providers = (statements[index]?.federated ?? []).filter((value) => issuerOf(value) === keyPrefixOf(claims));
  const accounts = new Set(providers.map((value) => /^arn:[\w-]+:iam::(\d{12}):/.exec(value)?.[1]));
  return [...(accounts.size === 0 ? [undefined] : accounts)].some((accountId) => {
    const { decision, statements: results } = decide(policy, { claims, ...(accountId !== undefined && { accountId }) });
    return decision === "allowed" && results.some(({ statement, matched }) => statement === index && matched);
  });
}

/** What a statement, and those that deny, ask of an issuer's tokens. */
interface Search {
  /** Values of each kind that the lines on these keys tell apart. */
  names: (language: Language, ...keys: string[]) => Name[];
  /** Whether the key may be so, for all that the statement's own lines say of it, and no Deny is against that alone. */
  passes: (key: string, value: string | undefined) => boolean;
  /** Those of the names that pass so. */
  texts: (key: string, all: readonly Name[]) => string[];
  /** Whether there are lines on the key. */
  asks: (key: string) => boolean;
  /** Some kinds of names were too many to be made. */
  isPartial: boolean;
}

const searches = new WeakMap<LintStatement, Map<string, Search>>();

/** Made once, as several rules ask. */
function searchOf(core: Core, statement: LintStatement, issuer: string, effort: Effort): Search {
  const known = searches.get(statement) ?? new Map<string, Search>();
  searches.set(statement, known);
  const search = known.get(issuer) ?? makeSearch(core, statement, issuer, effort);
  known.set(issuer, search);
  return search;
}

function makeSearch(core: Core, statement: LintStatement, issuer: string, effort: Effort): Search {
  const isOn = ({ prefix, name }: Line, keys: readonly string[]) =>
    prefix === issuer.toLowerCase() && keys.includes(name);
  const denials = core.statements.filter(({ effect }) => effect === "Deny");
  const linesOn = (statements: readonly LintStatement[], keys: readonly string[]) =>
    statements.flatMap(({ lines }) => lines.filter((line) => line.use.operator !== undefined && isOn(line, keys)));
  const holds = ({ operator, key, values }: Line, value: string | undefined) => {
    const context = { [key]: value === undefined ? [] : [value] };
    return evaluateConditions({ [operator]: { [key]: values } }, context, core.policy.version).every(
      ({ matched }) => matched,
    );
  };
  // A provider of another account is another one.
  const providers = statement.federated.filter((value) => issuerOf(value) === issuer);
  const isAboutAll = (one: LintStatement) =>
    namesEverybody(one.principal) || (providers.length > 0 && providers.every((name) => one.federated.includes(name)));
  const sure = denials.filter((one) => one.lines.length > 0 && isAboutAll(one) && isAboutTokens(one));
  const denied = new Set(denials.flatMap(({ lines }) => lines));
  const passes: Search["passes"] = (key, value) =>
    statement.lines.every((line) => !isOn(line, [key]) || holds(line, value)) &&
    !sure.some(({ lines }) => lines.every((line) => isOn(line, [key]) && holds(line, value)));
  const made = new Map<string, Name[]>();
  const search: Search = {
    names(language, ...keys) {
      const id = keys.join();
      const known = made.get(id);
      if (known !== undefined) return known;
      // Who is named only to be kept out is a stranger like others.
      const all = linesOn(core.statements, keys).filter((line) => isPositive(line) !== denied.has(line));
      const heads = language === PODS ? headsOfPods(all) : [];
      const given = Math.min(NAMES_OF_CLAIM, effort.names.steps);
      const budget = { steps: given };
      const names = namesOf(language, linesOn([statement, ...denials], keys), all, budget, heads);
      effort.names.steps -= given - Math.max(0, budget.steps);
      if (budget.steps <= 0) search.isPartial = true;
      made.set(id, names);
      return names;
    },
    passes,
    texts: (key, all) => all.map(({ text }) => text).filter((text) => passes(key, text)),
    asks: (key) => [statement, ...denials].some(({ lines }) => lines.some((line) => isOn(line, [key]))),
    isPartial: false,
  };
  return search;
}

const anyName = (): boolean => true;
const isStrange = ({ named }: Name): boolean => named === "not";
const isInPart = ({ named }: Name): boolean => named === "in part";

function* ofCluster({ names, texts }: Search, issuer: string, wanted: Wanted): Generator<TokenClaims> {
  // An IAM provider knows the audiences of its cluster, and nothing but :sub names a pod.
  if (wanted === "other-audiences" || wanted === "other-subs") return;
  const isWanted = wanted === "all" ? anyName : wanted === "other-pods" ? isInPart : isStrange;
  const pods = names(PODS, "sub").filter(isWanted);
  const audiences = texts("aud", names(AUDIENCES, "aud"));
  for (const sub of texts("sub", pods)) for (const aud of audiences) yield { iss: `https://${issuer}`, sub, aud };
}

function* ofGoogle({ names, passes, texts, asks }: Search, wanted: Wanted): Generator<TokenClaims> {
  if (wanted === "other-pods") return;
  const numbers = names(SUBS, "sub", "aud");
  const subs = texts("sub", numbers.filter(wanted === "strangers" || wanted === "other-subs" ? isStrange : anyName));
  if (subs.length === 0) return;
  const audiences = texts("oaud", names(AUDIENCES, "oaud").filter(wanted === "other-audiences" ? isStrange : anyName));
  if (audiences.length === 0) return;

  /** Values of a claim that not every token has. */
  const optional = <T>(key: string, all: readonly T[]): (T | undefined)[] => {
    if (!asks(key)) return all.slice(0, 1);
    return [...all, ...(passes(key, undefined) ? [undefined] : [])];
  };
  const organizationKey = "google/organization_number";
  const organizations = optional(organizationKey, texts(organizationKey, names(NUMBERS, organizationKey)));
  const methods = texts("amr", names(AUDIENCES, "amr"));
  const amrs = asks("amr") ? optional("amr", [...methods.map((one) => [one]), methods]) : [[]];
  if (organizations.length === 0 || amrs.length === 0) return;

  const accounts = names(EMAILS, "email", "aud").filter(wanted === "strangers" ? isStrange : anyName);
  const emails = optional("email", texts("email", accounts));
  // A person's token is for the application that it was made by.
  const clients = wanted === "other-audiences" ? [] : names(CLIENTS, "aud");
  const others = texts("aud", [...(wanted === "other-subs" ? numbers : []), ...accounts, ...clients]).map((azp) => ({
    azp,
    emails: azp.includes("@") ? optional("email", passes("email", azp) ? [azp] : []) : emails,
  }));
  for (const sub of subs) {
    for (const { azp, emails: own } of [...(passes("aud", sub) ? [{ azp: sub, emails }] : []), ...others]) {
      for (const email of own) {
        for (const aud of audiences) {
          for (const organization of organizations) {
            for (const amr of amrs) {
              yield {
                iss: `https://${googleName}`,
                sub,
                azp,
                aud,
                ...(email !== undefined && { email }),
                ...(amr !== undefined && { amr }),
                ...(organization !== undefined && { google: { organization_number: organization } }),
              };
            }
          }
        }
      }
    }
  }
}

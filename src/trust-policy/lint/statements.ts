// Statements as a whole: whom and what they are about, and whether they can ever apply.
import { suggest } from "../../suggest.ts";
import { namesEverybody } from "../policy.ts";
import { policySize, TRUST_POLICY_QUOTA } from "../quota.ts";
import { googleName } from "../web-identity.ts";
import { isVariable, letsIn, MAX_EACH, MAX_IDENTITIES, matchesIdentity, ownIdentities } from "./probe.ts";
import {
  type Hit,
  hasWildcard,
  isClaim,
  isLike,
  issuerOf,
  type Line,
  type LintStatement,
  type Rule,
  type Subject,
  trusting,
} from "./rule.ts";
import { conditions } from "./conditions.ts";
import { values } from "./values.ts";

/** Providers that IAM knows by name. */
const builtIn = [googleName, "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];

function* eachProvider({ statements }: Subject, evidence: (federated: string) => string | undefined): Generator<Hit> {
  for (const { index, federated } of statements) {
    for (const [at, value] of federated.entries()) {
      const found = evidence(value);
      if (found !== undefined) yield { path: ["Statement", index, "Principal", "Federated", at], evidence: found };
    }
  }
}

function isWide(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** Rules by which a statement never applies, each of which says why better than that. */
const sayWhy = new Set([
  "audience-under-aud",
  "email-for-id",
  "wildcard-literal",
  "white-space",
  "operator-type",
  "unknown-key",
  "variables-without-version",
]);

export const statements: readonly Rule[] = [
  {
    id: "explicit-provider",
    severity: "warning",
    title: "an IAM OIDC provider for Google, which AWS knows by itself",
    fix: `delete that provider and write "Federated": "${googleName}"`,
    check: (subject) =>
      eachProvider(subject, (value) =>
        value.endsWith(`:oidc-provider/${googleName}`)
          ? `${value}: where an account has it, tokens are refused whose azp is not in its list of audiences`
          : undefined,
      ),
  },
  {
    id: "unknown-provider",
    severity: "error",
    title: "IAM knows no provider by this name",
    fix: `Google is "${googleName}"; a cluster is the ARN of its IAM OIDC provider`,
    check: (subject) =>
      eachProvider(subject, (value) => {
        if (builtIn.includes(value) || /^arn:[\w-]+:iam::\d{12}:(oidc|saml)-provider\/./.test(value)) return undefined;
        const close = suggest(value.replace(/^https?:\/\//, "").replace(/\/$/, ""), builtIn);
        return close === undefined ? value : `${value}; ${close} is meant?`;
      }),
  },
  {
    id: "wrong-action",
    severity: "error",
    title: "tokens are exchanged by sts:AssumeRoleWithWebIdentity, which the statement does not allow",
    fix: 'write "Action": "sts:AssumeRoleWithWebIdentity"',
    *check(subject) {
      const trusted = new Set(trusting(subject).map(({ index }) => index));
      for (const { index, effect, issuers, principal, action } of subject.statements) {
        // Who names callers of AWS as well may mean just that.
        const hasOthers = typeof principal === "object" && principal["AWS"] !== undefined;
        if (effect === "Deny" || issuers.length === 0 || trusted.has(index) || hasOthers) continue;
        const other = action?.find((name) => /^sts:AssumeRole/i.test(name));
        if (other !== undefined)
          yield { path: ["Statement", index, "Action"], evidence: `${other} is for other callers` };
      }
    },
  },
  {
    id: "wide-action",
    severity: "warning",
    title: "more is allowed than the exchange of a token",
    fix: 'write "Action": "sts:AssumeRoleWithWebIdentity"',
    *check(subject) {
      for (const { index, action, notAction } of trusting(subject)) {
        const name = action === undefined ? "NotAction" : "Action";
        const wide = action === undefined ? notAction : action.filter(isWide);
        if (wide !== undefined && wide.length > 0)
          yield { path: ["Statement", index, name], evidence: `${name} is ${wide.join(", ")}` };
      }
    },
  },
  {
    id: "public-principal",
    severity: "error",
    title: "everybody is named as principal",
    fix: "name those whom the role trusts",
    *check({ statements: all }) {
      for (const statement of all) {
        const { index, effect, principal, lines } = statement;
        if (effect === "Deny") continue;
        const path = ["Statement", index, "Principal"];
        if (principal === "*") yield { path, evidence: '"*", which IAM has been seen to refuse in a trust policy' };
        else if (namesEverybody(principal) && !lines.some((line) => narrows(line, statement)))
          yield {
            path: [...path, "AWS"],
            evidence: "everybody, and no condition says of which account or organization",
          };
      }
    },
  },
  {
    id: "others-let-in",
    severity: "error",
    title: "tokens of another issuer lack Google's keys, and the conditions hold where those are missing",
    fix: "give each provider a statement of its own",
    *check(subject) {
      for (const statement of trusting(subject)) {
        const others = statement.federated.filter((value) => !statement.issuers.includes(issuerOf(value)));
        const isClosed = statement.lines.length === 0 || statement.lines.some((line) => narrows(line, statement));
        if (others.length > 0 && !isClosed)
          yield {
            path: ["Statement", statement.index, "Principal"],
            evidence: `nothing is asked of ${others.join(", ")}`,
          };
      }
    },
  },
  {
    id: "unreachable",
    severity: "error",
    title: "the statement can never let anybody in",
    fix: "take it away, or mend what keeps it from matching",
    *check(subject) {
      const explained = new Set<unknown>();
      for (const rule of [...values, ...conditions].filter(({ id }) => sayWhy.has(id))) {
        for (const { path } of rule.check(subject)) explained.add(path[1]);
      }
      for (const statement of trusting(subject).filter(({ index }) => !explained.has(index))) {
        const evidence = obstacle(subject, statement);
        if (evidence !== undefined) yield { path: ["Statement", statement.index], evidence };
      }
    },
  },
  {
    id: "repeated-statement",
    severity: "warning",
    title: "the statement stands in the policy twice",
    fix: "take one away",
    *check({ policy }) {
      const texts = policy.statements.map((statement) => JSON.stringify({ ...statement, sid: undefined }));
      for (const [index, text] of texts.entries()) {
        const first = texts.indexOf(text);
        if (first < index) yield { path: ["Statement", index], evidence: `says the same as Statement[${first}]` };
      }
    },
  },
  {
    id: "quota",
    severity: "warning",
    title: "longer than a trust policy may be, unless the account's quota was raised",
    fix: "one statement for all accounts that differ in :sub alone, or a role for each; the quota can be raised to 4,096",
    *check({ text }) {
      const size = policySize(text);
      if (size > TRUST_POLICY_QUOTA.usual) yield { path: [], evidence: `${size} characters, of 2,048` };
    },
  },
];

const whole = /^[^*?]+$/;
const ofOrganization = /^o-[^*?/]+\//;
/**
 * What a value must be for no stranger to come from there. Tags, source identities and the kind of a caller are missing: whoever has
 * an account chooses those.
 */
const places: ReadonlyMap<string, RegExp> = new Map([
  ["aws:principalorgid", whole],
  ["aws:principalorgpaths", ofOrganization],
  ["aws:principalaccount", whole],
  // In an account of one's own, names are free to choose.
  ["aws:principalarn", /^arn:[^:]*:[^:]*:[^:]*:\d{12}:/],
  // Buckets and the like name no account.
  ["aws:sourcearn", /^arn:[^:]*:[^:]*:[^:]*:\d{12}:|^[^*?]+$/],
  ["aws:sourceaccount", whole],
  ["aws:sourceorgid", whole],
  ["aws:sourceorgpaths", ofOrganization],
  ["aws:sourcevpc", whole],
  ["aws:sourcevpce", whole],
  // No more than the largest blocks that one owner has.
  ["aws:sourceip", /^[\d.]+(\/([89]|[1-9]\d))?$|^[\da-f:.]+(\/(1[6-9]|[2-9]\d|1\d\d))?$/i],
  ["sts:externalid", whole],
]);

/** Whether the line asks for callers of one place, as no stranger can choose to come from there. */
function narrows(line: Line, statement: LintStatement): boolean {
  if (!isNeeded(line)) return false;
  if (isClaim(line, statement)) return !line.values.some((value) => /^[*?]/.test(value));
  const place = places.get(line.key.toLowerCase());
  return place !== undefined && line.values.every((value) => !isVariable(value) && place.test(value));
}

/** Whether the line fails where its key is missing. */
function isNeeded({ use }: Line): boolean {
  return use.operator !== undefined && use.operator.negated !== true && !use.ifExists && use.set !== "all";
}

function obstacle(subject: Subject, statement: LintStatement): string | undefined {
  const { statements: all, openings } = subject;
  if (openings[statement.index] !== undefined) return undefined;
  // What is in the place of a wildcard can be made to fit two of them, which is not tried.
  const isOpenEnded = (one: LintStatement) => one.lines.some((line) => isLike(line) && line.values.some(hasWildcard));
  if (isOpenEnded(statement) && all.some((one) => one.effect === "Deny" && isOpenEnded(one))) return undefined;
  const identities = ownIdentities(subject, statement);
  if (identities.some((claims) => letsIn(subject, statement, claims))) return undefined;
  // Not all were tried.
  if (identities.length >= MAX_IDENTITIES || statement.lines.some((line) => line.values.length > MAX_EACH))
    return undefined;
  return identities.some((claims) => matchesIdentity(subject, statement, claims))
    ? "a Deny statement of the same policy is against everybody whom it lets in"
    : disagreement(statement);
}

function disagreement({ lines }: LintStatement): string {
  const numbers = (wanted: string) =>
    lines
      .filter(({ name }) => name === wanted)
      .flatMap(({ values: all }) => all.filter((value) => /^\d+$/.test(value)));
  const [sub, azp] = [numbers("sub"), numbers("aud")];
  if (sub.length > 0 && azp.length > 0 && !azp.some((number) => sub.includes(number)))
    return `:aud is ${azp.join(", ")} and :sub is ${sub.join(", ")}, but a service account has the same number in both`;
  return "no token fulfils all of its conditions";
}

// Statements as a whole: whom and what they are about, and whether they can ever apply.
import { suggest } from "../../suggest.ts";
import { namesEverybody } from "../policy.ts";
import { policySize, TRUST_POLICY_QUOTA } from "../quota.ts";
import { googleName } from "../web-identity.ts";
import { coresOf, withoutDenials } from "./core.ts";
import { letIn, UNKNOWN } from "./probe.ts";
import {
  type Hit,
  isClaim,
  isPositive,
  namesCallers,
  issuerOf,
  type Line,
  type LintStatement,
  type Rule,
  type Subject,
  trusting,
  webIdentityAction,
} from "./rule.ts";
import { isGuarded, isNeeded, narrows } from "./callers.ts";
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

/** Whether everybody is let in who has an account of AWS, or a token, if that is all it is about. */
function isOpen({ statements: all, openings }: Subject, statement: LintStatement): boolean {
  if (!namesEverybody(statement.principal) || isGuarded(statement, all)) return false;
  if (openings[statement.index] !== undefined && isOnlyAboutTokens(statement)) return false;
  return !isNarrowed(statement);
}

/** Whether tokens of another provider fail at the line: they lack Google's keys, and have their own. */
function closes(line: Line, statement: LintStatement, provider: string): boolean {
  const isThere = line.operator === "Null" && line.values.join() === "false";
  if (isClaim(line, statement)) return isNeeded(line) || isThere;
  // Whom SAML lets in is the account's own, but of many providers everybody may be a user.
  const isOwn = provider.includes(":saml-provider/") && line.prefix === "saml";
  const names = line.name === "sub" && line.values.every((value) => /[^*?]/.test(value));
  const isAsked = isOwn || (names && line.prefix === issuerOf(provider).toLowerCase());
  return narrows(line, statement) || (isAsked && isPositive(line) && line.use.set !== "all");
}

function isNarrowed(statement: LintStatement): boolean {
  return statement.lines.some((line) => narrows(line, statement));
}

/** Names with a wildcard of accounts and services, but for the one that is everybody. */
function wildPrincipals({ principal }: LintStatement): { type: string; at: number; value: string }[] {
  if (principal === undefined || principal === "*") return [];
  return ["AWS", "Service"].flatMap((type) =>
    (principal[type] ?? []).flatMap((value, at) =>
      isWide(value) && !(type === "AWS" && value === "*") ? [{ type, at, value }] : [],
    ),
  );
}

/** As against statements that are about callers with credentials of AWS as well. */
function isOnlyAboutTokens({ action }: LintStatement): boolean {
  return action?.every((name) => name.toLowerCase() === webIdentityAction) === true;
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
        if (builtIn.includes(value) || /^arn:[\w-]+:iam::\d{12}:(oidc|saml)-provider\/[^*?]+$/.test(value))
          return undefined;
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
        if (effect === "Deny" || issuers.length === 0 || trusted.has(index) || namesCallers(principal)) continue;
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
    *check(subject) {
      for (const statement of subject.statements) {
        const { index, effect, principal } = statement;
        if (effect === "Deny") continue;
        const path = ["Statement", index, "Principal"];
        if (principal === "*") yield { path, evidence: '"*", which IAM has been seen to refuse in a trust policy' };
        else if (isOpen(subject, statement))
          yield {
            path: [...path, "AWS"],
            evidence: "everybody, and no condition says of which account or organization",
          };
        for (const { type, at, value } of wildPrincipals(statement)) {
          const isEveryService = type === "Service" && value === "*";
          if (isEveryService && isNarrowed(statement)) continue;
          const what = isEveryService ? "any service, whoever it acts for" : "IAM takes no wildcard within a name";
          yield { path: [...path, type, at], evidence: `${value}: ${what}` };
        }
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
        // Where nothing is asked of Google's either, that is said already.
        if (statement.lines.length === 0 && subject.openings[statement.index] !== undefined) continue;
        const others = statement.federated.filter((value) => !statement.issuers.includes(issuerOf(value)));
        const open = others.filter((value) => !statement.lines.some((line) => closes(line, statement, value)));
        if (open.length > 0)
          yield {
            path: ["Statement", statement.index, "Principal"],
            evidence: `nothing is asked of ${open.join(", ")}`,
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
      for (const statement of trusting(subject)) {
        // Who else there may be is not known.
        const hasOthers = statement.federated.some((value) => !statement.issuers.includes(issuerOf(value)));
        if (explained.has(statement.index) || namesCallers(statement.principal) || hasOthers) continue;
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

function obstacle(subject: Subject, statement: LintStatement): string | undefined {
  if (subject.openings[statement.index] !== undefined) return undefined;
  if (letIn(subject, statement, "all") !== undefined) return undefined;
  const outweighed = letIn({ ...subject, cores: coresOf(withoutDenials(subject.policy)) }, statement, "all");
  if (outweighed === UNKNOWN) return undefined;
  return outweighed !== undefined
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

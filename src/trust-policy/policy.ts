import * as v from "valibot";
import { suggest } from "../suggest.ts";
import { operators, readOperator } from "./operator.ts";
import type { Path } from "./path.ts";

/** A condition block: operator → condition key → the values as written, always as a list. */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Whom a resource policy is about: `"*"`, or principal type (`AWS`, `Federated`, `Service`) → values. */
export type PrincipalBlock = "*" | Readonly<Record<string, readonly string[]>>;

/**
 * Whether the block names everybody: `{"AWS": "*"}` says the same as `"*"`, and not only of callers that AWS knows.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html "All principals"
 */
export function namesEverybody(block: PrincipalBlock | undefined): boolean {
  return block === "*" || block?.["AWS"]?.includes("*") === true;
}

/** A statement whose one-or-many fields have been made lists; what was absent is absent. */
export interface Statement {
  sid?: string;
  effect: "Allow" | "Deny";
  /** Only in resource policies (trust policies). */
  principal?: PrincipalBlock;
  notPrincipal?: PrincipalBlock;
  action?: readonly string[];
  notAction?: readonly string[];
  resource?: readonly string[];
  notResource?: readonly string[];
  condition?: ConditionBlock;
}

export interface PolicyDocument {
  version: "2012-10-17" | "2008-10-17";
  id?: string;
  statements: readonly Statement[];
}

/** Not a policy that IAM would take; the message names the place and the rule. */
export class PolicyError extends Error {
  override name = "PolicyError";
}

const elements = [
  "Version",
  "Id",
  "Statement",
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];
const operatorNames = [...operators.keys()]
  .flatMap((name) => ["", "ForAnyValue:", "ForAllValues:"].flatMap((set) => [`${set}${name}`, `${set}${name}IfExists`]))
  .concat("Null");

/** How the message about a name begins that is none of an operator. */
export const NO_OPERATOR = "is not a condition operator";

/** The name that a mistyped one was most likely meant to be, as the end of a message. */
function meant(name: string, known: readonly string[]): string {
  const close = suggest(name, known);
  return close === undefined ? "" : `; ${close} is meant?`;
}

function oneOrMany<Item>(item: v.GenericSchema<unknown, Item>) {
  return v.pipe(
    v.unknown(),
    v.transform((value): unknown[] => (Array.isArray(value) ? value : [value])),
    v.array(item),
  );
}

const text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], "must be text, a number or a boolean"),
  v.transform(String),
);
const strings = v.pipe(oneOrMany(v.string("must be text")), v.minLength(1, "must not be empty"));
const principalRule = 'must be "*" or an object of AWS, Federated, Service or CanonicalUser';
const principal = v.union(
  [
    v.literal("*"),
    v.pipe(
      v.record(v.picklist(["AWS", "Federated", "Service", "CanonicalUser"]), strings),
      v.check((block) => Object.keys(block).length > 0, principalRule),
    ),
  ],
  principalRule,
);
const actions = v.pipe(
  strings,
  v.everyItem((action) => /^(\*|[\w-]+:[\w*?]+)$/.test(action), 'must be "*" or service:action'),
);
const operator = v.pipe(
  v.string(),
  v.check(
    (name) => readOperator(name) !== undefined,
    ({ input }) => `${NO_OPERATOR}${meant(input, operatorNames)}`,
  ),
);
/** Elsewhere a list is an object as well. */
const conditions = v.pipe(
  v.custom<object>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "must be an object",
  ),
  v.record(operator, v.record(v.string(), oneOrMany(text), "must be an object of condition keys")),
);

const statement = v.pipe(
  v.strictObject({
    Sid: v.optional(v.pipe(v.string(), v.regex(/^[0-9A-Za-z]*$/, "must be of letters and digits alone"))),
    Effect: v.picklist(["Allow", "Deny"], "must be Allow or Deny"),
    Principal: v.optional(principal),
    NotPrincipal: v.optional(principal),
    Action: v.optional(actions),
    NotAction: v.optional(actions),
    Resource: v.optional(strings),
    NotResource: v.optional(strings),
    Condition: v.optional(conditions),
  }),
  v.check((s) => (s.Action === undefined) !== (s.NotAction === undefined), "needs either Action or NotAction"),
  v.check((s) => s.Principal === undefined || s.NotPrincipal === undefined, "has both Principal and NotPrincipal"),
  v.check((s) => s.Resource === undefined || s.NotResource === undefined, "has both Resource and NotResource"),
  v.transform((s): Statement => ({
    ...(s.Sid !== undefined && { sid: s.Sid }),
    effect: s.Effect,
    ...(s.Principal && { principal: s.Principal }),
    ...(s.NotPrincipal && { notPrincipal: s.NotPrincipal }),
    ...(s.Action && { action: s.Action }),
    ...(s.NotAction && { notAction: s.NotAction }),
    ...(s.Resource && { resource: s.Resource }),
    ...(s.NotResource && { notResource: s.NotResource }),
    ...(s.Condition && { condition: s.Condition }),
  })),
);

const document = v.pipe(
  v.strictObject({
    Version: v.optional(v.picklist(["2012-10-17", "2008-10-17"], "must be 2012-10-17 or 2008-10-17"), "2008-10-17"),
    Id: v.optional(v.string()),
    Statement: v.pipe(oneOrMany(statement), v.minLength(1, "must not be empty")),
  }),
  v.transform((d): PolicyDocument => ({
    version: d.Version,
    ...(d.Id !== undefined && { id: d.Id }),
    statements: d.Statement,
  })),
);

/** One thing that IAM would not take. */
export interface PolicyProblem {
  path: Path;
  /** The rule that is broken, to be read after the place: "must be Allow or Deny". */
  message: string;
}

export type PolicyReading = { policy: PolicyDocument } | { problems: readonly PolicyProblem[] };

/**
 * Reads a policy document as IAM does: unknown elements are errors, one value counts as a list of one, and Version
 * defaults to 2008-10-17, in which there are no policy variables.
 *
 * @param value The document after JSON or YAML parsing.
 * @returns the policy, or everything that is wrong with it
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function readPolicy(value: unknown): PolicyReading {
  const odd = oddNames(value, []);
  if (odd.length > 0) return { problems: odd.map((path) => ({ path, message: "is no name that a policy has" })) };
  const result = v.safeParse(document, value);
  if (result.success) return { policy: result.output };
  return { problems: result.issues.map((issue) => ({ path: pathOf(issue), message: messageOf(issue) })) };
}

/**
 * The same where the first fault is enough.
 * @throws PolicyError naming the path of the first fault.
 */
export function parsePolicy(value: unknown): PolicyDocument {
  const reading = readPolicy(value);
  if ("policy" in reading) return reading.policy;
  const [problem] = reading.problems;
  throw new PolicyError(`${problem?.path.join(".") || "policy"}: ${problem?.message ?? "is not a policy"}`);
}

/** As deep as the values of a condition are. */
const MAX_DEPTH = 7;

/** Names that every object has by itself: schemas take them for known, or drop what stands under them, as a condition of `constructor`. */
function oddNames(value: unknown, path: Path): Path[] {
  if (typeof value !== "object" || value === null || path.length === MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(name) : name];
    return name in Object.prototype || name === "prototype" ? [at] : oddNames(inner, at);
  });
}

function pathOf(issue: v.BaseIssue<unknown>): Path {
  return (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
}

function messageOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type !== "strict_object") return issue.message;
  if (issue.expected === "never") return `is no element of a policy${meant(issue.received.slice(1, -1), elements)}`;
  return issue.expected === "Object" ? "must be an object" : "is missing";
}

/** The document in IAM's own form: what `parsePolicy` reads back to the same value. */
export function formatPolicy(policy: PolicyDocument): Record<string, unknown> {
  return {
    Version: policy.version,
    Id: policy.id,
    Statement: policy.statements.map((s) => ({
      Sid: s.sid,
      Effect: s.effect,
      Principal: formatLists(s.principal),
      NotPrincipal: formatLists(s.notPrincipal),
      Action: single(s.action),
      NotAction: single(s.notAction),
      Resource: single(s.resource),
      NotResource: single(s.notResource),
      Condition:
        s.condition && Object.fromEntries(Object.entries(s.condition).map(([name, keys]) => [name, formatLists(keys)])),
    })),
  };
}

function single(list: readonly string[] | undefined): string | readonly string[] | undefined {
  return list?.length === 1 ? list[0] : list;
}

function formatLists(block: PrincipalBlock | undefined): unknown {
  if (block === undefined || block === "*") return block;
  return Object.fromEntries(Object.entries(block).map(([key, list]) => [key, single(list)]));
}

import type { Context } from "../../trust-policy/condition.ts";
import { checkConstraints } from "./constraint.ts";
import { AwsError } from "./error-response.ts";
import type { Session } from "./sessions.ts";

/** Tags of a session, by key. */
export interface SessionTags {
  tags: Readonly<Record<string, string>>;
  /** Of these the keys that go on to sessions of roles that are assumed by this one. */
  transitive: readonly string[];
}

export const noTags: SessionTags = { tags: {}, transitive: [] };

/** As in the STS service model. */
const characters = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]";
const constraints = {
  key: { required: true, length: [1, 128], pattern: `${characters}+` },
  value: { required: true, length: [0, 256], pattern: `${characters}*` },
} as const;
const most = 50;

/**
 * The tags that a call passes.
 *
 * @throws AwsError ValidationError, InvalidParameterValue (400).
 */
export function readTags(parameters: URLSearchParams): SessionTags {
  const pairs = membersOf(parameters, /^Tags\.member\.(\d+)\.Key$/).map(([number, key]) => {
    const value = parameters.get(`Tags.member.${number}.Value`) ?? undefined;
    checkConstraints({ key, value }, constraints);
    if (/^aws:/i.test(key)) throw refusal(`Tag keys may not start with 'aws:': ${key}`);
    return [key, value ?? ""] as const;
  });
  const transitive = membersOf(parameters, /^TransitiveTagKeys\.member\.(\d+)$/).map(([, key]) => key);
  if (pairs.length > most || transitive.length > most) {
    const rule = `Member must have length less than or equal to ${most}`;
    throw new AwsError(400, "ValidationError", `1 validation error detected: 'tags' failed to satisfy: ${rule}`);
  }
  const keys = new Set(pairs.map(([key]) => key.toLowerCase()));
  if (keys.size < pairs.length) {
    throw refusal("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  }
  const stray = transitive.find((key) => !keys.has(key.toLowerCase()));
  if (stray !== undefined) throw refusal(`The transitive tag key ${stray} is not among the tags of the request.`);
  return { tags: Object.fromEntries(pairs), transitive };
}

function membersOf(parameters: URLSearchParams, name: RegExp): [number: string, value: string][] {
  return [...parameters].flatMap(([parameter, value]) => {
    const number = name.exec(parameter)?.[1];
    return number === undefined ? [] : [[number, value]];
  });
}

function refusal(message: string): AwsError {
  return new AwsError(400, "InvalidParameterValue", message);
}

/** What a session hands on to those of the roles that it assumes. */
export function inheritedTags({ tags, transitive }: SessionTags): SessionTags {
  const kept = Object.entries(tags).filter(([key]) => transitive.includes(key));
  return { tags: Object.fromEntries(kept), transitive };
}

/**
 * Inherited tags with those of the call. What is inherited stays as it is.
 *
 * @throws AwsError InvalidParameterValue (400) for a call that sets an inherited tag.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
export function joinTags(inherited: SessionTags, passed: SessionTags): SessionTags {
  const taken = new Set(Object.keys(inherited.tags).map((key) => key.toLowerCase()));
  if (Object.keys(passed.tags).some((key) => taken.has(key.toLowerCase()))) {
    throw refusal(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  return {
    tags: { ...inherited.tags, ...passed.tags },
    transitive: [...inherited.transitive, ...passed.transitive],
  };
}

/** The keys of a trust policy that come from the tags of the call; what it inherits is there as the caller's own. */
export function requestTagContext({ tags, transitive }: SessionTags): Context {
  return {
    ...tagContext("aws:RequestTag", tags),
    "aws:TagKeys": Object.keys(tags),
    "sts:TransitiveTagKeys": transitive,
  };
}

/** The keys that a session's tags bring into every policy decision. */
export function principalTagContext({ sessionTags }: Session): Context {
  return tagContext("aws:PrincipalTag", sessionTags.tags);
}

function tagContext(name: string, tags: SessionTags["tags"]): Context {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${name}/${key}`, [value]]));
}

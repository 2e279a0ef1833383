import { parsePolicy, type PolicyDocument, PolicyError } from "../../trust-policy/policy.ts";
import type { Role } from "../definition.ts";
import type { Account, Call } from "./call.ts";
import { assumedRoleId, roleArn, sessionArn } from "./caller.ts";
import { checkConstraints, type Constraint } from "./constraint.ts";
import { AwsError } from "./error-response.ts";
import { managedPolicies } from "./managed-policy.ts";
import type { Grant } from "./sessions.ts";
import type { XmlTree } from "./xml.ts";

/** The parameters that AssumeRole and AssumeRoleWithWebIdentity have in common. */
export interface SessionRequest {
  roleArn: string;
  name: string;
  durationSeconds: number;
  policies: readonly PolicyDocument[] | undefined;
  /** Share of the space for session policies that is taken, in percent; `undefined` without session policies. */
  packedPolicySize: number | undefined;
}

/** Limits as in the STS service model. */
const constraints = {
  RoleArn: {
    required: true,
    length: [20, 2048],
    pattern: "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]+",
  },
  RoleSessionName: { required: true, length: [2, 64], pattern: "[\\w+=,.@-]*" },
  DurationSeconds: { range: [900, 43200] },
  Policy: { length: [1, 2048] },
} satisfies Record<string, Constraint>;

/**
 * Reads and checks the common parameters and those of `more`.
 *
 * @throws AwsError ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge (400).
 */
export function readSessionRequest(call: Call, more: Readonly<Record<string, Constraint>>): SessionRequest {
  const { parameters } = call;
  const all = { ...constraints, ...more };
  const values = Object.fromEntries(Object.keys(all).map((name) => [name, parameters.get(name) ?? undefined]));
  const duration = values["DurationSeconds"];
  if (duration !== undefined && !/^-?\d+$/.test(duration)) {
    throw new AwsError(400, "MalformedInput", "Could not read DurationSeconds as an integer");
  }
  checkConstraints(values, all);
  const arn = values["RoleArn"] ?? "";
  if (!/^arn:[\w-]+:iam::\d{12}:role\/.+$/.test(arn)) throw new AwsError(400, "ValidationError", `${arn} is invalid`);
  const arns = readPolicyArns(parameters);
  const policy = values["Policy"];
  return {
    roleArn: arn,
    name: values["RoleSessionName"] ?? "",
    durationSeconds: duration === undefined ? 3600 : Number(duration),
    packedPolicySize: packedSize(policy, arns),
    policies: sessionPolicies(policy, arns),
  };
}

function readPolicyArns(parameters: URLSearchParams): string[] {
  const arns = [...parameters].flatMap(([name, value]) => (/^PolicyArns\.member\.\d+\.arn$/.test(name) ? [value] : []));
  if (arns.length > 10) {
    const rule = "Member must have length less than or equal to 10";
    const message = `1 validation error detected: Value at 'policyArns' failed to satisfy constraint: ${rule}`;
    throw new AwsError(400, "ValidationError", message);
  }
  for (const arn of arns) checkConstraints({ arn }, { arn: { length: [20, 2048] } });
  return arns;
}

/** AWS packs session policies into a space it does not publish; the plain text's 2048 characters stand for it here. */
function packedSize(policy: string | undefined, arns: readonly string[]): number | undefined {
  if (policy === undefined && arns.length === 0) return undefined;
  const size = Math.ceil(((policy ?? "").length + arns.join("").length) / 20.48);
  if (size <= 100) return size;
  const message = `Packed policy consumes ${size}% of allotted space, please use smaller policy.`;
  throw new AwsError(400, "PackedPolicyTooLarge", message);
}

function sessionPolicies(policy: string | undefined, arns: readonly string[]): PolicyDocument[] | undefined {
  if (policy === undefined && arns.length === 0) return undefined;
  const managed = arns.map((arn) => {
    const document = managedPolicies.get(arn);
    if (!document) throw new AwsError(400, "ValidationError", `Policy ${arn} does not exist or is not attachable`);
    return document;
  });
  return policy === undefined ? managed : [readInlinePolicy(policy), ...managed];
}

function readInlinePolicy(text: string): PolicyDocument {
  try {
    const document = parsePolicy(JSON.parse(text));
    if (document.statements.some((s) => s.principal ?? s.notPrincipal)) {
      throw new PolicyError("a session policy has no principal");
    }
    return document;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new AwsError(400, "MalformedPolicyDocument", "The policy is not in the valid JSON format.");
    if (error instanceof PolicyError)
      throw new AwsError(400, "MalformedPolicyDocument", `Syntax errors in policy: ${error.message}`);
    throw error;
  }
}

export function findRole({ definition }: Account, arn: string): Role | undefined {
  return definition.roles.find((role) => roleArn(role, definition.accountId) === arn);
}

/** @throws AwsError ValidationError (400) when the role does not let a session live that long. */
export function checkDuration(role: Role, durationSeconds: number): void {
  if (durationSeconds <= role.maxSessionDuration) return;
  const message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
  throw new AwsError(400, "ValidationError", message);
}

/** Opens the session and renders the part of the result that both operations share. */
export function openSession(account: Account, call: Call, grant: Grant): XmlTree {
  const session = account.sessions.issue(grant);
  call.issued = session;
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(session.expiration).toISOString().replace(".000Z", "Z"),
    },
    AssumedRoleUser: { AssumedRoleId: assumedRoleId(session), Arn: sessionArn(session, account.definition.accountId) },
  };
}

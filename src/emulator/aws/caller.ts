import { createHash } from "node:crypto";
import type { Context } from "../../trust-policy/condition.ts";
import type { Role, User } from "../definition.ts";
import { principalTagContext } from "./session-tags.ts";
import type { Session } from "./sessions.ts";

/** Who makes a call: a signing key's owner, or, for AssumeRoleWithWebIdentity, the subject of a verified token. */
export type Caller =
  | { type: "user"; user: User; accountId: string }
  | { type: "session"; session: Session; accountId: string }
  | { type: "web identity"; provider: string; subject: string; audience: string };

export type SignedCaller = Exclude<Caller, { type: "web identity" }>;

/** The ARN that error messages and GetCallerIdentity show. */
export function callerArn(caller: SignedCaller): string {
  return caller.type === "user"
    ? `arn:aws:iam::${caller.accountId}:user/${caller.user.name}`
    : sessionArn(caller.session, caller.accountId);
}

/** `aws:userid`. */
export function callerUserId(caller: SignedCaller): string {
  return caller.type === "user" ? uniqueId("AIDA", caller.user.name) : assumedRoleId(caller.session);
}

/** The keys that a caller brings into every policy decision; for a session `aws:PrincipalArn` is the role's. */
export function callerContext(caller: SignedCaller): Context {
  const common = {
    "aws:PrincipalAccount": [caller.accountId],
    "aws:userid": [callerUserId(caller)],
  };
  if (caller.type === "user") {
    const name = [caller.user.name];
    return { ...common, "aws:PrincipalArn": [callerArn(caller)], "aws:PrincipalType": ["User"], "aws:username": name };
  }
  const { session, accountId } = caller;
  return {
    ...common,
    ...session.context,
    ...principalTagContext(session),
    "aws:PrincipalArn": [roleArn(session.role, accountId)],
    "aws:PrincipalType": ["AssumedRole"],
    "aws:TokenIssueTime": [new Date(session.created).toISOString()],
    "aws:FederatedProvider": session.federatedProvider === undefined ? [] : [session.federatedProvider],
    "aws:SourceIdentity": session.sourceIdentity === undefined ? [] : [session.sourceIdentity],
  };
}

export function roleArn(role: Role, accountId: string): string {
  return `arn:aws:iam::${accountId}:role${role.path}${role.name}`;
}

export function sessionArn(session: Pick<Session, "role" | "name">, accountId: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${session.role.name}/${session.name}`;
}

export function assumedRoleId(session: Pick<Session, "role" | "name">): string {
  return `${roleId(session.role)}:${session.name}`;
}

export function roleId(role: Role): string {
  return uniqueId("AROA", role.name);
}

/** Stable over restarts: 21 characters made from the name, with the prefix that tells AWS's kinds of identity apart. */
function uniqueId(prefix: string, name: string): string {
  const digest = createHash("sha256")
    .update(prefix + name)
    .digest();
  return prefix + Array.from(digest.subarray(0, 17), (byte) => (byte % 36).toString(36).toUpperCase()).join("");
}

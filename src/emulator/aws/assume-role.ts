import { evaluate, type Evaluation } from "../../trust-policy/evaluate.ts";
import type { PolicyDocument } from "../../trust-policy/policy.ts";
import { permission } from "./authorize.ts";
import { type Account, type Call, requestContext, signedCaller } from "./call.ts";
import { callerArn, callerContext, type SignedCaller } from "./caller.ts";
import { AwsError } from "./error-response.ts";
import { checkDuration, findRole, openSession, readSessionRequest } from "./session-request.ts";
import { inheritedTags, joinTags, noTags, readTags, requestTagContext } from "./session-tags.ts";
import type { XmlTree } from "./xml.ts";

/** Parameters of the real call that change what the session may do, and that the emulator would otherwise drop. */
const unsupported = /^ProvidedContexts\.member\.|^(SerialNumber|TokenCode)$/;

/**
 * A second role, by the credentials of a user or of a first role's session (chaining, at most one hour).
 *
 * @throws AwsError ValidationError, InvalidParameterValue, MalformedPolicyDocument, PackedPolicyTooLarge (400),
 *   AccessDenied (403), NotImplemented (501) for contexts and MFA.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function assumeRole(account: Account, call: Call): XmlTree {
  const caller = signedCaller(call);
  const asked = readSessionRequest(call, {
    ExternalId: { length: [2, 1224], pattern: "[\\w+=,.@:\\/-]*" },
    SourceIdentity: { length: [2, 64], pattern: "[\\w+=,.@-]*" },
  });
  const dropped = [...call.parameters.keys()].find((name) => unsupported.test(name));
  if (dropped !== undefined) throw new AwsError(501, "NotImplemented", `${dropped} is not emulated`);
  const externalId = call.parameters.get("ExternalId");
  const passed = readTags(call.parameters);
  const first = caller.type === "session" ? caller.session : undefined;
  const sourceIdentity = call.parameters.get("SourceIdentity") ?? first?.sourceIdentity;
  const sessionTags = joinTags(inheritedTags(first?.sessionTags ?? noTags), passed);
  const tags = Object.entries(passed.tags).map(([key, value]) => ({ key, value }));
  call.roleArn = asked.roleArn;
  call.requestParameters = {
    roleArn: asked.roleArn,
    roleSessionName: asked.name,
    durationSeconds: asked.durationSeconds,
    ...(externalId !== null && { externalId }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(tags.length > 0 && { tags, transitiveTagKeys: passed.transitive }),
  };

  const role = findRole(account, asked.roleArn);
  const context = {
    ...requestContext(account, call),
    ...callerContext(caller),
    "sts:RoleSessionName": [asked.name],
    "sts:ExternalId": externalId === null ? [] : [externalId],
    "sts:SourceIdentity": sourceIdentity === undefined ? [] : [sourceIdentity],
    ...requestTagContext(passed),
  };
  // Also for what a first session hands on: a role may refuse to be assumed with it.
  const actions = [
    "sts:AssumeRole",
    ...(sourceIdentity === undefined ? [] : ["sts:SetSourceIdentity"]),
    ...(Object.keys(sessionTags.tags).length === 0 ? [] : ["sts:TagSession"]),
  ];
  for (const action of actions) {
    const principal = { type: "AWS", value: callerArn(caller) } as const;
    const trust = role && evaluate([role.trustPolicy], { action, principal, context });
    const own = permission(account, call, caller, { action, resource: asked.roleArn });
    const named = role && trust && namesCaller(role.trustPolicy, trust, caller);
    if (trust?.decision !== "allowed" || own.explicit || (!own.allowed && !named)) {
      const message = `User: ${callerArn(caller)} is not authorized to perform: ${action} on resource: ${asked.roleArn}`;
      throw new AwsError(403, "AccessDenied", message);
    }
  }
  if (first?.sourceIdentity !== undefined && sourceIdentity !== first.sourceIdentity) {
    throw new AwsError(403, "AccessDenied", "The source identity of the calling session cannot be changed");
  }
  if (!role) throw new AwsError(403, "AccessDenied", "Not authorized to perform sts:AssumeRole");
  if (caller.type === "session" && asked.durationSeconds > 3600) {
    const message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
    throw new AwsError(400, "ValidationError", message);
  }
  checkDuration(role, asked.durationSeconds);

  const { name, durationSeconds, policies, packedPolicySize } = asked;
  const inherited = sourceIdentity === undefined ? {} : { sourceIdentity };
  return {
    ...openSession(account, call, { role, name, durationSeconds, policies, context: {}, sessionTags, ...inherited }),
    PackedPolicySize: packedPolicySize,
    SourceIdentity: sourceIdentity,
  };
}

/**
 * In one account a trust policy that names the caller itself suffices; one that names the account leaves the decision to
 * the caller's own policies.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
function namesCaller(policy: PolicyDocument, trust: Evaluation, caller: SignedCaller): boolean {
  const self = new Set([callerArn(caller), ...(callerContext(caller)["aws:PrincipalArn"] ?? [])]);
  return trust.statements.some(({ matched, effect, statement }) => {
    const principal = policy.statements[statement]?.principal;
    if (!matched || effect !== "Allow" || principal === undefined || principal === "*") return false;
    return principal["AWS"]?.some((value) => self.has(value)) ?? false;
  });
}

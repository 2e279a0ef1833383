import { evaluate } from "../../trust-policy/evaluate.ts";
import { type Account, type Call, requestContext } from "./call.ts";
import { callerArn, callerContext, type SignedCaller } from "./caller.ts";
import { AwsError } from "./error-response.ts";

export interface Permission {
  allowed: boolean;
  /** A Deny statement matched, as against nothing having allowed. */
  explicit: boolean;
  /** The end of AWS's message: why not. */
  because: string;
}

/** Whether the caller's own policies allow the action: those of user or role, and a session's own policies as well. */
export function permission(
  account: Account,
  call: Call,
  caller: SignedCaller,
  request: { action: string; resource: string },
): Permission {
  const context = { ...requestContext(account, call), ...callerContext(caller) };
  const layers =
    caller.type === "user"
      ? [{ kind: "identity-based", policies: caller.user.permissions }]
      : [
          { kind: "identity-based", policies: caller.session.role.permissions },
          ...(caller.session.policies ? [{ kind: "session", policies: caller.session.policies }] : []),
        ];
  const results = layers.map(({ kind, policies }) => {
    const { decision, reason } = evaluate(policies, { ...request, context });
    return { kind, decision, reason };
  });
  const refused =
    results.find(({ reason }) => reason === "explicit deny") ?? results.find(({ decision }) => decision === "denied");
  if (!refused) return { allowed: true, explicit: false, because: "" };
  const explicit = refused.reason === "explicit deny";
  const because = explicit
    ? `with an explicit deny in ${refused.kind === "session" ? "a session" : "an identity-based"} policy`
    : `because no ${refused.kind} policy allows the ${request.action} action`;
  return { allowed: false, explicit, because };
}

/**
 * @param shown What the message calls the resource; S3 leaves it out when a call is about the whole account.
 * @throws AwsError AccessDenied (403) in AWS's words.
 */
export function authorize(
  account: Account,
  call: Call,
  caller: SignedCaller,
  request: { action: string; resource: string; shown?: string },
): void {
  const { allowed, because } = permission(account, call, caller, request);
  if (allowed) return;
  const resource = request.shown === undefined ? "" : ` on resource: ${request.shown}`;
  throw new AwsError(
    403,
    "AccessDenied",
    `User: ${callerArn(caller)} is not authorized to perform: ${request.action}${resource} ${because}`,
  );
}

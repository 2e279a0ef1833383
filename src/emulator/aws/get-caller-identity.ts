import { type Account, type Call, signedCaller } from "./call.ts";
import { callerArn, callerUserId } from "./caller.ts";
import type { XmlTree } from "./xml.ts";

/** Needs no permission, and works even where a policy denies it: the answer tells callers only what they know. */
export function getCallerIdentity({ definition }: Account, call: Call): XmlTree {
  const caller = signedCaller(call);
  return { Arn: callerArn(caller), UserId: callerUserId(caller), Account: definition.accountId };
}

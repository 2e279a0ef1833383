import { authorize } from "./authorize.ts";
import { type Account, type Call, signedCaller } from "./call.ts";
import type { XmlTree } from "./xml.ts";
import { sha256 } from "./sigv4.ts";

/** @throws AwsError AccessDenied (403) without s3:ListAllMyBuckets. */
export function listBuckets(account: Account, call: Call): XmlTree {
  const caller = signedCaller(call);
  call.requestParameters = { Host: call.request.headers["host"] ?? "" };
  // Policies grant this action on `*` or on every bucket.
  authorize(account, call, caller, { action: "s3:ListAllMyBuckets", resource: "arn:aws:s3:::*" });
  const { accountId, buckets } = account.definition;
  return {
    Owner: { ID: sha256(accountId) },
    Buckets: { Bucket: buckets.map((name) => ({ Name: name, CreationDate: "2024-01-01T00:00:00.000Z" })) },
  };
}

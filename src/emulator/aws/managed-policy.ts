import { parsePolicy, type PolicyDocument } from "../../trust-policy/policy.ts";

function allow(...actions: string[]): PolicyDocument {
  const statement = { Effect: "Allow", Action: actions, Resource: "*" };
  return parsePolicy({ Version: "2012-10-17", Statement: statement });
}

/** The AWS managed policies that a call can name in PolicyArns, as far as they bear on what is emulated. */
export const managedPolicies: ReadonlyMap<string, PolicyDocument> = new Map([
  ["arn:aws:iam::aws:policy/AdministratorAccess", allow("*")],
  ["arn:aws:iam::aws:policy/AmazonS3FullAccess", allow("s3:*")],
  ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", allow("s3:Get*", "s3:List*", "s3:Describe*")],
  ["arn:aws:iam::aws:policy/IAMReadOnlyAccess", allow("iam:Get*", "iam:List*")],
]);

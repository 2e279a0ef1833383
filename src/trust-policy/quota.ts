/**
 * Characters of a role's trust policy that IAM takes unless the account's quota was raised, and the most that it is raised to.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const TRUST_POLICY_QUOTA = { usual: 2048, most: 4096 };

/** Characters of a policy's JSON as the quota counts them: white space is left out. */
export function policySize(json: string): number {
  return json.replace(/\s/g, "").length;
}

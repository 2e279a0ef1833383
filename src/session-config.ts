/** Session policies: the credentials may do what the role may, and these too allow. */
export interface SessionPolicies {
  /** JSON; empty where there is none. */
  policy: string;
  arns: readonly string[];
}

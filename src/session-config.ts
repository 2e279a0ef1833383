/** Session policies: the credentials may do what the role may, and these too allow. */
export interface SessionPolicies {
  /** JSON; empty where there is none. */
  policy: string;
  arns: readonly string[];
}

/** Role chaining: how to come from the role that Google's token is for to the one that is wanted. */
export interface RoleChain {
  /** The roles before that one, in order: the first by the token, each next one by the one before. */
  via: readonly string[];
  /** Of the trust policies of roles that are assumed by another; empty where there is none. */
  externalId: string;
  /** A template over the token's claims, see sts/session-name.ts; empty where there is none. */
  sourceIdentity: string;
  tags: readonly SessionTag[];
  /** The keys of those tags that stay with all sessions after the first that gets them. */
  transitiveTags: readonly string[];
}

export interface SessionTag {
  key: string;
  value: string;
}

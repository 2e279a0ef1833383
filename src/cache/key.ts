import type { Authorities } from "../network-config.ts";
import type { RoleChain, SessionPolicies } from "../session-config.ts";
import type { SourceConfig } from "../source-config.ts";

import type { StsConfig } from "../sts-config.ts";

/** Of the entries' format: an entry of another version is never found, let alone read. */
export const FORMAT_VERSION = 1;

/** Everything that changes the answer. A test holds it to the configuration: a new setting cannot be forgotten here. */
export interface Answer {
  roleArn: string;
  audience: string;
  /** Where the identity token comes from. */
  source: SourceConfig;
  roleSessionName: string;
  durationSeconds: number | undefined;
  longest: boolean;
  sessionPolicies: SessionPolicies;
  chain: RoleChain;
  sts: StsConfig;
  /** Whether STS is believed is part of what is remembered. */
  authorities: Authorities;
}

/**
 * The name of the entry for an answer: a hash over all of it.
 * @param bootId the running system's: a VM's service account can change while it is stopped, and a disk may wake up in
 *   another machine. Empty where the system has none.
 * @param sha256 hex of the text's hash
 */
export function cacheKey(answer: Answer, bootId: string, sha256: (text: string) => string): string {
  const parts = [
    String(FORMAT_VERSION),
    bootId,
    answer.roleArn,
    answer.audience,
    JSON.stringify(answer.source),
    answer.roleSessionName,
    String(answer.durationSeconds),
    String(answer.longest),
    JSON.stringify(answer.sessionPolicies),
    JSON.stringify(answer.chain),
    JSON.stringify(answer.sts),
    JSON.stringify(answer.authorities),
  ];
  return `gcp2aws-${sha256(JSON.stringify(parts)).slice(0, 32)}`;
}

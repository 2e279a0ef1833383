// gcp2aws/trust-policy: what a role's trust policy says of a Google identity. Pure: no clock, no disk, no network.
export type { ConditionResult, Context } from "./condition.ts";
export {
  evaluateTrustPolicy,
  type PartResult,
  type TrustEvaluation,
  type TrustRequest,
  type TrustStatement,
} from "./evaluate-trust-policy.ts";
export { type ChainLink, type TrustedIdentity, trustGoogle, trustProvider, trustRole } from "./generate.ts";
export { locate, type JsonText, type Place } from "./json-text.ts";
export { formatPath, type Path } from "./path.ts";
export { type Finding, lintTrustPolicy } from "./lint/lint.ts";
export type { Severity } from "./lint/rule.ts";
export {
  type ConditionBlock,
  formatPolicy,
  type PolicyDocument,
  type PolicyProblem,
  type PolicyReading,
  type PrincipalBlock,
  type Statement,
} from "./policy.ts";
export { readTrustPolicy, readTrustPolicyText, type TrustPolicyText } from "./read-trust-policy.ts";
export { undeterminedKeys } from "./undetermined.ts";
export { readClaims, type TokenClaims } from "./web-identity.ts";

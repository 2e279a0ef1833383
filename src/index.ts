export type { Credentials } from "./credentials.ts";
export { type ErrorClass, type ErrorCode, errorClasses, exitStatus, Gcp2awsError } from "./errors.ts";
export { fromGoogleIdentity, type GoogleIdentityOptions } from "./from-google-identity.ts";

export type { Credentials } from "./credentials.ts";
export { type ErrorClass, type ErrorCode, errorClasses, exitStatus, Gcp2awsError } from "./errors.ts";

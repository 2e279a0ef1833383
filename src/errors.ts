/**
 * What a caller can do about a failure decides its class, and each class has one exit status:
 * `usage` mend the command line, `identity` there is no Google identity to show, `denied` AWS said no and will say so
 * again, `unavailable` try again later, `local` this machine is at fault, `policy` a policy is, `internal` a defect of gcp2aws.
 */
export type ErrorClass = "usage" | "identity" | "denied" | "unavailable" | "local" | "policy" | "internal";

export const exitStatus: Readonly<Record<ErrorClass, number>> = {
  internal: 1,
  usage: 2,
  identity: 3,
  denied: 4,
  unavailable: 5,
  local: 6,
  policy: 7,
};

/** Every code there is, named by the step that failed. Codes are stable: they are never renamed or reused. */
export type ErrorCode =
  | "USAGE_UNKNOWN_COMMAND"
  | "USAGE_UNKNOWN_FLAG"
  | "USAGE_MISSING_FLAG"
  | "USAGE_INVALID_VALUE"
  | "USAGE_MISSING_CLAIM"
  | "USAGE_POLICY_SIZE"
  | "IDENTITY_UNREACHABLE"
  | "IDENTITY_TIMEOUT"
  | "IDENTITY_NOT_GOOGLE"
  | "IDENTITY_REFUSED"
  | "IDENTITY_NOT_FOUND"
  | "IDENTITY_UNAVAILABLE"
  | "IDENTITY_BAD_TOKEN"
  | "IDENTITY_COMMAND"
  | "STS_ACCESS_DENIED"
  | "STS_TOKEN_REJECTED"
  | "STS_TOKEN_EXPIRED"
  | "STS_REQUEST_REJECTED"
  | "STS_REGION_DISABLED"
  | "STS_UNREACHABLE"
  | "STS_TLS"
  | "STS_TIMEOUT"
  | "STS_THROTTLED"
  | "STS_UNAVAILABLE"
  | "STS_IDP_UNREACHABLE"
  | "STS_BAD_RESPONSE"
  | "LOCAL_CACHE"
  | "LOCAL_CLOCK"
  | "LOCAL_OUTPUT"
  | "LOCAL_FILE"
  | "LOCAL_AWS_FILE"
  | "LOCAL_SHADOWED"
  | "LOCAL_PORT"
  | "LOCAL_COMMAND"
  | "LOCAL_PACKAGE"
  | "POLICY_DENIED"
  | "POLICY_INVALID"
  | "POLICY_FINDINGS"
  | "POLICY_UNDETERMINED"
  | "INTERNAL";

export const errorClasses: Readonly<Record<ErrorCode, ErrorClass>> = {
  USAGE_UNKNOWN_COMMAND: "usage",
  USAGE_UNKNOWN_FLAG: "usage",
  USAGE_MISSING_FLAG: "usage",
  USAGE_INVALID_VALUE: "usage",
  USAGE_MISSING_CLAIM: "usage",
  USAGE_POLICY_SIZE: "usage",

  IDENTITY_UNREACHABLE: "identity",
  IDENTITY_TIMEOUT: "identity",
  IDENTITY_NOT_GOOGLE: "identity",
  IDENTITY_REFUSED: "identity",
  IDENTITY_NOT_FOUND: "identity",
  IDENTITY_UNAVAILABLE: "identity",
  IDENTITY_BAD_TOKEN: "identity",
  IDENTITY_COMMAND: "identity",

  STS_ACCESS_DENIED: "denied",
  STS_TOKEN_REJECTED: "denied",
  STS_TOKEN_EXPIRED: "denied",
  STS_REQUEST_REJECTED: "denied",
  STS_REGION_DISABLED: "denied",

  STS_UNREACHABLE: "unavailable",
  STS_TLS: "unavailable",
  STS_TIMEOUT: "unavailable",
  STS_THROTTLED: "unavailable",
  STS_UNAVAILABLE: "unavailable",
  STS_IDP_UNREACHABLE: "unavailable",
  STS_BAD_RESPONSE: "unavailable",

  LOCAL_CACHE: "local",
  LOCAL_CLOCK: "local",
  LOCAL_OUTPUT: "local",
  LOCAL_FILE: "local",
  LOCAL_AWS_FILE: "local",
  LOCAL_SHADOWED: "local",
  LOCAL_PORT: "local",
  LOCAL_COMMAND: "local",
  LOCAL_PACKAGE: "local",

  POLICY_DENIED: "denied",
  POLICY_INVALID: "policy",
  POLICY_FINDINGS: "policy",
  POLICY_UNDETERMINED: "policy",

  INTERNAL: "internal",
};

const notOnGoogle: ReadonlySet<string> = new Set(["IDENTITY_UNREACHABLE", "IDENTITY_TIMEOUT", "IDENTITY_NOT_GOOGLE"]);
const statuses: ReadonlyMap<string, number> = new Map(Object.entries(exitStatus));
const classes: ReadonlyMap<string, ErrorClass> = new Map(Object.entries(errorClasses));

/** A code read from a file; undefined when this version does not have it. */
export function asErrorCode(text: string): ErrorCode | undefined {
  return isErrorCode(text) ? text : undefined;
}

function isErrorCode(text: string): text is ErrorCode {
  return classes.has(text);
}

export interface ErrorOptions {
  /** What to do next, one sentence. */
  hint?: string | undefined;
  /** Further lines of evidence, already aligned. */
  details?: readonly string[];
  /** True where the same call may succeed later. */
  retryable?: boolean;
  /** Milliseconds that the service asked to wait (Retry-After). */
  retryAfterMs?: number | undefined;
}

/** The one error that gcp2aws throws on purpose. Its texts never hold a token, a secret key or a session token. */
export class Gcp2awsError extends Error {
  override readonly name = "Gcp2awsError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  /**
   * @param code stable code
   * @param message `<what failed>: <why>`, one line; text from outside goes through {@link printable} first
   */
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message);
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? [];
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }

  get exitStatus(): number {
    return statuses.get(classes.get(this.code) ?? "internal") ?? exitStatus.internal;
  }

  /**
   * For chains of credential providers in the AWS SDK for JavaScript: true where this workload has no Google identity at all,
   * so that another link may have one; false where it has, and something is wrong.
   */
  get tryNextLink(): boolean {
    return notOnGoogle.has(this.code);
  }

  /** The same error with these lines of evidence. */
  withDetails(details: readonly string[]): Gcp2awsError {
    const { code, message, hint, retryable, retryAfterMs } = this;
    return new Gcp2awsError(code, message, { hint, details, retryable, retryAfterMs });
  }
}

/** What was not thrown on purpose: only its kind and place are shown, as its message could repeat anything. */
export function defect(error: unknown): Gcp2awsError {
  const place = error instanceof Error ? /\bat (\S+ )?\(?([^()\s]*:\d+:\d+)/.exec(error.stack ?? "")?.[0] : undefined;
  const kind = error instanceof Error ? error.name : typeof error;
  return new Gcp2awsError("INTERNAL", `defect in gcp2aws: ${kind} ${place ?? ""}`.trim(), {
    hint: "please report this line to the maintainers; it holds no secret",
  });
}

/** The lines that stderr gets: `gcp2aws: <what failed>: <why> [code]`, the evidence, and the hint. */
export function formatError(error: Gcp2awsError): string {
  return format("gcp2aws:", error);
}

/** The same lines for something that did not keep the command from doing what it was asked to. */
export function formatWarning(error: Gcp2awsError): string {
  return format("gcp2aws: warning:", error);
}

function format(prefix: string, error: Gcp2awsError): string {
  const lines = [`${prefix} ${error.message} [${error.code}]`, ...error.details.map((line) => `  ${line}`)];
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  return lines.join("\n") + "\n";
}

/**
 * Text from outside made safe to show: anything that begins like a JWT (`{` in base64url) and any `user:password@` is cut out, control and bidirectional characters
 * (terminal escapes, line breaks) become spaces, and what is longer than `limit` characters is cut.
 */
export function printable(text: string, limit = 300): string {
  const clean = text
    .slice(0, 4_000)
    .replace(/(\bey|eyJ)[\w-]{10,}\.[\w-]{10,}(\.[\w-]*)?/g, "[token]")
    .replace(/(^|\/\/)[^\s/@:]*:[^\s/@]+@/g, "$1[password]@")
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ")
    .trim();
  return clean.length <= limit ? clean : `${clean.slice(0, limit)}…`;
}

/** A value that was refused, in quotes, and what {@link printable} hides of it: without that it could look right. */
export function quoted(value: string): string {
  return `"${printable(value, 100)}"${hidden(value)}`;
}

/** Secret managers and `echo` leave a line break in a variable. */
export const LINE_BREAK = " with a line break at its end";

function hidden(value: string): string {
  if (/[\r\n]$/.test(value)) return LINE_BREAK;
  if (/[\u0000-\u001f\u007f-\u009f]/.test(value)) return " with a control character in it";
  // As copied from pages and documents: soft hyphens, characters without width, marks of direction and of byte order.
  if (/[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/.test(value))
    return " with a character in it that does not show";
  return value === value.trim() ? "" : " with a space at an end";
}

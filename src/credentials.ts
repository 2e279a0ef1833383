/** Temporary AWS credentials, in the field names of the AWS SDKs. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
  accountId: string;
}

/** Credentials that have just been issued. */
export interface Issued {
  credentials: Credentials;
  /** By how many milliseconds this machine's clock is ahead of the one that counts for their expiration. */
  clockAheadMs: number;
}

/** Credentials and the span in which they live, in milliseconds since the epoch by this machine's clock. */
export interface Held {
  credentials: Credentials;
  issuedAt: number;
  /** Their expiration, or earlier where this machine's clock was behind when they were issued. */
  expiresAt: number;
}

/**
 * The duration that held credentials were asked for, where that was whole hours: issue and expiration are by two clocks that are at most
 * minutes apart.
 * @returns seconds; undefined for what no session can have
 */
export function askedSeconds({ credentials, issuedAt }: Held): number | undefined {
  const hours = Math.round((credentials.expiration.getTime() - issuedAt) / 3_600_000);
  return hours >= 1 && hours <= 12 ? hours * 3600 : undefined;
}

/** A clock may be set back by this much without credentials being asked for anew. */
export const CLOCK_STEP_MS = 60_000;

/**
 * Whether credentials may be handed over. Those that were issued in what is now the future may not: the clock was set back,
 * and how long they live is anybody's guess.
 * @param now milliseconds since the epoch
 */
export function lives({ issuedAt, expiresAt }: Held, now: number): boolean {
  return now < expiresAt && now >= issuedAt - CLOCK_STEP_MS;
}

/**
 * `YYYY-MM-DDTHH:MM:SSZ`, UTC, fractions cut: the one form that every SDK's credential_process and IMDS reader takes
 * (botocore's IMDS reader refuses fractions).
 */
export function formatExpiration(expiration: Date): string {
  return `${expiration.toISOString().slice(0, 19)}Z`;
}

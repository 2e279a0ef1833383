import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** A token that nobody guesses: 256 bits. */
export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * Compares with a secret in a time that says nothing about where they differ: byte by byte comparison can be measured over
 * loopback. How long the secret is, is no secret.
 */
export function matcher(secret: string): (given: string) => boolean {
  const wanted = Buffer.from(secret);
  return (given) => {
    const bytes = Buffer.from(given);
    return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
  };
}

/** Tokens that expire and need no memory: their end, and a keyed hash over it. */
export interface Sessions {
  /** @param until milliseconds since the epoch */
  issue: (until: number) => string;
  isValid: (token: string, now: number) => boolean;
}

export function createSessions(): Sessions {
  const key = randomBytes(32);
  const seal = (until: string, nonce: string) =>
    createHmac("sha256", key).update(`${until}.${nonce}`).digest("base64url");
  return {
    issue: (until) => {
      const nonce = randomBytes(12).toString("base64url");
      return `${until}.${nonce}.${seal(String(until), nonce)}`;
    },
    isValid: (token, now) => {
      const [until = "", nonce = "", sealed = "", rest] = token.split(".");
      return (
        rest === undefined && /^\d{1,16}$/.test(until) && matcher(seal(until, nonce))(sealed) && now < Number(until)
      );
    },
  };
}

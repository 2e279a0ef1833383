import { randomBytes } from "node:crypto";
import type { Clock } from "../http.ts";

const LIFETIME_SECONDS = 3599;

/** Who an access token stands for, and what it may be used for. */
export interface Holder {
  /** As IAM policies name it: `serviceAccount:EMAIL`, `user:EMAIL` or `principal://…`. */
  member: string;
  scopes: readonly string[];
}

export interface IssuedAccessToken {
  token: string;
  /** Seconds since the epoch. */
  expiresAt: number;
}

/** The access tokens that Google's side has issued, opaque as the real ones. */
export interface AccessTokens {
  issue: (holder: Holder) => IssuedAccessToken;
  /** The holder of a token that has not ended. */
  find: (token: string) => Holder | undefined;
}

export function createAccessTokens(clock: Clock): AccessTokens {
  const issued = new Map<string, { holder: Holder; expiresAt: number }>();
  const now = () => Math.floor(clock() / 1000);
  return {
    issue: (holder) => {
      const token = `ya29.${randomBytes(96).toString("base64url")}`;
      const expiresAt = now() + LIFETIME_SECONDS;
      issued.set(token, { holder, expiresAt });
      return { token, expiresAt };
    },
    find: (token) => {
      const found = issued.get(token);
      return found !== undefined && now() < found.expiresAt ? found.holder : undefined;
    },
  };
}

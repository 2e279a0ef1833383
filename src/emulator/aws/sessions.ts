import { randomBytes } from "node:crypto";
import type { Context } from "../../trust-policy/condition.ts";
import type { PolicyDocument } from "../../trust-policy/policy.ts";
import type { Role } from "../definition.ts";
import type { Clock } from "../http.ts";
import type { SessionTags } from "./session-tags.ts";

/** What an AssumeRole call settles before there are credentials. */
export interface Grant {
  role: Role;
  /** RoleSessionName. */
  name: string;
  durationSeconds: number;
  /** Session policies: they narrow what the role may do. `undefined` when the call passed none. */
  policies: readonly PolicyDocument[] | undefined;
  /** Condition keys that stay with the session, such as `accounts.google.com:sub`. */
  context: Context;
  /** The web identity provider behind the session, if one is. */
  federatedProvider?: string;
  sourceIdentity?: string;
  sessionTags: SessionTags;
}

export interface Session extends Grant {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** Milliseconds since the epoch. */
  created: number;
  expiration: number;
}

export interface Sessions {
  issue: (grant: Grant) => Session;
  /** Expired sessions are found too: their callers are told that they are late. */
  find: (accessKeyId: string) => Session | undefined;
}

/** The sessions of one emulator, in memory. */
export function createSessions(clock: Clock): Sessions {
  const sessions = new Map<string, Session>();
  return {
    issue: (grant) => {
      // AWS cuts the expiration to the second.
      const created = Math.floor(clock() / 1000) * 1000;
      const session: Session = {
        ...grant,
        accessKeyId: `ASIA${randomId()}`,
        secretAccessKey: randomBytes(30).toString("base64"),
        sessionToken: randomBytes(270).toString("base64"),
        created,
        expiration: created + grant.durationSeconds * 1000,
      };
      sessions.set(session.accessKeyId, session);
      return session;
    },
    find: (accessKeyId) => sessions.get(accessKeyId),
  };
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** 16 characters of the alphabet that AWS uses for key ids. */
export function randomId(): string {
  return Array.from(randomBytes(16), (byte) => alphabet[byte % alphabet.length]).join("");
}

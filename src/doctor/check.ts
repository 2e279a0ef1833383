import type { Config } from "../config.ts";
import type { FlagValues } from "../config/read.ts";
import type { Issued } from "../credentials.ts";
import type { ErrorCode, Gcp2awsError } from "../errors.ts";
import type { Host, UserFiles } from "../host.ts";
import type { JsonObject } from "../json.ts";
import type { Claims } from "../identity-token/claims.ts";
import type { Settled } from "../settle.ts";
import type { Offset } from "./clock-offsets.ts";

export type CheckId =
  | "profile"
  | "flags"
  | "shadows"
  | "cache"
  | "source"
  | "metadata"
  | "account"
  | "token"
  | "endpoint"
  | "clock"
  | "region"
  | "session-name"
  | "exchange"
  | "session"
  | "caller"
  | "kept"
  | "clients";

/** One step on the road from Google to the SDK. */
export interface Check {
  id: CheckId;
  /** For people. */
  title: string;
  /** What must be well before this is worth a look; what follows from another failure is not one of its own. */
  needs: readonly CheckId[];
  /** What is wrong is found, not thrown; a Gcp2awsError that is thrown is a failure all the same. */
  run: (examination: Examination) => Promise<Finding> | Finding;
}

/** `failure` nothing comes of it, `warning` something may, or will one day. */
export type State = "ok" | "warning" | "failure" | "skipped";

export interface Finding {
  state: State;
  /** What was seen, a line each; never a secret. */
  evidence: readonly string[];
  /** Of what is wrong. */
  code?: ErrorCode;
  remedy?: Remedy | undefined;
}

/** What to do, for people; and the same for programs, as far as it is known to the letter. */
export interface Remedy {
  text: string;
  /** Lines for a shell, in this order. */
  commands?: readonly string[];
  /** Flags to give, by name without the dashes; null for one to leave out. */
  flags?: Readonly<Record<string, string | null>>;
  /** What to make of lines of files, counted from 1; null for one to take out. */
  lines?: readonly { file: string; line: number; text: string | null }[];
}

/** What is looked at, what to look with, and what one check leaves for those after it. */
export interface Examination {
  host: Host;
  tools: Tools;
  /** From the command line. */
  given: FlagValues;
  /** Whose credential_process is looked at, in place of the flags. */
  profile: string | undefined;
  /**
   * The text of the role's trust policy, where it was given.
   * @throws Gcp2awsError LOCAL_FILE
   */
  trustPolicy: (() => string) | undefined;
  /** Milliseconds by `host.ticks`. */
  deadline: number;
  /** Offsets of this machine's clock from those that answered. */
  offsets: readonly Offset[];
  /** The header Server of the last answer of an origin. */
  serverOf: (origin: string) => string | undefined;
  learned: Learned;
}

export interface Learned {
  config?: Config;
  settled?: Settled;
  token?: { text: string; values: Claims; claims: JsonObject };
  issued?: Issued;
}

/** What the layers above and the machine bring along. */
export interface Tools {
  user: UserFiles;
  /** @throws Gcp2awsError USAGE_UNKNOWN_FLAG, USAGE_INVALID_VALUE */
  parseFlags: (argv: readonly string[]) => FlagValues | "help";
  /** Adds the flags of the target that is named, if one is. */
  withTarget: (given: FlagValues) => Promise<FlagValues>;
  /** Runs a program without input; undefined where it is not on PATH, or takes longer. */
  runProgram: (
    program: string,
    argv: readonly string[],
    timeoutMs: number,
  ) => Promise<{ stdout: string; stderr: string } | undefined>;
}

export function ok(...evidence: string[]): Finding {
  return { state: "ok", evidence };
}

export function skipped(why: string): Finding {
  return { state: "skipped", evidence: [why] };
}

export function warning(code: ErrorCode, evidence: readonly string[], remedy: Remedy | undefined): Finding {
  return { state: "warning", code, evidence, remedy };
}

export function failure(code: ErrorCode, evidence: readonly string[], remedy: Remedy | undefined): Finding {
  return { state: "failure", code, evidence, remedy };
}

/** An error as a finding; its hint is the remedy unless a better one is known. */
export function failed({ code, message, details, hint }: Gcp2awsError, remedy?: Remedy): Finding {
  return failure(code, [message, ...details], remedy ?? (hint === undefined ? undefined : { text: hint }));
}

/** Half of what is left, so that those after it have some. */
export function share({ host, deadline }: Examination): number {
  const now = host.ticks();
  return now + (deadline - now) / 2;
}

import { editProfile } from "../aws-files/edit.ts";
import { parseAwsFile } from "../aws-files/parse.ts";
import { type Credentials, formatExpiration, type Held } from "../credentials.ts";
import { defect, Gcp2awsError } from "../errors.ts";
import type { Host, UserFiles } from "../host.ts";
import { editFile } from "./edit-file.ts";

/** A profile of the shared credentials file. */
export interface CredentialsProfile {
  path: string;
  profile: string;
  /** Whether it may be one that gcp2aws did not write. */
  takeOver: boolean;
}

/** Says whose the section is; a comment to every SDK. */
const MARK = "# Written by gcp2aws write-credentials: it replaces the keys of this section.";

/**
 * Puts credentials into a profile of the shared credentials file.
 * @returns whether they were not there yet
 * @throws Gcp2awsError LOCAL_FILE, LOCAL_AWS_FILE; the file is then as it was
 */
export async function writeCredentials(
  { accessKeyId, secretAccessKey, sessionToken, expiration }: Credentials,
  { path, profile, takeOver }: CredentialsProfile,
  host: Host,
  user: UserFiles,
): Promise<boolean> {
  const edit = {
    profile,
    takeOver,
    mark: MARK,
    set: [
      ["aws_access_key_id", accessKeyId],
      ["aws_secret_access_key", secretAccessKey],
      ["aws_session_token", sessionToken],
      // No SDK reads an expiration here; people and prompts do, by the name that saml2aws gave it.
      ["x_security_token_expires", formatExpiration(expiration)],
    ],
    // botocore takes it for the session token before aws_session_token.
    remove: ["aws_security_token"],
  } as const;
  const change = (text: string) => editProfile(parseAwsFile(text, "credentials"), edit, path);
  return editFile({ path, change, secret: true }, host, user);
}

/** How late new credentials can be in the file, and how soon a failed write is tried again. */
const LOOK_MS = 10_000;

export interface Watch {
  /** Credentials that live; sees to new ones when they near their end. */
  ask: () => Promise<Held>;
  /** Does nothing where they are there. */
  write: (credentials: Credentials) => Promise<void>;
  /** See host/timers.ts. */
  every: (ms: number, action: () => void) => () => void;
  /** Resolves when it is enough. */
  stopped: Promise<void>;
  warn: (problem: Gcp2awsError) => void;
}

/**
 * Writes credentials, and again whenever there are new ones or somebody has removed them, until it is stopped. Once they have been written the first time, whatever
 * goes wrong is said once, and tried again; what was written stays.
 * @throws Gcp2awsError what keeps it from writing the first time
 */
export async function watch({ ask, write, every, stopped, warn }: Watch): Promise<void> {
  let writing = Promise.resolve();
  const look = async () => {
    const { credentials } = await ask();
    writing = write(credentials);
    await writing;
  };
  let looking: Promise<void> | undefined;
  let said: string | undefined;
  const lookAgain = async () => {
    try {
      await look();
      said = undefined;
    } catch (error) {
      const problem = error instanceof Gcp2awsError ? error : defect(error);
      if (problem.code !== said) warn(problem);
      said = problem.code;
    }
    looking = undefined;
  };

  const first = await Promise.race([look(), stopped.then(() => "stopped" as const)]);
  if (first !== "stopped") {
    const stop = every(LOOK_MS, () => {
      looking ??= lookAgain();
    });
    await stopped;
    stop();
  }
  // What has begun to be written is written; the lock goes with it.
  await writing.catch(() => {});
}

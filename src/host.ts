import type { Gcp2awsError } from "./errors.ts";

/**
 * Everything the program takes from the machine it runs on. Nothing else touches the clock, the network, the disk or
 * the standard streams, so tests put a machine of their own here, and each runtime may have its own implementation.
 */
export interface Host {
  /** Variables of the process. */
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds by a clock that nobody sets and that only runs on: for deadlines, which a wrong time must not move. */
  ticks: () => number;
  sleep: (ms: number) => Promise<void>;
  /** From 0 to below 1. */
  random: () => number;
  /**
   * One HTTP exchange, through no proxy but the one given, redirects not followed.
   * @throws ConnectionError whatever went wrong before a whole response was there
   */
  request: (request: HttpRequest) => Promise<HttpResponse>;
  /** Opens a connection for a later request to the same origin, where the runtime can. Never throws. */
  preconnect: (url: string) => void;
  /** Writes all of `text` before it returns. */
  writeStdout: (text: string) => void;
  writeStderr: (text: string) => void;
  /** Says something that did not keep the program from doing what it was asked to. */
  warn: (problem: Gcp2awsError) => void;
  /**
   * A whole text file of at most 4 MB, or what a pipe gives within 10 seconds.
   * @throws Gcp2awsError LOCAL_FILE
   */
  readText: (path: string) => string;
  /** Resolves when the process is asked to end (SIGINT, SIGTERM). */
  terminated: () => Promise<void>;
  /** Whether a person watches stderr. */
  stderrIsTerminal: () => boolean;
  files: Files;
  /** SHA-256 of the text's UTF-8 bytes, in lower case hex. */
  sha256: (text: string) => string;
  /**
   * Listens on a Unix socket made at `path`, until the process ends or the returned function is called. Whoever
   * connects is kept waiting, nothing is said.
   * @throws FileError what bind(2) and listen(2) say; ENAMETOOLONG above 107 bytes
   */
  listen: (path: string) => Promise<() => void>;
  /**
   * Connects to a Unix socket and waits until its listener is gone, however that came to be.
   * @throws FileError ECONNREFUSED where nobody listens any more, EAGAIN where too many wait, and what connect(2) says
   */
  waitForEnd: (path: string, timeoutMs: number) => Promise<"ended" | "timeout">;
  /**
   * Starts this program once more with these arguments and further variables, in a session of its own with none of this
   * process's streams, and does not wait for it.
   */
  startDetached: (argv: readonly string[], env: Readonly<Record<string, string>>) => void;
}

/** Files and directories. Each call may throw FileError with the code of errno. */
export interface Files {
  /** The effective user. */
  uid: () => number;
  /** Links are not followed at the end of `path`. */
  status: (path: string) => FileStatus;
  /** Links are not followed at the end of `path`: ELOOP or ENOTDIR. */
  openDirectory: (path: string) => OpenDirectory;
  /** With mode 0700. */
  makeDirectory: (path: string) => void;
  /** Only when empty. */
  removeDirectory: (path: string) => void;
  list: (path: string) => string[];
  /**
   * A whole file of at most `limit` bytes (EFBIG), as UTF-8. Links are not followed at the end of `path` (ELOOP), and a
   * FIFO does not block.
   * @param accept sees the status of what was opened, before anything is read, and throws to refuse it
   */
  read: (path: string, limit: number, accept: (status: FileStatus) => void) => string;
  /** Makes a new file with mode 0600 (EEXIST), writes all of `text` and sees it to the disk (fsync). */
  write: (path: string, text: string) => void;
  /** As rename(2): over what is there, a directory only over an empty one (ENOTEMPTY). */
  rename: (from: string, to: string) => void;
  unlink: (path: string) => void;
}

/** What files that people edit too need beyond {@link Files}. Each call may throw FileError with the code of errno. */
export interface UserFiles {
  /** The absolute path that all links of `path` lead to; ENOENT where nothing is there. */
  realPath: (path: string) => string;
  setMode: (path: string, mode: number) => void;
  /** Whether this user may make files in the directory, and the disk takes them: EACCES, EROFS. */
  checkWritable: (directory: string) => void;
}

/** Runs a program to its end, without a shell, and reads what it says. Never rejects. */
export type RunProgram = (run: {
  /** An absolute path, or a name that is looked for on PATH. */
  program: string;
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Then it is killed, with what it has started. */
  timeoutMs: number;
  /** Bytes on stdout: at one more it is killed. */
  limit: number;
}) => Promise<ProgramEnd>;

export type ProgramEnd =
  | { kind: "exited"; status: number; stdout: string; stderr: string }
  | { kind: "killed"; signal: string; stderr: string }
  | { kind: "not-started"; code: string }
  | { kind: "timeout"; stderr: string }
  | { kind: "too-large" };

/** The terminal, for questions to a person. */
export interface Terminal {
  /** The line that is typed after this question, trimmed; undefined where the person gives up (Ctrl-C, Ctrl-D). */
  ask: (question: string) => Promise<string | undefined>;
}

export interface FileStatus {
  kind: "file" | "directory" | "other";
  /** Permission bits, 0 to 0o777. */
  mode: number;
  /** The owner. */
  uid: number;
  /** Names that this file has. */
  links: number;
  /** Last change of its content, in milliseconds since the epoch. */
  modified: number;
}

export interface OpenDirectory {
  status: FileStatus;
  /** Names the directory that was opened, whatever becomes of its name (where the platform can: Linux). */
  path: string;
  close: () => void;
}

/** A call on a file failed. */
export class FileError extends Error {
  override readonly name = "FileError";
  /** Of errno, as `ENOENT`. */
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export interface HttpRequest {
  method: "GET" | "POST" | "PUT";
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** For the whole exchange, in milliseconds. */
  timeoutMs: number;
  /** Only for https: a tunnel is asked for. */
  proxy?: Proxy;
  /** The certificate authorities to believe, in PEM, in place of the runtime's own. */
  ca?: string;
}

export interface Proxy {
  /** Scheme (http or https), host and port. */
  origin: string;
  /** Value of the header Proxy-Authorization: a secret. */
  authorization: string | undefined;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
}

/** Bytes of a response body: an STS answer has about 3,000, a token 2,000; more is not from either. */
export const MAX_BODY_BYTES = 256 * 1024;

export type ConnectionFailure =
  | "refused"
  | "unreachable"
  | "name-not-found"
  | "reset"
  | "tls"
  | "proxy"
  | "timeout"
  | "too-large";

/** No response, or not a whole one. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly kind: ConnectionFailure;

  constructor(kind: ConnectionFailure, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Which source, and what it needs to know. */
export type SourceConfig =
  | MetadataSource
  | FileSource
  | VariableSource
  | CommandSource
  | ImpersonationSource
  | ApplicationDefaultSource;

// In the native helper, JSON has the members in the order that is declared here: config.ts must make them in the same, or the two
// would look for an answer under different names (cache/key.ts).

export interface MetadataSource {
  kind: "metadata";
  metadataUrl: string;
  serviceAccount: string;
  tokenFormat: "standard" | "full";
  licenses: boolean;
}

/** A service account of the workload that this process is. */
export interface MetadataAccount {
  /** Scheme, host and port, without a path. */
  metadataUrl: string;
  /** `default` or the email of a service account bound to this workload. */
  serviceAccount: string;
}

export interface FileSource {
  kind: "file";
  path: string;
}

export interface VariableSource {
  kind: "variable";
  name: string;
}

export interface CommandSource {
  kind: "command";
  /** The absolute path of a program. */
  program: string;
  argv: readonly string[];
  /** The variable by which the program learns the audience. */
  audienceVariable: string;
  /** The variable that it does not get: a program that is gcp2aws itself would run itself without end. */
  withheldVariable: string;
}

export interface ImpersonationSource {
  kind: "impersonation";
  /** The email of the service account whose token it is to be. */
  target: string;
  /** Emails of those in between, from the caller on. */
  delegates: readonly string[];
  azp: Azp;
  /** Of the IAM Credentials API: scheme, host and port, perhaps a path, without a slash at the end. */
  iamCredentialsUrl: string;
  caller: Caller;
}

/** Who asks for the token of another account. */
export interface Caller {
  /** A file of application default credentials; empty where it is the metadata server. */
  credentialsFile: string;
  /** Whether the metadata server is asked where that file is not there. */
  orMetadata: boolean;
  metadata: MetadataAccount;
}

export interface ApplicationDefaultSource {
  kind: "application-default";
  path: string;
  azp: Azp;
  /** As for {@link ImpersonationSource}. */
  iamCredentialsUrl: string;
}

/** What a token of generateIdToken says in `azp`: the account's numeric ID, or its email. */
export type Azp = "numeric" | "email";

export type SourceKind = SourceConfig["kind"];

/** What decides which source is taken. */
export interface SourceSigns {
  /** Chosen by name. */
  chosen: SourceKind | undefined;
  /** Those that somebody has set up. */
  setUp: readonly SourceKind[];
}

/** Why a source is taken, or is not. */
export interface SourceReason {
  kind: SourceKind;
  taken: boolean;
  why: string;
}

/**
 * The sources in the order in which they are looked for: what somebody has set up for this program comes before what the
 * machine has for all. An explicit choice beats them all, and none is tried when another fails.
 */
const order: readonly { kind: SourceKind; sign: string }[] = [
  // Says whose token it is to be, which none of the others does: it is never passed over for a token of somebody else.
  {
    kind: "impersonation",
    sign: "--impersonate-service-account or GCP2AWS_IMPERSONATE_SERVICE_ACCOUNT",
  },
  // A CI system or a projected volume has put it there, for this program.
  { kind: "file", sign: "--identity-token-file or GCP2AWS_IDENTITY_TOKEN_FILE" },
  // As the file, but a program is to be run for it.
  { kind: "command", sign: "--identity-token-command or GCP2AWS_IDENTITY_TOKEN_COMMAND" },
  // As the file; it cannot be renewed while a program runs, so those that can come first.
  { kind: "variable", sign: "GCP2AWS_IDENTITY_TOKEN" },
  // Set for all programs that call Google, so it comes after what is for this one.
  { kind: "application-default", sign: "GOOGLE_APPLICATION_CREDENTIALS" },
  // On every Google Cloud workload.
  { kind: "metadata", sign: "nothing else" },
];

/** The name that `--source` takes, made sure of. */
export function asSourceKind(text: string): SourceKind | undefined {
  return order.find(({ kind }) => kind === text)?.kind;
}

/** Each source with the reason why it is taken or not; one is taken. */
export function chooseSource({ chosen, setUp }: SourceSigns): SourceReason[] {
  const applies = (kind: SourceKind) => kind === "metadata" || setUp.includes(kind);
  const taken = chosen ?? order.find(({ kind }) => applies(kind))?.kind;
  return order.map(({ kind, sign }) => {
    if (chosen !== undefined) {
      const why = kind === chosen ? "chosen by --source" : "another is chosen by --source";
      return { kind, taken: kind === taken, why };
    }
    const state = applies(kind) ? "is set" : "is not set";
    const why = kind === taken ? `${sign} ${state}` : applies(kind) ? "another comes first" : `${sign} ${state}`;
    return { kind, taken: kind === taken, why };
  });
}

/** Which source is taken and why, and why not the others: lines of evidence. */
export function linesOfReasons(reasons: readonly SourceReason[]): string[] {
  return reasons.map(({ kind, taken, why }) => `${taken ? "source" : "not"} ${kind}: ${why}`);
}

/** For people. */
export function nameOfSource(source: SourceConfig): string {
  switch (source.kind) {
    case "metadata":
      return `metadata server, ${source.serviceAccount}`;
    case "file":
      return `file ${source.path}`;
    case "command":
      return `command ${source.program}`;
    case "impersonation":
      return `impersonation of ${source.target} by ${nameOfCaller(source.caller)}`;
    case "application-default":
      return `application default credentials, ${source.path}`;
    default:
      return `variable ${source.name}`;
  }
}

function nameOfCaller({ credentialsFile, orMetadata, metadata }: Caller): string {
  const server = `the metadata server's ${metadata.serviceAccount}`;
  if (credentialsFile === "") return server;
  return orMetadata ? `${credentialsFile}, else ${server}` : credentialsFile;
}

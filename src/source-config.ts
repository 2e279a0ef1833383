/** Which source, and what it needs to know. */
export type SourceConfig = MetadataSource | FileSource | VariableSource;

export interface MetadataSource {
  kind: "metadata";
  /** Scheme, host and port, without a path. */
  metadataUrl: string;
  /** `default` or the email of a service account bound to this workload. */
  serviceAccount: string;
  tokenFormat: "standard" | "full";
  licenses: boolean;
}

export interface FileSource {
  kind: "file";
  path: string;
}

export interface VariableSource {
  kind: "variable";
  name: string;
}

export type SourceKind = SourceConfig["kind"];

/** What decides which source is taken. */
export interface SourceSigns {
  /** Chosen by name. */
  chosen: SourceKind | undefined;
  file: string | undefined;
  /** Whether the variable for a token is set. */
  variable: boolean;
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
const order: readonly { kind: SourceKind; applies: (signs: SourceSigns) => boolean; sign: string }[] = [
  // A CI system or a projected volume has put it there, for this program.
  {
    kind: "file",
    applies: ({ file }) => file !== undefined,
    sign: "--identity-token-file or GCP2AWS_IDENTITY_TOKEN_FILE",
  },
  // As the file; it cannot be renewed while a program runs, so the file comes first.
  { kind: "variable", applies: ({ variable }) => variable, sign: "GCP2AWS_IDENTITY_TOKEN" },
  // On every Google Cloud workload.
  { kind: "metadata", applies: () => true, sign: "nothing else" },
];

/** Each source with the reason why it is taken or not; one is taken. */
export function chooseSource(signs: SourceSigns): SourceReason[] {
  const first = order.find(({ applies }) => applies(signs))?.kind;
  const taken = signs.chosen ?? first;
  return order.map(({ kind, applies, sign }) => {
    if (signs.chosen !== undefined) {
      const why = kind === signs.chosen ? "chosen by --source" : "another is chosen by --source";
      return { kind, taken: kind === taken, why };
    }
    const state = applies(signs) ? "is set" : "is not set";
    const why = kind === taken ? `${sign} ${state}` : applies(signs) ? "another comes first" : `${sign} ${state}`;
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
    default:
      return `variable ${source.name}`;
  }
}

/**
 * What an emulated service is: a function from a request to a response. `listen.ts` puts it on a socket, tests call it
 * directly.
 */
export interface EmulatorRequest {
  method: string;
  /** The path as it stood on the request line, still percent-encoded, without the query. */
  path: string;
  /** The query as it stood on the request line, without `?`; empty when there was none. */
  query: string;
  /** Names in lower case; repeated headers joined with `, `. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  /** Address of the caller, for CloudTrail's `sourceIPAddress`. */
  remoteAddress: string;
}

export interface EmulatorResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export type Handler = (request: EmulatorRequest) => Promise<EmulatorResponse>;

/** Milliseconds since the epoch. */
export type Clock = () => number;

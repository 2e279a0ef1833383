import type { EmulatorResponse } from "../http.ts";

type Status = "INVALID_ARGUMENT" | "UNAUTHENTICATED" | "PERMISSION_DENIED" | "NOT_FOUND";

const codes: Readonly<Record<Status, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
};

/** What a Google API answers where it says no. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: Status;
  readonly info: { reason: string; domain: string; metadata: Record<string, string> } | undefined;

  constructor(status: Status, message: string, info?: ApiError["info"]) {
    super(message);
    this.status = status;
    this.info = info;
  }

  /** @see https://google.aip.dev/193 */
  response(): EmulatorResponse {
    const details =
      this.info === undefined
        ? {}
        : { details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", ...this.info }] };
    const code = codes[this.status];
    return json(code, { error: { code, message: this.message, status: this.status, ...details } });
  }
}

export function json(status: number, value: unknown): EmulatorResponse {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=UTF-8", "Cache-Control": "private" },
    body: JSON.stringify(value, null, 2),
  };
}

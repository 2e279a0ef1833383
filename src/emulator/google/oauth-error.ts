import type { EmulatorResponse } from "../http.ts";
import { json } from "./api-error.ts";

/** What an OAuth token endpoint answers where it says no (RFC 6749 §5.2). */
export class OAuthError extends Error {
  override name = "OAuthError";
  readonly code: string;
  readonly status: number;

  constructor(code: string, description: string, status = 400) {
    super(description);
    this.code = code;
    this.status = status;
  }

  response(): EmulatorResponse {
    return json(this.status, { error: this.code, error_description: this.message });
  }
}

import type { EmulatorRequest } from "../../src/emulator/http.ts";

/** A request as `listen` would hand it over. */
export function request(target: string, options: Partial<EmulatorRequest> = {}): EmulatorRequest {
  const [path = "", query = ""] = target.split("?");
  return { method: "GET", path, query, headers: {}, body: new Uint8Array(), remoteAddress: "127.0.0.1", ...options };
}

import { lives } from "../../credentials.ts";
import { type Route, text } from "./http.ts";
import type { Metrics } from "./metrics.ts";
import type { ServedRole } from "./role.ts";

/** For whoever runs the server: is it alive, has it credentials, what has it done. Nothing secret, so nothing is asked for. */
export function operationRoutes(roles: readonly ServedRole[], metrics: Metrics, now: () => number): [string, Route][] {
  const get = (label: string, answer: Route["answer"]): Route => ({ label, method: "GET", answer });
  const isReady = ({ held }: ServedRole) => {
    const last = held();
    return last !== undefined && lives(last, now());
  };
  return [
    ["/healthz", get("healthz", () => text(200, "ok\n"))],
    [
      "/readyz",
      get("readyz", () => {
        const missing = roles.filter((role) => !isReady(role)).map(({ name }) => name);
        return missing.length === 0 ? text(200, "ok\n") : text(503, `no credentials yet: ${missing.join(" ")}\n`);
      }),
    ],
    [
      "/metrics",
      get("metrics", () => {
        const times = roles.map((role) => ({
          name: role.name,
          issuedAt: role.held()?.issuedAt,
          expiresAt: role.held()?.expiresAt,
        }));
        return text(200, metrics.format(times, now()), { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
      }),
    ],
  ];
}

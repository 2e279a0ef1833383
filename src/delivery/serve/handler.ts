import { defect } from "../../errors.ts";
import { type Check, checks as allChecks } from "./checks.ts";
import { json, type LocalRequest, type Reply, type Routes } from "./http.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export interface Answered {
  reply: Reply;
  /** For the metrics. */
  label: string;
}

/**
 * The server as a function from request to reply: the checks, then the route. Paths are compared whole: nothing is
 * decoded, resolved or cut, so there is no second way to write one.
 */
export function createHandler(
  routes: Routes,
  { metrics, log, checks = allChecks }: { metrics: Metrics; log: Log; checks?: readonly Check[] },
): (request: LocalRequest) => Promise<Answered> {
  return async (request) => {
    const route = routes.get(request.target);
    for (const { name, status, message, passes } of checks) {
      if (passes(request, route)) continue;
      metrics.refused(name);
      log.seldom("warn", "refused", name, { check: name, status });
      return { reply: json(status, { Code: "Refused", Message: message }), label: "refused" };
    }
    if (route === undefined) return { reply: json(404, { Code: "NotFound", Message: "no such path" }), label: "none" };
    try {
      return { reply: await route.answer(request), label: route.label };
    } catch (error) {
      const { code, message } = defect(error);
      log.seldom("error", "defect", message, { code, message });
      return { reply: json(500, { Code: code, Message: "a defect, see the log of gcp2aws" }), label: route.label };
    }
  };
}

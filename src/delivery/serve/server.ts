import { type Check, checks as allChecks } from "./checks.ts";
import { containerPath, containerRoute } from "./container.ts";
import { type Answered, createHandler } from "./handler.ts";
import type { LocalRequest, Routes } from "./http.ts";
import { imdsRoutes } from "./imds.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { operationRoutes } from "./operations.ts";
import type { ServedRole, Within } from "./role.ts";

export interface CredentialServerOptions {
  roles: readonly (ServedRole & { admits: (authorization: string) => boolean })[];
  /** Also as EC2's metadata service, which knows one role only. */
  imds?: { role: ServedRole; region: string; unsafeV1: boolean };
  metrics: Metrics;
  log: Log;
  now: () => number;
  within: Within;
  checks?: readonly Check[];
}

/** The paths of a credential server, behind its checks. */
export function credentialServer(options: CredentialServerOptions): (request: LocalRequest) => Promise<Answered> {
  const { roles, imds, metrics, log, now, within, checks = allChecks } = options;
  const routes: Routes = new Map([
    ...roles.map((role) => [containerPath(role), containerRoute(role, role.admits, { now, within })] as const),
    ...(imds === undefined ? [] : imdsRoutes(imds.role, { ...imds, now, within })),
    ...operationRoutes(roles, metrics, now),
  ]);
  return createHandler(routes, { metrics, log, checks });
}

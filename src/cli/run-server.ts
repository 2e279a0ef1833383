import type { Config } from "../config.ts";
import { createLog, type LogFormat } from "../delivery/serve/log.ts";
import { createMetrics } from "../delivery/serve/metrics.ts";
import { credentialServer } from "../delivery/serve/server.ts";
import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { type Address, type HttpServer, listenHttp } from "../host/http-server.ts";
import { onSignal } from "../host/signals.ts";
import { every, within } from "../host/timers.ts";
import { tend } from "../keeper.ts";
import { settle } from "../settle.ts";
import { keepRole } from "./keep-role.ts";

export interface ServerSettings {
  targets: readonly { name: string; config: Config }[];
  addresses: readonly Address[];
  /** Addresses that this machine may not have. */
  optional: readonly string[];
  /** Who is admitted to a role, by the token as it is now. */
  admits: (name: string) => (authorization: string) => boolean;
  imds: { unsafeV1: boolean } | undefined;
  logFormat: LogFormat;
}

/**
 * Serves until the process is told to end.
 * @throws Gcp2awsError LOCAL_PORT, LOCAL_FILE, LOCAL_CACHE
 */
export async function runServer(settings: ServerSettings, host: Host): Promise<void> {
  const log = createLog(settings.logFormat, host.now, host.writeStderr);
  const metrics = createMetrics();
  const admitted = new Map(settings.targets.map(({ name }) => [name, settings.admits(name)]));
  const roles = settings.targets.map(({ name, config }) => ({
    ...keepRole(name, config, host, metrics, log),
    admits: (authorization: string) => admitted.get(name)?.(authorization) === true,
  }));
  // Before anything can take long: a signal that comes early must not end this process.
  const forgetHangup = onSignal("SIGHUP", () => {
    let failed = false;
    for (const { name } of roles) {
      try {
        admitted.set(name, settings.admits(name));
      } catch (error) {
        if (!(error instanceof Gcp2awsError)) throw error;
        failed = true;
        const { code, message, hint } = error;
        log.write("error", "token not read, the one before holds", { role: name, code, message, hint });
      }
    }
    if (!failed) log.write("info", "tokens read again");
  });
  const first = roles[0];
  const config = settings.targets[0]?.config;
  const region =
    config === undefined || settings.imds === undefined
      ? ""
      : (await settle(config, host, host.ticks() + config.timeoutMs)).region;
  const imds =
    settings.imds === undefined || first === undefined ? {} : { imds: { role: first, region, ...settings.imds } };

  const ended = host.terminated();
  const server = await listenOnAll(settings, {
    handle: credentialServer({ roles, ...imds, metrics, log, now: host.now, within }),
    answered: metrics.answered,
  });
  for (const url of server.urls)
    log.write("info", "listening", { url, roles: roles.map(({ name }) => name).join(" ") });
  if (settings.imds?.unsafeV1 === true) log.write("warn", "unsafe", { message: "credentials without a session token" });

  const stopTending = roles.map((role) => {
    role.ask().catch(() => {});
    return tend(role, every);
  });
  await ended;
  log.write("info", "ending");
  for (const stop of stopTending) stop();
  await server.close();
  forgetHangup();
}

async function listenOnAll(
  { addresses, optional }: ServerSettings,
  options: Parameters<typeof listenHttp>[1],
): Promise<HttpServer> {
  try {
    return await listenHttp(addresses, options);
  } catch (error) {
    const rest = addresses.filter((address) => !("host" in address) || !optional.includes(address.host));
    const missing = error instanceof Gcp2awsError && /EADDRNOTAVAIL|EAFNOSUPPORT/.test(error.message);
    if (!missing || rest.length === addresses.length) throw error;
    return listenHttp(rest, options);
  }
}

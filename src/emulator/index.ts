import { accountProvider, googleProvider } from "./aws/identity-provider.ts";
import { createAws } from "./aws/service.ts";
import { clientEnvironment } from "./client-environment.ts";
import { createTrail } from "./cloudtrail.ts";
import { defaultDefinition } from "./definition.ts";
import type { Definition } from "./definition.ts";
import { parseFault, skewClock, withFaults } from "./fault.ts";
import { createAccessTokens } from "./google/access-tokens.ts";
import { createGoogleApis, isGoogleApi } from "./google/apis.ts";
import { createLogins } from "./google/logins.ts";
import type { Clock, Handler } from "./http.ts";
import { createIssuer } from "./issuer.ts";
import type { Issuer, MintOptions } from "./issuer.ts";
import { clusterIssuer, projectedClaims } from "./kubernetes.ts";
import { listen } from "./listen.ts";
import type { Listener } from "./listen.ts";
import { directoryWriter, sleep, systemClock } from "./machine.ts";
import { createMetadataServer } from "./metadata-server.ts";

export { defaultDocument } from "./default-definition.ts";
export { defaultDefinition, parseDefinition } from "./definition.ts";
export type { Definition, Platform, Role, ServiceAccount, User, Workload } from "./definition.ts";
export type { Clock } from "./http.ts";
export type { Issuer, MintOptions } from "./issuer.ts";
export { workloadClaims } from "./workload-claims.ts";

export interface EmulatorOptions {
  /** The workload and the AWS account; for the content of a definition file, `parseDefinition(content)`. */
  definition?: Definition;
  /** Ports on 127.0.0.1; 0, the default, for any free one. */
  metadataPort?: number;
  issuerPort?: number;
  awsPort?: number;
  /** The AWS side's region. Default us-east-1. */
  region?: string;
  /** Where CloudTrail's files go: a directory, or a function that takes a path relative to the bucket. Default: nowhere. */
  cloudTrail?: string | ((relativePath: string, bytes: Uint8Array) => Promise<void>);
  /** What goes wrong, in the words of `--fault`; see `parseFault`. */
  faults?: readonly string[];
  clock?: Clock;
}

export interface Emulator {
  metadataUrl: string;
  /** Of the token issuer, and of Google's APIs. */
  issuerUrl: string;
  awsUrl: string;
  /** The environment variables that point Google's and AWS's clients here. */
  env: Record<string, string>;
  definition: Definition;
  /** Mints any token, also a wrong one. */
  issuer: Issuer;
  /** A projected token of the pod's Kubernetes service account, by the issuer of its GKE cluster. */
  projectedToken: (audience: string, options?: MintOptions) => Promise<string>;
  rotateKeys: () => Promise<void>;
  /**
   * Writes files of application default credentials of every type, with mode 0600, into a directory: new keys each time. The names are
   * in docs/emulator.md.
   *
   * @throws the file system's error
   */
  writeCredentials: (directory: string) => Promise<void>;
  /** Stops everything and ends open connections at once. */
  close: () => Promise<void>;
}

/**
 * Starts a Google metadata server, its token issuer with Google's APIs, and an AWS account on loopback.
 *
 * @throws Error for a fault that cannot be read, and the socket's error when a port is taken
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { definition = defaultDefinition, region = "us-east-1", clock = systemClock, cloudTrail } = options;
  const faults = (options.faults ?? []).map(parseFault);
  const googleClock = skewClock(clock, "metadata", faults);
  const awsClock = skewClock(clock, "sts", faults);

  const listeners: Listener[] = [];
  const close = async () => {
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  const start = async (handler: Handler, sideClock: Clock, port = 0) => {
    const listener = await listen(handler, { port, clock: sideClock });
    listeners.push(listener);
    return listener;
  };

  let baseUrl: string | undefined;
  const issuer = createIssuer({ clock: googleClock, baseUrl: () => baseUrl });
  const accessTokens = createAccessTokens(googleClock);
  const metadata = createMetadataServer({ definition, issuer, accessTokens, clock: googleClock });
  const logins = createLogins(definition, googleClock);
  const { serviceAccounts } = definition;
  const apis = withFaults(
    createGoogleApis({ serviceAccounts, accessTokens, issuer, logins, clock: googleClock }),
    "google",
    faults,
    sleep,
  );
  const write = typeof cloudTrail === "string" ? await directoryWriter(cloudTrail) : cloudTrail;
  const trail = write && createTrail({ accountId: definition.accountId, clock: awsClock, write });
  const clusterUrl = clusterIssuer(definition.workload);
  const cluster = createIssuer({ clock: googleClock, issuer: clusterUrl });
  const projectedToken: Emulator["projectedToken"] = (audience, mint) =>
    cluster.mint(projectedClaims(definition.workload, audience), mint);
  const issuers = withProjectedTokens(issuer.handler, projectedToken);
  const google: Handler = (request) => (isGoogleApi(request.path) ? apis : issuers)(request);
  const providers = [
    googleProvider(issuer.keys),
    ...definition.oidcProviders.map((provider) =>
      accountProvider(
        definition.accountId,
        provider,
        provider.url === clusterUrl ? cluster.keys : async () => undefined,
      ),
    ),
  ];
  const aws = createAws({ definition, clock: awsClock, providers, region, ...(trail && { trail }) });

  try {
    const { url: metadataUrl, port } = await start(
      withFaults(metadata, "metadata", faults, sleep),
      googleClock,
      options.metadataPort,
    );
    const { url: issuerUrl } = await start(google, googleClock, options.issuerPort);
    baseUrl = issuerUrl;
    const { url: awsUrl } = await start(withFaults(aws, "sts", faults, sleep), awsClock, options.awsPort);
    const env = clientEnvironment({ metadataHost: `127.0.0.1:${port}`, googleUrl: issuerUrl, awsUrl, region });
    const writeCredentials = async (directory: string) => {
      const writeFile = await directoryWriter(directory, 0o600);
      const files = await logins.files(issuerUrl, directory);
      const encoder = new TextEncoder();
      await Promise.all(Object.entries(files).map(([name, text]) => writeFile(name, encoder.encode(text))));
    };
    return {
      metadataUrl,
      issuerUrl,
      awsUrl,
      env,
      definition,
      issuer,
      projectedToken,
      writeCredentials,
      rotateKeys: issuer.rotate,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `GET /emulator/projected-token?audience=…`: what a projected volume of Kubernetes would hold. */
function withProjectedTokens(handler: Handler, mint: Emulator["projectedToken"]): Handler {
  return async (request) => {
    if (`${request.method} ${request.path}` !== "GET /emulator/projected-token") return handler(request);
    const audience = new URLSearchParams(request.query).get("audience") ?? "";
    if (audience === "") return { status: 400, headers: { "Content-Type": "text/plain" }, body: "audience is missing" };
    return { status: 200, headers: { "Content-Type": "text/plain" }, body: await mint(audience) };
  };
}

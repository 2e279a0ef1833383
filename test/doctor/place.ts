// A workload of its own for each trouble: home, environment, flags or profile, both emulated clouds; and whatever pastes a remedy.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Remedy } from "../../src/doctor/check.ts";
import { defaultDocument, type Emulator, parseDefinition, startEmulator } from "../../src/emulator/index.ts";
import { createAuthority } from "../cli/certificates.ts";
import { type Fickle, type Mood, honest, startFickle } from "../cli/fickle.ts";
import { type Recorder, startRecorder } from "../cli/recorder.ts";
import { AUDIENCE, type Entry, type Result, ROLE, runProgram } from "../cli/run.ts";

type Document = Record<string, unknown> & {
  workload: Record<string, unknown>;
  service_accounts: typeof defaultDocument.service_accounts;
  roles: {
    name: string;
    path?: string;
    trust_policy: Policy;
    max_session_duration?: number;
    permissions?: unknown[];
  }[];
  oidc_providers: { url: string; client_ids: string[] }[];
};

export interface Policy {
  Version: string;
  Statement: Record<string, unknown>[];
}

/** Amazon's own example, as it stands in files here. */
export const SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
export const TEAM_A = "100111222333444555666";

/** What a trouble spoils, and a remedy mends. */
export class Place {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), "gcp2aws-doctor-")));
  /** Where the doctor looks for clients. */
  readonly bin = join(this.home, "clients");
  /** What the AWS config file of the profile names. */
  readonly program = join(this.home, "bin", "gcp2aws");
  readonly configFile = join(this.home, ".aws", "config");
  readonly entry: Entry;
  env: Record<string, string | undefined> = { HOME: this.home, PATH: this.bin, GCP2AWS_CACHE: "off" };
  flags: Record<string, string | null> = { "role-arn": ROLE, audience: AUDIENCE };
  /** In place of the flags. */
  profile: string | undefined;
  target: string | undefined;
  trustPolicy: string | undefined;
  timeout = 6;
  definition: Document = structuredClone({ ...defaultDocument, oidc_providers: [] });
  faults: string[] = [];
  metadataMood: Mood | undefined;
  stsMood: Mood | undefined;
  /** Ends TLS in front of STS, with a certificate for this name. */
  tls: { name: string; dates?: readonly string[] } | undefined;
  /** A proxy that asks for this password, and leads STS's own name to the emulator. */
  proxyPassword: string | undefined;
  /** What a token file or variable is to hold, once there is somebody who mints. */
  mint: ((emulator: Emulator) => Promise<void>) | undefined;
  private readonly recorders: Recorder[] = [];
  private readonly closers: (() => Promise<void>)[] = [];
  authority: ReturnType<typeof createAuthority> | undefined;
  emulator: Emulator | undefined;
  proxyUrl = "";

  constructor(entry: Entry) {
    this.entry = entry;
    for (const path of [this.bin, dirname(this.program), dirname(this.configFile)]) mkdirSync(path);
    this.installAt(this.program);
  }

  /** The program under another name. */
  installAt(path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    const [program, ...first] = this.entry.command;
    if (first.length === 0) symlinkSync(realpathSync(program), path);
    else script(path, `exec ${[program, ...first].map((word) => `'${word}'`).join(" ")} "$@"`);
  }

  file(name: string, text: string, mode = 0o600): string {
    const path = join(this.home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  config(text: string): void {
    writeFileSync(this.configFile, text);
  }

  readConfig(): string {
    return readFileSync(this.configFile, "utf8");
  }

  /** A good credential_process line. */
  get line(): string {
    return `${this.program} credential-process --role-arn ${ROLE} --audience ${AUDIENCE}`;
  }

  role(): Document["roles"][number] {
    const [role] = this.definition.roles;
    if (role === undefined) throw new Error("the definition has roles");
    return role;
  }

  statement(): Record<string, unknown> {
    return this.role().trust_policy.Statement[0] ?? {};
  }

  /** The conditions of the role's trust policy. */
  conditions(): Record<string, string> {
    return (this.statement()["Condition"] as { StringEquals: Record<string, string> }).StringEquals;
  }

  /** Keys of somebody who may look at the role. */
  administer(): void {
    const [admin] = defaultDocument.users;
    this.env["AWS_ACCESS_KEY_ID"] = admin?.access_key_id;
    this.env["AWS_SECRET_ACCESS_KEY"] = admin?.secret_access_key;
  }

  async run(argv: (place: Place) => readonly string[]): Promise<Result> {
    const env = await this.start();
    try {
      const [program, ...first] = this.entry.command;
      return await runProgram(program, [...first, ...argv(this)], { env, cwd: this.home });
    } finally {
      await this.stop();
    }
  }

  /** As an SDK asks: the profile's line by a shell, or the command with its flags. */
  async ask(): Promise<Result> {
    if (this.profile === undefined) return this.run((place) => ["credential-process", ...place.argv()]);
    const env = await this.start();
    try {
      const text = this.readConfig();
      const section = text
        .split(/^\[/m)
        .find((part) => part.startsWith(this.profile === "default" ? "default]" : `profile ${this.profile}]`));
      const line = /^credential_process = (.*)$/m.exec(section ?? "")?.[1] ?? "exit 99";
      return await runProgram("/bin/sh", ["-c", line], { env: { ...env, PATH: `${process.env["PATH"]}` } });
    } finally {
      await this.stop();
    }
  }

  /** The flags as words, the target first. */
  argv(): string[] {
    const words = Object.entries(this.flags).flatMap(([name, value]) =>
      value === null ? [] : value === "" ? [`--${name}`] : [`--${name}`, value],
    );
    return this.target === undefined ? words : [this.target, ...words];
  }

  doctorArgv(): string[] {
    const trust = this.trustPolicy === undefined ? [] : ["--trust-policy", this.trustPolicy];
    const timeout = this.flags["timeout"] === undefined ? ["--timeout", String(this.timeout)] : [];
    if (this.profile !== undefined) return ["doctor", "--json", "--profile", this.profile, ...timeout, ...trust];
    return ["doctor", "--json", ...trust, ...this.argv(), ...timeout];
  }

  private async start(): Promise<Record<string, string>> {
    const emulator = await startEmulator({ definition: parseDefinition(this.definition), faults: this.faults });
    this.emulator = emulator;
    this.closers.push(() => emulator.close());
    const metadata = await this.front(emulator.metadataUrl, this.metadataMood);
    let aws = await this.front(emulator.awsUrl, this.stsMood);
    await this.mint?.(emulator);
    if (this.tls !== undefined) aws = await this.startTls(aws);
    const env = {
      GCE_METADATA_HOST: metadata.replace("http://", ""),
      CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: await this.front(emulator.issuerUrl, undefined),
      AWS_ENDPOINT_URL_STS: aws,
      AWS_ENDPOINT_URL_IAM: emulator.awsUrl,
      ...(this.proxyPassword === undefined
        ? {}
        : { HTTPS_PROXY: await this.startProxy(aws), AWS_ENDPOINT_URL_STS: undefined }),
      ...this.env,
    };
    const replaced = (text: string) => text.replaceAll("STS_URL", aws).replaceAll("PROXY_URL", this.proxyUrl);
    return Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, replaced(value)]])),
    );
  }

  private async stop(): Promise<void> {
    await Promise.all(this.closers.splice(0).map((close) => close()));
  }

  /** Notes the secrets that pass, and does to them what is wanted. */
  private async front(url: string, mood: Mood | undefined): Promise<string> {
    const recorder = await startRecorder(url);
    this.recorders.push(recorder);
    this.closers.push(recorder.close);
    if (mood === undefined) return recorder.url;
    const fickle: Fickle = await startFickle(recorder.url, mood);
    this.closers.push(fickle.close);
    return fickle.url;
  }

  /** Whatever nobody may see. */
  secrets(): string[] {
    return [
      ...this.recorders.flatMap(({ token, result }) => [...token, ...result]),
      ...(this.proxyPassword === undefined ? [] : [this.proxyPassword]),
      SECRET_KEY,
      ...["AWS_SECRET_ACCESS_KEY", "GCP2AWS_IDENTITY_TOKEN"].flatMap((name) => this.env[name] ?? []),
    ].filter((secret) => secret.length > 12);
  }

  private async startTls(url: string): Promise<string> {
    this.authority ??= createAuthority();
    const { name, dates } = this.tls ?? { name: "localhost" };
    const server = createTlsServer(this.authority.certify(name, dates), (incoming, response) => {
      const { method, url: path, headers } = incoming;
      const onward = httpRequest(url, { method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      onward.on("error", () => response.destroy());
      incoming.pipe(onward);
    });
    return `https://localhost:${await this.listening(server)}`;
  }

  private async startProxy(url: string): Promise<string> {
    const server = createServer((_, response) => response.writeHead(400).end());
    const wanted = `Basic ${Buffer.from(`user:${this.proxyPassword}`).toString("base64")}`;
    server.on("connect", ({ headers }: { headers: Record<string, string> }, socket: Socket) => {
      socket.on("error", () => socket.destroy());
      if (headers["proxy-authorization"] !== wanted) {
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        return;
      }
      const inner = connect(Number(new URL(url).port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(inner).pipe(socket);
      });
      inner.on("error", () => socket.destroy());
    });
    this.proxyUrl = `127.0.0.1:${await this.listening(server)}`;
    return `http://${this.proxyUrl}`;
  }

  private async listening(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // Tunnels are none of the server's connections any more.
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => sockets.add(socket));
    this.closers.push(
      () =>
        new Promise<void>((closed) => {
          server.close(() => closed());
          for (const socket of sockets) socket.destroy();
        }),
    );
    return (server.address() as AddressInfo).port;
  }

  /** Does what a remedy says to the letter: flags, a line of a file, and commands in a shell, whose exports last. */
  apply({ flags = {}, lines = [], commands = [] }: Remedy): boolean {
    Object.assign(this.flags, flags);
    for (const { file, line, text } of lines) {
      const all = readFileSync(file, "utf8").split("\n");
      all[line - 1] = text ?? "";
      writeFileSync(file, all.join("\n"));
    }
    if (commands.length > 0) this.paste(commands);
    return Object.keys(flags).length > 0 || lines.length > 0 || commands.length > 0;
  }

  /** In a shell with the workload's environment, and clouds that can be administered. */
  private paste(commands: readonly string[]): void {
    const tools = join(this.home, "tools");
    const state = this.file("state.json", JSON.stringify({ definition: this.definition, faults: this.faults }));
    mkdirSync(tools, { recursive: true });
    for (const name of ["aws", "gcloud", "kubectl", "chronyc"]) {
      script(
        join(tools, name),
        `exec '${process.execPath}' '${join(import.meta.dirname, "clouds.mjs")}' '${state}' ${name} "$@"`,
      );
    }
    const env = Object.fromEntries(Object.entries(this.env).filter(([, value]) => value !== undefined));
    const before = join(this.home, "before.env");
    const after = join(this.home, "after.env");
    const text = [`env -0 > '${before}'`, ...commands, `env -0 > '${after}'`].join("\n");
    const { status, stderr } = spawnSync("/bin/sh", ["-e", "-c", text], {
      env: { ...env, PATH: `${tools}:/usr/bin:/bin` },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`the remedy failed: ${stderr}`);
    const [old, now] = [before, after].map(
      (path) =>
        new Map(
          readFileSync(path, "utf8")
            .split("\0")
            .map((entry) => [entry.replace(/=.*/s, ""), entry.replace(/^[^=]*=/s, "")]),
        ),
    );
    for (const name of old?.keys() ?? []) if (now?.has(name) === false) this.env[name] = undefined;
    for (const [name, value] of now ?? [])
      if (name !== "" && name !== "_" && old?.get(name) !== value) this.env[name] = value;
    const mended = JSON.parse(readFileSync(state, "utf8")) as {
      definition: Document;
      faults: string[];
      granted?: true;
    };
    this.definition = mended.definition;
    this.faults = mended.faults;
    if (mended.granted === true) this.metadataMood = honest;
  }
}

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

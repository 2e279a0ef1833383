import { createHash } from "node:crypto";
import { formatWarning } from "../src/errors.ts";
import { FileError, type Host, type HttpRequest, type HttpResponse } from "../src/host.ts";
import { type FakeFiles, fakeFiles } from "./fake-files.ts";

/** A machine whose clock moves only when somebody sleeps, and whose network is a function. */
export interface FakeHost extends Host {
  requests: HttpRequest[];
  sleeps: number[];
  stdout: string;
  stderr: string;
  /** By the clock that nobody sets. */
  time: number;
  /** By how much the clock that can be set is ahead of that. */
  setAheadMs: number;
  files: FakeFiles;
  /** What other processes do while this one waits for the holder of a lock. */
  meanwhile: () => void;
  /** Arguments and further variables of each. */
  started: { argv: readonly string[]; env: Readonly<Record<string, string>> }[];
}

type Answer = Partial<HttpResponse> | Error;

export const START = Date.parse("2026-11-23T12:00:00Z");

export function fakeHost(
  answer: (request: HttpRequest, count: number) => Answer,
  overrides: Partial<FakeHost> = {},
): FakeHost {
  let time = START;
  let setAheadMs = 0;
  const host: FakeHost = {
    env: {},
    requests: [],
    sleeps: [],
    stdout: "",
    stderr: "",
    get time() {
      return time;
    },
    set time(value) {
      time = value;
    },
    get setAheadMs() {
      return setAheadMs;
    },
    set setAheadMs(value) {
      setAheadMs = value;
    },
    now: () => time + setAheadMs,
    ticks: () => time,
    sleep: (ms) => {
      host.sleeps.push(ms);
      host.time += ms;
      return Promise.resolve();
    },
    random: () => 0.5,
    request: (request) => {
      host.requests.push(request);
      const answered = answer(request, host.requests.length);
      if (answered instanceof Error) return Promise.reject(answered);
      return Promise.resolve({ status: 200, headers: {}, body: "", ...answered });
    },
    writeStdout: (text) => {
      host.stdout += text;
    },
    writeStderr: (text) => {
      host.stderr += text;
    },
    warn: (problem) => host.writeStderr(formatWarning(problem)),
    readText: () => "",
    terminated: () => Promise.resolve(),
    stderrIsTerminal: () => false,
    files: fakeFiles(() => time + setAheadMs),
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    preconnect: () => {},
    meanwhile: () => {},
    listen: (path) => {
      try {
        return Promise.resolve(host.files.bind(path));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    waitForEnd: (path, timeoutMs) => {
      const socket = host.files.nodes.get(path);
      if (socket === undefined) return Promise.reject(new FileError("ENOENT"));
      if (!socket.listening) return Promise.reject(new FileError("ECONNREFUSED"));
      host.meanwhile();
      if (!socket.listening) return Promise.resolve("ended");
      host.time += timeoutMs;
      return Promise.resolve("timeout");
    },
    started: [],
    startDetached: (argv, env) => {
      host.started.push({ argv, env });
    },
    ...overrides,
  };
  return host;
}

/** A token with these claims and a signature that nobody checks. */
export function unsignedToken(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256", kid: "k", typ: "JWT" })}.${part(claims)}.c2lnbmF0dXJl`;
}

export const CLAIMS = {
  iss: "https://accounts.google.com",
  aud: "https://aws.example.com",
  azp: "112179062720391305885",
  sub: "112179062720391305885",
  email: "team-a@blog-project.iam.gserviceaccount.com",
  iat: START / 1000,
  exp: START / 1000 + 3600,
};

export const ROLE_ARN = "arn:aws:iam::111122223333:role/RoleForAccessFromGCPTeamA";

export function stsSuccess(overrides: Record<string, string> = {}): string {
  const field = {
    AccessKeyId: "ASIAIOSFODNN7EXAMPLE",
    SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    SessionToken: "FwoGZXIvYXdzEBUaDOSY+1zJwXi29EXAMPLE==",
    Expiration: "2026-11-23T13:00:00Z",
    ...overrides,
  };
  const arn =
    overrides["Arn"] ?? "arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/112179062720391305885";
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Credentials>
      <AccessKeyId>${field.AccessKeyId}</AccessKeyId>
      <SecretAccessKey>${field.SecretAccessKey}</SecretAccessKey>
      <SessionToken>${field.SessionToken}</SessionToken>
      <Expiration>${field.Expiration}</Expiration>
    </Credentials>
    <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:x</AssumedRoleId><Arn>${arn}</Arn></AssumedRoleUser>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>`;
}

export function stsErrorBody(code: string, message: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
}

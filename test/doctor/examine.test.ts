import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FlagValues } from "../../src/config/read.ts";
import { type Tools } from "../../src/doctor/check.ts";
import { checks, examine, type Report } from "../../src/doctor/examine.ts";
import { formatJson, formatText } from "../../src/doctor/report.ts";
import { errorClasses, exitStatus } from "../../src/errors.ts";
import { ConnectionError, type HttpRequest, type HttpResponse } from "../../src/host.ts";
import { nodeFiles } from "../../src/host/node-files.ts";
import { processHost } from "../../src/host/process.ts";
import {
  CLAIMS,
  fakeHost,
  type FakeHost,
  ROLE_ARN,
  START,
  stsErrorBody,
  stsSuccess,
  unsignedToken,
} from "../fake-host.ts";

const TOKEN = unsignedToken(CLAIMS);
const google = { "metadata-flavor": "Google", server: "Metadata Server for VM", date: new Date(START).toUTCString() };

/** Both clouds, as they are when all is well. */
function answer({ url, body }: HttpRequest): Partial<HttpResponse> {
  if (url.includes("/identity?")) return { headers: google, body: TOKEN };
  if (url.endsWith("/email")) return { headers: google, body: CLAIMS.email };
  if (url.includes("computeMetadata")) return { headers: google, body: "project" };
  const headers = { date: google.date };
  if (body?.includes("WebIdentity") === true) return { headers, body: stsSuccess() };
  if (body?.includes("GetCallerIdentity") === true) {
    const fields = "<Account>111122223333</Account><Arn>arn:x</Arn><UserId>u</UserId>";
    return {
      headers,
      body: `<GetCallerIdentityResponse><GetCallerIdentityResult>${fields}</GetCallerIdentityResult></GetCallerIdentityResponse>`,
    };
  }
  return { status: 302, headers };
}

const tools = (says: Record<string, string> = {}): Tools => ({
  user: { realPath: (path) => path, setMode: () => {}, checkWritable: () => {} },
  parseFlags: () => ({}),
  withTarget: (given) => Promise.resolve(given),
  runProgram: (program) =>
    Promise.resolve(says[program] === undefined ? undefined : { stdout: says[program], stderr: "" }),
});

interface Options {
  says?: Record<string, string>;
  begin?: (title: string) => () => void;
  given?: FlagValues;
  trustPolicy?: () => string;
}

function look(host: FakeHost, options: Options = {}) {
  return examine({
    host,
    tools: tools(options.says),
    given: options.given ?? { roleArn: ROLE_ARN, audience: CLAIMS.aud, cache: "off" },
    profile: undefined,
    trustPolicy: options.trustPolicy,
    deadline: host.ticks() + 30_000,
    begin: options.begin ?? (() => () => {}),
  });
}

const LOCAL = "http://localhost:4566";

/** What is found of the endpoint where nobody answers at any, on a machine with this environment and real files. */
async function endpointAway(env: Record<string, string>) {
  const host = fakeHost(
    (request) =>
      request.url.includes("computeMetadata") ? answer(request) : new ConnectionError("refused", "connection refused"),
    { env, readText: processHost.readText },
  );
  Object.assign(host, { files: { ...host.files, uid: nodeFiles.uid, read: nodeFiles.read } });
  return (await look(host)).checks.find(({ id }) => id === "endpoint");
}

/** What is found of the flags, the audience of which is left to the environment. */
async function flagsWith(name: string, value: string) {
  const host = fakeHost(answer);
  Object.assign(host.env, { GCP2AWS_AUDIENCE: CLAIMS.aud, [name]: value });
  return (await look(host, { given: { roleArn: ROLE_ARN } })).checks.find(({ id }) => id === "flags");
}

/** What is found of an exchange that AWS denies, with this text in the file of --trust-policy, if it is given. */
async function deniedWith(trustPolicy?: string) {
  const denial = { status: 403, body: stsErrorBody("AccessDenied", "no") };
  const host = fakeHost((request) => (request.body?.includes("WebIdentity") === true ? denial : answer(request)));
  const { checks: all } = await look(host, trustPolicy === undefined ? {} : { trustPolicy: () => trustPolicy });
  return all.find(({ id }) => id === "exchange");
}

async function clientsIn(says: Record<string, string>, env: Record<string, string>) {
  const host = fakeHost(answer);
  Object.assign(host.env, env);
  return (await look(host, { says })).checks.find(({ id }) => id === "clients");
}

const stateOf = ({ checks: all }: Report, id: string) => all.find((check) => check.id === id)?.state;

describe("the doctor's checks", () => {
  it("need only what comes before them", () => {
    const before = new Set<string>();
    for (const { id, needs } of checks) {
      for (const need of needs) expect(before.has(need), `${id} needs ${need}`).toBe(true);
      before.add(id);
    }
  });

  it("find nothing where all is well, and tell each title", async () => {
    const titles: string[] = [];
    const begin = (title: string) => {
      titles.push(title);
      return () => {};
    };
    const report = await look(fakeHost(answer), { begin });
    expect(report).toMatchObject({ cause: undefined, exitStatus: 0 });
    expect(titles).toEqual(checks.map(({ title }) => title));
    expect(formatText(report)).toContain("All is well");
    for (const secret of [TOKEN, "wJalrXUtnFEMI", "FwoGZXIvYXdzE"]) {
      expect(formatText(report) + formatJson(report)).not.toContain(secret);
    }
  });

  it("mark the first failure, and pass over what follows from it", async () => {
    const host = fakeHost((request) =>
      request.url.includes("computeMetadata") ? new ConnectionError("refused", "connection refused") : answer(request),
    );
    const report = await look(host);
    expect(report).toMatchObject({ cause: "metadata", exitStatus: exitStatus[errorClasses.IDENTITY_UNREACHABLE] });
    expect(stateOf(report, "endpoint")).toBe("ok");
    for (const id of ["account", "token", "session-name", "exchange", "session", "caller"]) {
      expect(stateOf(report, id), id).toBe("skipped");
    }
    const text = formatText(report);
    expect(text).toContain("FAILURE  metadata server [IDENTITY_UNREACHABLE]  <- the cause\n");
    expect(text).toContain("-        exchange with AWS STS: not looked at: metadata server comes first\n");
    expect(text).toContain("The first cause: metadata server.\n");
  });

  it("mark the first of two that do not follow from each other", async () => {
    const report = await look(fakeHost(() => new ConnectionError("refused", "connection refused")));
    expect(report.cause).toBe("metadata");
    expect(stateOf(report, "endpoint")).toBe("failure");
    expect(report.exitStatus).toBe(exitStatus.identity);
  });

  it("mark a warning where nothing fails, and end with 0", async () => {
    const host = fakeHost(answer);
    host.setAheadMs = 120_000;
    const report = await look(host);
    expect(report).toMatchObject({ cause: "clock", exitStatus: 0 });
    expect(formatText(report)).toContain("It works; worth a look: clock.\n");
  });

  it("do not take a token for over that is so only by this machine's clock", async () => {
    const host = fakeHost(answer);
    host.setAheadMs = 2 * 3600_000;
    const report = await look(host);
    expect(report.cause).toBe("clock");
    expect(stateOf(report, "token")).toBe("ok");
    expect(stateOf(report, "exchange")).toBe("skipped");
  });

  it("end with the class of a denial", async () => {
    const denied = stsErrorBody("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    const host = fakeHost((request) =>
      request.body?.includes("WebIdentity") === true ? { status: 403, body: denied } : answer(request),
    );
    const report = await look(host);
    expect(report).toMatchObject({ cause: "exchange", exitStatus: exitStatus.denied });
    expect(formatText(report)).toContain("give --trust-policy FILE");
  });

  it("say that a token is a person's", async () => {
    const azp = "32555940559.apps.googleusercontent.com";
    const host = fakeHost((request) =>
      request.url.includes("/identity?")
        ? { headers: google, body: unsignedToken({ ...CLAIMS, azp }) }
        : answer(request),
    );
    expect(stateOf(await look(host), "token")).toBe("warning");
  });

  it("print one line of JSON in plain ASCII", async () => {
    const text = formatJson(await look(fakeHost(answer)));
    expect(text).toMatch(/^[ -~]+\n$/);
    expect(JSON.parse(text)).toMatchObject({ cause: null, exitStatus: 0 });
  });

  it.each<[Record<string, string>, string | undefined]>([
    [{ AWS_ENDPOINT_URL: LOCAL }, "AWS_ENDPOINT_URL"],
    [{ AWS_ENDPOINT_URL_STS: LOCAL, AWS_ENDPOINT_URL: "https://example.com" }, "AWS_ENDPOINT_URL_STS"],
    [{ AWS_ENDPOINT_URL_STS: LOCAL, AWS_ENDPOINT_URL: LOCAL }, "AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL"],
    [{ GCP2AWS_STS_ENDPOINT: LOCAL, AWS_ENDPOINT_URL: "https://example.com" }, "GCP2AWS_STS_ENDPOINT"],
    [{ AWS_ENDPOINT_URL: LOCAL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }, undefined],
    [{ AWS_ENDPOINT_URL: "https://example.com", HTTPS_PROXY: "socks5://localhost:1080" }, undefined],
    [{}, undefined],
  ])("name the variable that the endpoint is from: %j", async (env, names) => {
    const found = await endpointAway(env);
    expect(found?.remedy?.commands).toEqual(names === undefined ? undefined : [`unset ${names}`]);
    if (names !== undefined) expect(found?.remedy?.text).toContain(`; or unset ${names.replace(" ", " and ")}, where`);
  });

  it("name the line of the profile that the endpoint is from", async () => {
    const home = mkdtempSync(join(tmpdir(), "gcp2aws-endpoint-"));
    const path = join(home, "config");
    writeFileSync(path, `[default]\nendpoint_url = ${LOCAL}\n`);
    const found = await endpointAway({ HOME: home, AWS_CONFIG_FILE: path });
    expect(found?.remedy?.text).toContain(`; or mend ${path}, line 2, where the endpoint is from`);
    rmSync(home, { recursive: true });
  });

  it.each<[string, string | undefined]>([
    ["GCP2AWS_AUDIENCE", undefined],
    ["GCP2AWS_REGION", "unset GCP2AWS_REGION"],
  ])("leave out no variable that there must be: %s", async (name, command) => {
    expect((await flagsWith(name, "x y"))?.remedy?.commands?.join()).toBe(command);
  });

  it.each(["\n", "\r\n", "\r"])("take a line break off a variable, where printing hides it: %j", async (end) => {
    const spoilt = `${CLAIMS.aud}${end}`;
    const found = await flagsWith("GCP2AWS_AUDIENCE", spoilt);
    expect(found?.evidence[0]).toContain(`"${CLAIMS.aud}" with a line break at its end: must be`);
    expect(found?.remedy?.text).toBe("take the line break off");
    const commands = [...(found?.remedy?.commands ?? []), "printenv GCP2AWS_AUDIENCE"].join("\n");
    const env = { PATH: "/usr/bin:/bin", GCP2AWS_AUDIENCE: spoilt };
    expect(execFileSync("sh", ["-c", commands], { env, encoding: "utf8" })).toBe(`${CLAIMS.aud}\n`);
  });

  it.each([undefined, '{"Role":{}}', "{", ""])(
    "say how to get the policy where there is none to look at, in JSON whatever is usual: %j",
    async (trustPolicy) => {
      const text = (await deniedWith(trustPolicy))?.remedy?.text;
      expect(text).toContain(
        "aws iam get-role --role-name RoleForAccessFromGCPTeamA --query Role.AssumeRolePolicyDocument --output json ",
      );
      expect(text).not.toContain("gcp2aws doctor");
    },
  );

  it.each<[string, object[], RegExp]>([
    [
      "a statement that may deny",
      [{ IpAddress: { "aws:SourceIp": "0.0.0.0/0" } }],
      /^look whether Statement\[1\] is why/,
    ],
    ["what is beyond the policy, where all is known", [], /^it is not the policy of that role, or/],
  ])("say of a policy that allows what AWS denied where to look: %s", async (_name, denials, text) => {
    const common = { Principal: { Federated: "accounts.google.com" }, Action: "sts:AssumeRoleWithWebIdentity" };
    const Statement = [
      { Effect: "Allow", ...common },
      ...denials.map((Condition) => ({ Effect: "Deny", ...common, Condition })),
    ];
    const found = await deniedWith(JSON.stringify({ Version: "2012-10-17", Statement }));
    expect(found?.evidence[1]).toContain("the trust policy allows this token");
    expect(found?.remedy?.text).toMatch(text);
  });

  const endpoint = { AWS_ENDPOINT_URL: "https://example.com" };
  const authorization = { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/token" };
  it.each<[Record<string, string>, string, RegExp, Record<string, string>?]>([
    [{ aws: "aws-cli/2.36.0 Python/3.13.4 Linux/6.1.0 exe/x86_64" }, "ok", /aws-cli\/2\.36\.0/],
    [{ aws: "aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0" }, "warning", /endpoint_url/, endpoint],
    [{ aws: "aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0" }, "ok", /2\.9\.19/, authorization],
    [{ python3: "1.26.27 1.30.9\n" }, "warning", /endpoint_url/, endpoint],
    [{ python3: "1.28.0 1.31.0\n" }, "ok", /boto3 1\.28\.0/, endpoint],
    [{ python3: "1.9.0 1.12.199\n" }, "warning", /AWS_WEB_IDENTITY_TOKEN_FILE/, { AWS_WEB_IDENTITY_TOKEN_FILE: "/t" }],
    [{ aws: "aws-cli/1.45.11 Python/3.11.7 botocore/1.43.11" }, "ok", /aws-cli\/1\.45\.11/],
    [{ python3: "1.43.11 1.43.11\n" }, "ok", /boto3 1\.43\.11/],
    [{ python3: "1.4.8 1.7.48\n" }, "warning", /boto3 1\.4\.8: does not know credential_process/],
    [{ python3: "1.34.40 1.34.40\n" }, "warning", /once, and not again/, authorization],
    [{ python3: "1.34.40 1.34.40\n" }, "ok", /boto3 1\.34\.40/, endpoint],
    [{ aws: "something else", python3: "Traceback" }, "skipped", /on PATH, nor an AWS SDK/],
  ])("know clients by what they say: %j is %s", async (says, state, evidence, env = {}) => {
    const found = await clientsIn(says, env);
    expect(found?.state).toBe(state);
    expect(found?.evidence.join("\n")).toMatch(evidence);
  });

  const everything = { ...endpoint, ...authorization, AWS_WEB_IDENTITY_TOKEN_FILE: "/token" };
  const [process, identity, endpoints, inFile, once] = [
    "does not know credential_process",
    "does not know AWS_WEB_IDENTITY_TOKEN_FILE",
    "reads neither AWS_ENDPOINT_URL_STS nor endpoint_url",
    "does not read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "reads the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE once, and not again",
  ] as const;
  it.each<[version: string, what: string[]]>([
    ["1.7.999", [process, identity, endpoints, inFile, once]],
    ["1.8.0", [identity, endpoints, inFile, once]],
    ["1.12.199", [identity, endpoints, inFile, once]],
    ["1.12.200", [endpoints, inFile, once]],
    ["1.30.999", [endpoints, inFile, once]],
    ["1.31.0", [inFile, once]],
    ["1.31.999", [inFile, once]],
    ["1.32.0", [once]],
    ["1.34.40", [once]],
    ["1.34.41", []],
  ])("know what botocore %s does not do", async (version, what) => {
    const found = await clientsIn({ python3: `9.9.9 ${version}\n` }, everything);
    expect(found?.evidence.slice(1)).toEqual(what.map((text) => `boto3 9.9.9: ${text}`));
  });

  it.each<[version: string, what: string[]]>([
    ["2.0.0", [endpoints]],
    ["2.12.7", [endpoints]],
    ["2.13.0", []],
  ])("know what version %s of the AWS CLI does not do", async (version, what) => {
    const found = await clientsIn({ aws: `aws-cli/${version} Python/3.11.4 Linux/6.1.0` }, everything);
    expect(found?.evidence.slice(1)).toEqual(what.map((text) => `aws-cli/${version}: ${text}`));
  });

  it("know the SDKs of the project in the current directory, and what to install instead", async () => {
    const host = fakeHost(answer, { env: everything });
    const file = (path: string, text: string) => {
      const status = { kind: "file", mode: 0o644, uid: 0, links: 1, modified: 0 } as const;
      host.files.nodes.set(path, { status, text, listening: false });
    };
    file(
      "go.mod",
      "require (\n\tgithub.com/aws/aws-sdk-go v1.55.5\n\tgithub.com/aws/aws-sdk-go-v2/config v1.18.45\n)\n",
    );
    file("Gemfile.lock", "GEM\n  specs:\n    aws-sdk-core (3.211.0)\n");
    const found = (await look(host)).checks.find(({ id }) => id === "clients");
    expect(found).toMatchObject({
      state: "warning",
      code: "LOCAL_COMMAND",
      evidence: [
        "github.com/aws/aws-sdk-go-v2/config 1.18.45 (go.mod)",
        "github.com/aws/aws-sdk-go 1.55.5 (go.mod)",
        "aws-sdk-core 3.211.0 (Gemfile.lock)",
        `github.com/aws/aws-sdk-go-v2/config 1.18.45 (go.mod): ${endpoints}`,
        `github.com/aws/aws-sdk-go-v2/config 1.18.45 (go.mod): ${inFile}`,
        `github.com/aws/aws-sdk-go 1.55.5 (go.mod): ${endpoints}, as no version of it does`,
      ],
      remedy: {
        text:
          "install a newer github.com/aws/aws-sdk-go-v2/config and " +
          "github.com/aws/aws-sdk-go-v2 in place of github.com/aws/aws-sdk-go, which is out of support",
      },
    });
  });
});

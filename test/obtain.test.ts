import { describe, expect, it } from "vitest";
import { readConfig } from "../src/config.ts";
import { type ErrorCode, formatError, Gcp2awsError } from "../src/errors.ts";
import { formatCredentialProcess } from "../src/delivery/process.ts";
import { ConnectionError, type ConnectionFailure, type HttpResponse } from "../src/host.ts";
import { obtain } from "../src/obtain.ts";
import {
  CLAIMS,
  type FakeHost,
  fakeHost,
  ROLE_ARN,
  START,
  stsErrorBody,
  stsSuccess,
  unsignedToken,
} from "./fake-host.ts";

type Answer = Partial<HttpResponse> | Error;

const flavor = { "metadata-flavor": "Google" };
const minted: Answer = { headers: flavor, body: unsignedToken(CLAIMS) };
const assumed: Answer = { headers: { date: new Date(START).toUTCString() }, body: stsSuccess() };

/** Answers in order, the last one again and again. */
function inOrder(answers: readonly Answer[]) {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)] ?? new Error("no answer planned");
}

function machine(identity: readonly Answer[], sts: readonly Answer[]): FakeHost {
  const [mint, assume] = [inOrder(identity), inOrder(sts)];
  return fakeHost((request) => (request.url.includes("computeMetadata") ? mint() : assume()));
}

const run = async (host: FakeHost, flags = {}) => {
  const config = readConfig({ roleArn: ROLE_ARN, audience: "https://aws.example.com/a?b=c&d", ...flags }, {});
  return (await obtain(config, host, host.now() + config.timeoutMs)).credentials;
};

const calls = (host: FakeHost) =>
  host.requests.map(({ url }) => (url.includes("computeMetadata") ? "identity" : "sts"));

async function failure(host: FakeHost, flags = {}): Promise<Gcp2awsError> {
  const error: unknown = await run(host, flags).then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof Gcp2awsError) return error;
  throw error;
}

describe("the pipe", () => {
  it("mints one token, exchanges it once, and prints one line", async () => {
    const host = machine([minted], [assumed]);
    const line = formatCredentialProcess(await run(host));
    expect(JSON.parse(line)).toEqual({
      Version: 1,
      AccessKeyId: "ASIAIOSFODNN7EXAMPLE",
      SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      SessionToken: "FwoGZXIvYXdzEBUaDOSY+1zJwXi29EXAMPLE==",
      Expiration: "2026-11-23T13:00:00Z",
      AccountId: "111122223333",
    });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(calls(host)).toEqual(["identity", "sts"]);
    expect(host.requests[0]).toMatchObject({
      method: "GET",
      url: "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/identity?audience=https%3A%2F%2Faws.example.com%2Fa%3Fb%3Dc%26d&format=full",
      headers: { "Metadata-Flavor": "Google" },
    });
    expect(host.requests[1]?.body).toContain("RoleSessionName=112179062720391305885&");
  });

  it.each<[string, number, string[]]>([
    ["half a minute", 30, ["identity", "identity", "sts"]],
    ["59 seconds", 59, ["identity", "identity", "sts"]],
    ["just what the way to STS may take", 60, ["identity", "identity", "sts"]],
    ["61 seconds", 61, ["identity", "sts"]],
    ["no time, as a server says that keeps it for long", -1, ["identity", "identity", "sts"]],
    ["two minutes", 120, ["identity", "sts"]],
  ])("looks at what a token has to live: %s", async (_, seconds, expected) => {
    const old: Answer = { headers: flavor, body: unsignedToken({ ...CLAIMS, exp: START / 1000 + seconds }) };
    const host = machine([old, minted], [assumed]);
    await run(host);
    expect(calls(host)).toEqual(expected);
    if (expected.length === 3) expect(host.requests[2]?.body).toContain(encodeURIComponent(String(minted.body)));
  });

  it("opens the connection to STS before it asks for the token", async () => {
    const opened: string[] = [];
    const host = machine([minted], [assumed]);
    host.preconnect = (url) => opened.push(`${url} after ${host.requests.length} requests`);
    await run(host);
    expect(opened).toEqual(["https://sts.us-east-1.amazonaws.com after 0 requests"]);
  });

  it("asks for what the flags say", async () => {
    const host = machine([minted], [assumed]);
    await run(host, {
      serviceAccount: "b@p.iam.gserviceaccount.com",
      licenses: "true",
      durationSeconds: "900",
      roleSessionName: "{email}",
      region: "eu-west-1",
    });
    expect(host.requests[0]?.url).toMatch(
      /service-accounts\/b@p\.iam\.gserviceaccount\.com\/identity\?.*&format=full&licenses=TRUE$/,
    );
    expect(host.requests[1]?.url).toBe("https://sts.eu-west-1.amazonaws.com/");
    expect(host.requests[1]?.body).toMatch(/RoleSessionName=team-a%40blog-project.*&DurationSeconds=900$/);
  });

  it("cuts fractions of a second from the expiration", async () => {
    const host = machine([minted], [{ ...assumed, body: stsSuccess({ Expiration: "2026-11-23T13:00:00.987Z" }) }]);
    expect(formatCredentialProcess(await run(host))).toContain('"Expiration":"2026-11-23T13:00:00Z"');
  });
});

const refused = new ConnectionError("refused", "connection refused");
const busy = { status: 503, body: stsErrorBody("ServiceUnavailable", "busy") };
const throttled = { status: 400, body: stsErrorBody("Throttling", "Rate exceeded") };
const expired = { status: 400, body: stsErrorBody("ExpiredTokenException", "Token expired") };

describe("what is tried again", () => {
  it("a metadata server that is not ready, for about ten seconds", async () => {
    const host = machine(
      [refused, refused, { status: 500, headers: flavor }, { status: 429, headers: flavor }, minted],
      [assumed],
    );
    await run(host);
    expect(calls(host)).toEqual(["identity", "identity", "identity", "identity", "identity", "sts"]);
    const never = machine([refused], [assumed]);
    const error = await failure(never);
    expect(error.code).toBe("IDENTITY_UNREACHABLE");
    expect(never.time - START).toBeGreaterThan(10_000);
    expect(never.time - START).toBeLessThanOrEqual(12_000);
  });

  it("STS when it is away, throttles or cannot reach Google, five times at most", async () => {
    const broken = new ConnectionError("reset", "the connection broke off");
    const host = machine(
      [minted],
      [broken, busy, throttled, { status: 400, body: stsErrorBody("IDPCommunicationError", "") }, assumed],
    );
    await run(host);
    expect(calls(host)).toEqual(["identity", "sts", "sts", "sts", "sts", "sts"]);
    const never = machine([minted], [busy]);
    expect((await failure(never)).code).toBe("STS_UNAVAILABLE");
    expect(calls(never).filter((call) => call === "sts")).toHaveLength(5);
  });

  it("with full jitter and doubling waits", async () => {
    const host = machine([minted], [busy]);
    await failure(host);
    expect(host.sleeps).toEqual([50, 100, 200, 400]);
  });

  it("not before Retry-After, and not at all when that is past the deadline", async () => {
    const host = machine([minted], [{ ...busy, headers: { "retry-after": "3" } }, assumed]);
    await run(host);
    expect(host.sleeps).toEqual([3000]);
    const late = machine([minted], [{ ...busy, headers: { "retry-after": "3600" } }, assumed]);
    expect((await failure(late)).code).toBe("STS_UNAVAILABLE");
    expect(late.sleeps).toEqual([]);
  });

  it("an expired token, minted anew once", async () => {
    const host = machine([minted], [expired, assumed]);
    await run(host);
    expect(calls(host)).toEqual(["identity", "sts", "identity", "sts"]);
    const always = machine([minted], [expired]);
    expect((await failure(always)).code).toBe("STS_TOKEN_EXPIRED");
    expect(calls(always)).toEqual(["identity", "sts", "identity", "sts"]);
  });

  it.each<[Answer, ErrorCode]>([
    [{ status: 403, body: stsErrorBody("AccessDenied", "Not authorized") }, "STS_ACCESS_DENIED"],
    [{ status: 400, body: stsErrorBody("InvalidIdentityToken", "Incorrect token audience") }, "STS_TOKEN_REJECTED"],
    [{ status: 400, body: stsErrorBody("ValidationError", "x") }, "STS_REQUEST_REJECTED"],
    [{ status: 307, headers: { location: "http://127.0.0.1/" } }, "STS_BAD_RESPONSE"],
    [new ConnectionError("tls", "TLS was refused"), "STS_TLS"],
    [new ConnectionError("too-large", "too large"), "STS_BAD_RESPONSE"],
  ])("and nothing else: %j → %s", async (answer, code) => {
    const host = machine([minted], [answer]);
    expect((await failure(host)).code).toBe(code);
    expect(calls(host)).toEqual(["identity", "sts"]);
  });

  it("never past the deadline, which each request is told", async () => {
    const host = machine([minted], [new ConnectionError("timeout", "no answer in time")]);
    host.sleep = (ms) => {
      host.time += ms + 900;
      return Promise.resolve();
    };
    expect((await failure(host, { timeout: "2" })).code).toBe("STS_TIMEOUT");
    expect(host.time - START).toBeLessThan(4000);
    expect(host.requests.every(({ timeoutMs }) => timeoutMs <= 2000)).toBe(true);
  });
});

describe("what the metadata server may answer", () => {
  it.each<[Answer, ErrorCode]>([
    [{ body: unsignedToken(CLAIMS) }, "IDENTITY_NOT_GOOGLE"],
    [{ body: unsignedToken(CLAIMS), headers: { "metadata-flavor": "Amazon" } }, "IDENTITY_NOT_GOOGLE"],
    [{ status: 404, body: "<html>404</html>" }, "IDENTITY_NOT_GOOGLE"],
    [{ status: 403, headers: flavor, body: "forbidden" }, "IDENTITY_REFUSED"],
    [{ status: 404, headers: flavor, body: "not found" }, "IDENTITY_NOT_FOUND"],
    [{ status: 400, headers: flavor, body: "non-empty audience parameter required" }, "IDENTITY_UNAVAILABLE"],
    [{ status: 302, headers: { ...flavor, location: "/x" } }, "IDENTITY_UNAVAILABLE"],
    [{ headers: flavor, body: "" }, "IDENTITY_BAD_TOKEN"],
    [{ headers: flavor, body: "<html></html>" }, "IDENTITY_BAD_TOKEN"],
    [{ headers: flavor, body: "a.b" }, "IDENTITY_BAD_TOKEN"],
    [{ headers: flavor, body: "aaaa.bbbb.cccc" }, "IDENTITY_BAD_TOKEN"],
    [{ headers: flavor, body: `x.${Buffer.from("[1]").toString("base64url")}.x` }, "IDENTITY_BAD_TOKEN"],
    [{ headers: flavor, body: `${"a".repeat(30_000)}.b.c` }, "IDENTITY_BAD_TOKEN"],
    [new ConnectionError("too-large", "too large"), "IDENTITY_NOT_GOOGLE"],
    [new ConnectionError("timeout", "no answer in time"), "IDENTITY_TIMEOUT"],
  ])("%j → %s, and STS is not asked", async (answer, code) => {
    const host = machine([answer], [assumed]);
    const error = await failure(host);
    expect(error.code).toBe(code);
    expect(error.exitStatus).toBe(3);
    expect(calls(host)).not.toContain("sts");
    expect(formatError(error)).not.toContain(CLAIMS.sub);
  });

  it.each<[ConnectionFailure]>([["refused"], ["unreachable"], ["name-not-found"]])(
    "%s: off Google Cloud, and what to do there",
    async (kind) => {
      const error = await failure(machine([new ConnectionError(kind, kind)], [assumed]));
      expect(error.hint).toContain("gcp2aws emulate");
    },
  );
});

describe("a denial", () => {
  it("shows the claims, the keys they are compared with, and never the token", async () => {
    const host = machine(
      [minted],
      [{ status: 403, body: stsErrorBody("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity") }],
    );
    const error = await failure(host);
    expect(error.exitStatus).toBe(4);
    expect(formatError(error))
      .toBe(`gcp2aws: AWS STS did not assume ${ROLE_ARN}: Not authorized to perform sts:AssumeRoleWithWebIdentity (AccessDenied) [STS_ACCESS_DENIED]
  iss    https://accounts.google.com                  → Principal {"Federated": "accounts.google.com"}
  aud    https://aws.example.com                      → accounts.google.com:oaud
  azp    112179062720391305885                        → accounts.google.com:aud
  sub    112179062720391305885                        → accounts.google.com:sub
  email  team-a@blog-project.iam.gserviceaccount.com  → accounts.google.com:email (AWS documents it both ways; use :sub)
  exp    2026-11-23T13:00:00Z (in 1 h by this machine's clock)
hint: gcp2aws doctor, with the same flags or with --profile, compares the claims with the role's trust policy (aws iam get-role --role-name RoleForAccessFromGCPTeamA) and says what to mend; a role that does not exist gets the same answer
`);
  });

  it("says that aud stands under :aud where there is no azp, and cleans claims for the terminal", async () => {
    const { azp, ...rest } = CLAIMS;
    const token = unsignedToken({ ...rest, email: "a\u001b[2Jb\nc" });
    const host = machine(
      [{ headers: flavor, body: token }],
      [{ status: 403, body: stsErrorBody("AccessDenied", "no") }],
    );
    const text = formatError(await failure(host));
    expect(azp).toBeTruthy();
    expect(text).toContain("accounts.google.com:oaud and :aud");
    expect(text).toContain("a [2Jb c");
    expect(text).not.toContain("\u001b");
    expect(text).not.toContain(token.split(".")[1]);
  });
});

describe("a clock that is wrong", () => {
  it.each([2 * 3600_000, -2 * 3600_000])("by %i ms is an error that says so", async (offset) => {
    const host = machine(
      [minted],
      [
        {
          headers: { date: new Date(START - offset).toUTCString() },
          body: stsSuccess({ Expiration: new Date(START - offset + 3600_000).toISOString() }),
        },
      ],
    );
    const error = await failure(host);
    expect(error.code).toBe("LOCAL_CLOCK");
    expect(error.message).toContain(`2 h ${offset > 0 ? "ahead of" : "behind"} AWS`);
  });

  it("is noticed by the expiration where STS sent no Date", async () => {
    const error = await failure(machine([minted], [{ body: stsSuccess({ Expiration: "2026-11-23T11:59:59Z" }) }]));
    expect(error.code).toBe("LOCAL_CLOCK");
  });

  it.each<[number, string]>([
    [600, "gcp2aws: warning: this machine's clock is 10 min ahead of AWS [LOCAL_CLOCK]\nhint: set it "],
    [-120, "gcp2aws: warning: this machine's clock is 2 min behind AWS [LOCAL_CLOCK]\nhint: set it "],
    [59, ""],
    [-59, ""],
  ])("by %i seconds is said where it is worth it", async (aheadSeconds, said) => {
    const date = new Date(START - aheadSeconds * 1000).toUTCString();
    const host = machine([minted], [{ ...assumed, headers: { date } }]);
    await expect(run(host)).resolves.toBeTruthy();
    expect(host.stderr.slice(0, said.length || undefined)).toBe(said);
  });
});

describe("fallback regions", () => {
  const flags = { region: "eu-central-1", fallbackRegion: "eu-west-1,eu-north-1" };
  const away: Answer = new ConnectionError("refused", "connection refused");
  const regionsAsked = (host: FakeHost) =>
    host.requests
      .flatMap(({ url }) => /sts\.([\w-]+)\./.exec(url)?.[1] ?? [])
      .filter((name, at, all) => name !== all[at - 1]);
  /** STS answers by the region that is asked. */
  const regional = (answers: Record<string, Answer>): FakeHost =>
    fakeHost(({ url }) => {
      if (url.includes("computeMetadata")) return minted;
      return answers[/sts\.([\w-]+)\./.exec(url)?.[1] ?? ""] ?? assumed;
    });

  it.each<[string, Answer]>([
    ["cannot be reached", away],
    ["does not answer", new ConnectionError("timeout", "no answer in time")],
    ["answers 503", { status: 503, body: "" }],
    ["cannot reach Google", { status: 400, body: stsErrorBody("IDPCommunicationError", "away") }],
  ])("are asked where the first %s", async (_name, answer) => {
    const host = regional({ "eu-central-1": answer });
    expect((await run(host, flags)).accessKeyId).toBe("ASIAIOSFODNN7EXAMPLE");
    expect(regionsAsked(host)).toEqual(["eu-central-1", "eu-west-1"]);
    expect(host.stderr).toContain("asking https://sts.eu-west-1.amazonaws.com instead");
    // One token is enough for all.
    expect(calls(host).filter((call) => call === "identity")).toHaveLength(1);
  });

  it("are asked in their order, and the last error is said", async () => {
    const host = regional({ "eu-central-1": away, "eu-west-1": away, "eu-north-1": { status: 500, body: "" } });
    expect((await failure(host, flags)).code).toBe("STS_UNAVAILABLE");
    expect(regionsAsked(host)).toEqual(["eu-central-1", "eu-west-1", "eu-north-1"]);
    expect(host.time - START).toBeLessThanOrEqual(30_000);
  });

  it.each<[string, Answer, ErrorCode]>([
    ["a denial", { status: 403, body: stsErrorBody("AccessDenied", "no") }, "STS_ACCESS_DENIED"],
    [
      "a token that is refused",
      { status: 400, body: stsErrorBody("InvalidIdentityToken", "no") },
      "STS_TOKEN_REJECTED",
    ],
    ["a certificate", new ConnectionError("tls", "TLS was refused"), "STS_TLS"],
    ["throttling", { status: 400, body: stsErrorBody("Throttling", "Rate exceeded") }, "STS_THROTTLED"],
    [
      "a region that is off",
      { status: 403, body: stsErrorBody("RegionDisabledException", "off") },
      "STS_REGION_DISABLED",
    ],
  ])("are not asked after %s", async (_name, answer, code) => {
    const host = regional({ "eu-central-1": answer });
    expect((await failure(host, flags)).code).toBe(code);
    expect(regionsAsked(host)).toEqual(["eu-central-1"]);
  });

  it("get their share of the time", async () => {
    const host: FakeHost = fakeHost(({ url, timeoutMs }) => {
      if (url.includes("computeMetadata")) return minted;
      host.time += timeoutMs;
      return new ConnectionError("timeout", "no answer in time");
    });
    expect((await failure(host, flags)).code).toBe("STS_TIMEOUT");
    expect(regionsAsked(host)).toEqual(["eu-central-1", "eu-west-1", "eu-north-1"]);
  });
});

describe("a pod whose metadata server is not ready", () => {
  const young: Answer[] = [
    new ConnectionError("refused", "connection refused"),
    { status: 404, headers: flavor, body: "not found" },
    { status: 500, headers: flavor, body: "" },
    minted,
  ];

  it("is waited for with --wait, a 404 included", async () => {
    const host = machine(young, [assumed]);
    expect((await run(host, { wait: "20s" })).accessKeyId).toBe("ASIAIOSFODNN7EXAMPLE");
  });

  it("is not waited for after a 404 without it", async () => {
    expect((await failure(machine(young, [assumed]))).code).toBe("IDENTITY_NOT_FOUND");
  });

  it("is waited for no longer than that", async () => {
    const host = machine([{ status: 404, headers: flavor, body: "no" }], []);
    expect((await failure(host, { wait: "20" })).code).toBe("IDENTITY_NOT_FOUND");
    expect(host.time - START).toBeGreaterThan(15_000);
    expect(host.time - START).toBeLessThanOrEqual(20_000);
  });

  it("cannot be waited for beyond the timeout", () => {
    expect(() => readConfig({ roleArn: ROLE_ARN, audience: "a", wait: "31s" }, {})).toThrow(
      "is longer than --timeout 30",
    );
  });
});

describe("the answers of GKE's metadata server", () => {
  const refusal = async (status: number, body: string, flags = {}) =>
    failure(machine([{ status, headers: flavor, body }], []), flags);

  it("become the commands that annotate and bind, with the names in them", async () => {
    const body =
      "Your Kubernetes service account (team-a/app) is not annotated with a target Google service account, which is a requirement";
    const { details, hint } = await refusal(404, body);
    expect(details.slice(0, 2)).toEqual([
      "kubectl annotate serviceaccount app --namespace team-a iam.gke.io/gcp-service-account=NAME@PROJECT_ID.iam.gserviceaccount.com",
      'gcloud iam service-accounts add-iam-policy-binding NAME@PROJECT_ID.iam.gserviceaccount.com --role roles/iam.workloadIdentityUser --member "serviceAccount:PROJECT_ID.svc.id.goog[team-a/app]"',
    ]);
    expect(hint).toContain("gives no identity tokens");
  });

  it("become the command that binds, for the account that was asked for", async () => {
    const body =
      "Unable to generate identity token; IAM returned 403 Forbidden: Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).";
    const email = "team-a@blog-project.iam.gserviceaccount.com";
    const { details } = await refusal(403, body, { serviceAccount: email });
    expect(details[0]).toContain(`add-iam-policy-binding ${email} --role roles/iam.workloadIdentityUser`);
  });

  it("are nothing special otherwise", async () => {
    expect((await refusal(404, "not found")).details.some((line) => line.startsWith("gcloud"))).toBe(false);
  });
});

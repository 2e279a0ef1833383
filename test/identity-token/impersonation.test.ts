import { describe, expect, it } from "vitest";
import { readTokenConfig } from "../../src/config.ts";
import { formatError, Gcp2awsError } from "../../src/errors.ts";
import { ConnectionError, type ConnectionFailure, type HttpRequest, type HttpResponse } from "../../src/host.ts";
import { openSource } from "../../src/identity-token/open-source.ts";
import { fakeHost, unsignedToken } from "../fake-host.ts";

const TARGET = "team-a@example-project.iam.gserviceaccount.com";
const BETWEEN = "between@example-project.iam.gserviceaccount.com";
const CALLER = "vm@example-project.iam.gserviceaccount.com";
const ACCESS_TOKEN = "ya29.a-secret-that-nobody-may-see";
const TOKEN = unsignedToken({ sub: "1" });
const flags = { audience: "https://aws.example.com", impersonateServiceAccount: TARGET };

type Answer = Partial<HttpResponse> | Error;
const minted: Answer = { body: JSON.stringify({ token: TOKEN }) };

function metadata({ url }: HttpRequest): Answer {
  const headers = { "metadata-flavor": "Google" };
  if (url.endsWith("/email")) return { headers, body: CALLER };
  return { headers, body: JSON.stringify({ access_token: ACCESS_TOKEN, expires_in: 3599, token_type: "Bearer" }) };
}

/** The IAM Credentials API gives these answers in order, the last one again and again. */
async function mint(answers: readonly Answer[], given: Record<string, string> = {}, env: Record<string, string> = {}) {
  let next = 0;
  const host = fakeHost((request) => {
    if (request.url.includes("computeMetadata")) return metadata(request);
    return answers[Math.min(next++, answers.length - 1)] ?? new Error("no answer planned");
  });
  const config = readTokenConfig({ ...flags, ...given }, env);
  const source = await openSource(config, host);
  const made = source(host.ticks() + config.timeoutMs);
  return { host, made, calls: () => host.requests.filter(({ url }) => url.includes("generateIdToken")) };
}

async function failure(answer: Answer, given: Record<string, string> = {}): Promise<Gcp2awsError> {
  const { made } = await mint([answer], given);
  const error: unknown = await made.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof Gcp2awsError) return error;
  throw error;
}

const refusal = (code: number, message: string, info?: object): Answer => ({
  status: code,
  body: JSON.stringify({
    error: {
      code,
      message,
      status: "X",
      ...(info && { details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", ...info }] }),
    },
  }),
});
const lacking = (permission: string) =>
  refusal(403, `Permission '${permission}' denied on resource (or it may not exist).`, {
    reason: "IAM_PERMISSION_DENIED",
    metadata: { permission },
  });

describe("impersonation", () => {
  it("asks for the token of the account with the access token of the workload", async () => {
    const { host, made } = await mint([minted]);
    expect(await made).toBe(TOKEN);
    expect(host.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token",
      `POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${TARGET}:generateIdToken`,
    ]);
    expect(host.requests[1]?.headers).toMatchObject({
      Authorization: `Bearer ${ACCESS_TOKEN}`,
      "Content-Type": "application/json",
    });
    expect(JSON.parse(host.requests[1]?.body ?? "")).toEqual({
      audience: "https://aws.example.com",
      delegates: [],
      includeEmail: true,
      useEmailAzp: false,
    });
  });

  it("goes by delegates, asks for the email in azp, and by one of several accounts", async () => {
    const given = { impersonationDelegates: `${CALLER},${BETWEEN}`, azp: "email", serviceAccount: CALLER };
    const { made, host, calls } = await mint([minted], given);
    await made;
    expect(host.requests[0]?.url).toContain(`/service-accounts/${CALLER}/token`);
    expect(JSON.parse(calls()[0]?.body ?? "")).toMatchObject({
      delegates: [`projects/-/serviceAccounts/${CALLER}`, `projects/-/serviceAccounts/${BETWEEN}`],
      useEmailAzp: true,
    });
  });

  it.each([
    ["https://iam.example.com/", "https://iam.example.com/v1/"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/"],
  ])("asks %s where gcloud would", async (url, begin) => {
    const { made, calls } = await mint([minted], {}, { CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: url });
    await made;
    expect(calls()[0]?.url).toMatch(begin);
  });

  it.each(["http://iam.example.com/", "https://user:pass@iam.example.com", "iam.example.com"])(
    "does not ask %s",
    (url) => {
      expect(() => readTokenConfig(flags, { CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: url })).toThrow(
        "must be an https URL",
      );
    },
  );

  it("goes through the proxy, and asks the metadata server without one", async () => {
    const { made, host, calls } = await mint([minted], {}, { HTTPS_PROXY: "http://proxy:3128" });
    await made;
    expect(calls()[0]?.proxy?.origin).toBe("http://proxy:3128");
    expect(host.requests[0]?.proxy).toBeUndefined();
  });

  it.each<[string, Answer]>([
    ["429", refusal(429, "Resource has been exhausted")],
    ["500", refusal(500, "Internal error encountered.")],
    ["503 that is no JSON", { status: 503, body: "<html>" }],
    ["a connection that breaks off", new ConnectionError("reset", "connection reset")],
    ["no answer in time", new ConnectionError("timeout", "timeout")],
  ])("tries again after %s", async (_, answer) => {
    const { made, calls } = await mint([answer, minted]);
    expect(await made).toBe(TOKEN);
    expect(calls()).toHaveLength(2);
    const { made: never, calls: all } = await mint([answer]);
    await expect(never).rejects.toMatchObject({ code: "IDENTITY_UNAVAILABLE", tryNextLink: false });
    expect(all()).toHaveLength(5);
  });

  it("waits as long as it is asked to, and not past the deadline", async () => {
    const { made, host } = await mint([{ ...refusal(503, "busy"), headers: { "retry-after": "7" } }, minted]);
    await made;
    expect(host.sleeps).toEqual([7_000]);
    const { made: late, calls } = await mint([{ ...refusal(503, "busy"), headers: { "retry-after": "60" } }, minted]);
    await expect(late).rejects.toMatchObject({ code: "IDENTITY_UNAVAILABLE" });
    expect(calls()).toHaveLength(1);
  });

  it.each<[string, Answer, string, RegExp]>([
    ["400", refusal(400, "Request contains an invalid argument."), "IDENTITY_REFUSED", /status 400 Request contains/],
    ["401", refusal(401, "Request had invalid credentials."), "IDENTITY_REFUSED", /default was not accepted/],
    ["404", refusal(404, "Not found; Gaia id not found"), "IDENTITY_NOT_FOUND", /status 404 Not found; Gaia/],
    [
      "a redirect",
      { status: 302, headers: { location: "https://evil.example" } },
      "IDENTITY_UNAVAILABLE",
      /not followed/,
    ],
    ["no JSON", { body: "<html>" }, "IDENTITY_BAD_TOKEN", /not a JSON object/],
    ["no token", { body: "{}" }, "IDENTITY_BAD_TOKEN", /does not hold one/],
    ["a refused certificate", new ConnectionError("tls", "self-signed"), "IDENTITY_UNAVAILABLE", /--ca-bundle/],
    ["a proxy that refuses", new ConnectionError("proxy", "407"), "IDENTITY_UNAVAILABLE", /HTTPS_PROXY/],
    [
      "too few scopes",
      refusal(403, "Request had insufficient authentication scopes.", { reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT" }),
      "IDENTITY_REFUSED",
      /set-service-account VM --scopes cloud-platform/,
    ],
    [
      "an API that is switched off",
      refusal(403, "has not been used in project 1 before or it is disabled", { reason: "SERVICE_DISABLED" }),
      "IDENTITY_REFUSED",
      /gcloud services enable iamcredentials/,
    ],
  ])("fails at once on %s", async (_, answer, code, text) => {
    const { made, calls } = await mint([answer]);
    await expect(made).rejects.toMatchObject({ code, retryable: false });
    expect(calls()).toHaveLength(1);
    expect(formatError(await failure(answer))).toMatch(text);
  });

  it("names the permission that is missing, and the command that grants it", async () => {
    const error = await failure(lacking("iam.serviceAccounts.getOpenIdToken"));
    expect(error).toMatchObject({
      code: "IDENTITY_REFUSED",
      details: [
        `gcloud iam service-accounts add-iam-policy-binding ${TARGET} --role roles/iam.serviceAccountOpenIdTokenCreator --member "serviceAccount:${CALLER}"`,
      ],
      hint: "the metadata server's default lacks iam.serviceAccounts.getOpenIdToken; it has that after this, within minutes",
    });
  });

  it("shows each step of the way", async () => {
    const error = await failure(lacking("iam.serviceAccounts.implicitDelegation"), { impersonationDelegates: BETWEEN });
    const grant = (account: string, member: string) =>
      `gcloud iam service-accounts add-iam-policy-binding ${account} --role roles/iam.serviceAccountTokenCreator --member "serviceAccount:${member}"`;
    expect(error.details).toEqual([grant(BETWEEN, CALLER), grant(TARGET, BETWEEN)]);
    expect(error.hint).toContain("iam.serviceAccounts.implicitDelegation");
  });

  it.each<[string, Answer]>([
    ["a message", refusal(403, `you sent ${ACCESS_TOKEN}`)],
    ["a permission", refusal(403, "no", { reason: "R", metadata: { permission: ACCESS_TOKEN } })],
    ["a page", { status: 500, body: `<p>Authorization: Bearer ${ACCESS_TOKEN}` }],
    ["an OAuth error", { status: 400, body: JSON.stringify({ error: ACCESS_TOKEN, error_description: ACCESS_TOKEN }) }],
  ])("shows no access token, though the answer repeats it in %s", async (_, answer) => {
    const shown = formatError(await failure(answer));
    expect(shown).not.toContain(ACCESS_TOKEN);
    expect(shown).toContain("[secret]");
  });

  it.each(["", "{}", "[]", '{"access_token":1}', '{"access_token":"a b"}', '{"access_token":"a\\r\\nb"}'])(
    "uses no access token from %j",
    async (body) => {
      const host = fakeHost(() => ({ headers: { "metadata-flavor": "Google" }, body }));
      const source = await openSource(readTokenConfig(flags, {}), host);
      await expect(source(host.ticks() + 1_000)).rejects.toMatchObject({ code: "IDENTITY_BAD_TOKEN" });
    },
  );

  it.each<ConnectionFailure>(["refused", "timeout"])("says that the metadata server is not there: %s", async (kind) => {
    const host = fakeHost(() => new ConnectionError(kind, kind));
    const source = await openSource(readTokenConfig(flags, {}), host);
    await expect(source(host.ticks() + 30_000)).rejects.toMatchObject({
      message: `no access token from the metadata server at http://169.254.169.254: ${kind}`,
      tryNextLink: true,
    });
  });
});

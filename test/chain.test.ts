// One role by another: what each is asked for, and what is said where one is not had. Stories with signatures and trust
// policies that are checked are in test/cli/roles.test.ts.
import { describe, expect, it } from "vitest";
import { readConfig } from "../src/config.ts";
import { formatError, Gcp2awsError } from "../src/errors.ts";
import type { HttpRequest, HttpResponse } from "../src/host.ts";
import { obtain } from "../src/obtain.ts";
import { CLAIMS, type FakeHost, fakeHost, START, stsErrorBody, stsSuccess, unsignedToken } from "./fake-host.ts";

const arn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const flags = {
  roleArn: arn("Last"),
  audience: "https://aws.example.com",
  via: `${arn("First")},${arn("Middle")}`,
};

const formOf = ({ body }: HttpRequest) => Object.fromEntries(new URLSearchParams(body));

/** Each role is had by whoever asks, with keys named after it, unless `refusal` has something to say to its request. */
function clouds(refusal: (role: string, request: HttpRequest) => Partial<HttpResponse> | undefined = () => undefined) {
  return fakeHost((request) => {
    if (request.url.includes("computeMetadata"))
      return { headers: { "metadata-flavor": "Google" }, body: unsignedToken(CLAIMS) };
    const { Action = "", RoleArn = "" } = formOf(request);
    const role = RoleArn.split("/").at(-1) ?? "";
    const body = stsSuccess({
      Arn: `arn:aws:sts::111122223333:assumed-role/${role}/s`,
      AccessKeyId: `ASIA${role}`,
      SessionToken: `token-of-${role}`,
    }).replaceAll("AssumeRoleWithWebIdentity", Action);
    return refusal(role, request) ?? { headers: { date: new Date(START).toUTCString() }, body };
  });
}

const ask = async (host: FakeHost, more: Record<string, string> = {}) =>
  obtain(readConfig({ ...flags, ...more }, {}), host, host.ticks() + 30_000);
const stsRequests = ({ requests }: FakeHost) => requests.filter(({ method }) => method === "POST");

describe("a chain of roles", () => {
  it("assumes each by the one before it, and hands over the last", async () => {
    const host = clouds();
    const { credentials } = await ask(host);
    expect(credentials.accessKeyId).toBe("ASIALast");
    const seen = stsRequests(host).map(({ headers, body }) => [
      formOf({ headers, body } as HttpRequest)["RoleArn"],
      /Credential=(\w+)\/\d+\/us-east-1\/sts/.exec(headers["authorization"] ?? "")?.[1],
      headers["x-amz-security-token"],
    ]);
    expect(seen).toEqual([
      [arn("First"), undefined, undefined],
      [arn("Middle"), "ASIAFirst", "token-of-First"],
      [arn("Last"), "ASIAMiddle", "token-of-Middle"],
    ]);
  });

  it("asks for each what belongs there", async () => {
    const host = clouds();
    await ask(host, {
      durationSeconds: "3600",
      policy: "{}",
      policyArn: "arn:aws:iam::aws:policy/A",
      externalId: "external",
      sourceIdentity: "{sub}",
      sessionTags: "team=a,job=7",
      transitiveTags: "team",
      roleSessionName: "{email}",
    });
    const RoleSessionName = "team-a@blog-project.iam.gserviceaccount.com";
    const common = { Version: "2011-06-15", RoleSessionName };
    const assume = { ...common, Action: "AssumeRole", ExternalId: "external" };
    expect(stsRequests(host).map(formOf)).toEqual([
      {
        ...common,
        Action: "AssumeRoleWithWebIdentity",
        RoleArn: arn("First"),
        WebIdentityToken: unsignedToken(CLAIMS),
        DurationSeconds: "900",
      },
      {
        ...assume,
        RoleArn: arn("Middle"),
        DurationSeconds: "900",
        SourceIdentity: CLAIMS.sub,
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "a",
        "Tags.member.2.Key": "job",
        "Tags.member.2.Value": "7",
        "TransitiveTagKeys.member.1": "team",
      },
      {
        ...assume,
        RoleArn: arn("Last"),
        DurationSeconds: "3600",
        Policy: "{}",
        "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/A",
        "Tags.member.1.Key": "job",
        "Tags.member.1.Value": "7",
      },
    ]);
  });

  it("is signed by AWS's clock where this machine's is off", async () => {
    const host = clouds();
    host.setAheadMs = 10 * 60_000;
    await ask(host);
    expect(stsRequests(host)[1]?.headers["x-amz-date"]).toBe("20261123T120000Z");
  });

  it("goes on in another region, and is signed for that", async () => {
    const host = clouds((role, { url }) =>
      role !== "First" && url.includes("us-east-1") ? { status: 503 } : undefined,
    );
    await ask(host, { fallbackRegion: "eu-west-1" });
    const regions = stsRequests(host).map(({ url, headers }) => [
      /sts\.([\w-]+)\./.exec(url)?.[1],
      /\/([\w-]+)\/sts\//.exec(headers["authorization"] ?? "")?.[1],
    ]);
    expect(regions).toContainEqual(["eu-west-1", "eu-west-1"]);
    for (const [asked, signed = asked] of regions) expect(signed).toBe(asked);
  });

  const states = (...texts: string[]) => ["First", "Middle", "Last"].map((role, at) => `${arn(role)}: ${texts[at]}`);
  it.each<[string, string, RegExp, string[]]>([
    ["First", "AccessDenied", /compares the claims/, states("not assumed", "not tried", "not tried")],
    ["Middle", "AccessDenied", /role-name Middle/, states("assumed", "not assumed", "not tried")],
    ["Last", "AccessDenied", /role-name Last/, states("assumed", "assumed", "not assumed")],
    ["Last", "ValidationError", /MaxSessionDuration/, states("assumed", "assumed", "not assumed")],
  ])("refused at %s with %s: says where", async (at, code, hint, hops) => {
    const refused = { status: 403, body: stsErrorBody(code, "no, token-of-Middle token-of-First") };
    const host = clouds((role) => (role === at ? refused : undefined));
    const error: unknown = await ask(host).catch((thrown: unknown) => thrown);
    if (!(error instanceof Gcp2awsError)) throw error;
    expect(error.message).toContain(`AWS STS did not assume ${arn(at)}: no`);
    expect(error.hint).toMatch(hint);
    expect(error.details.slice(-3)).toEqual(hops.map((text, hop) => `hop ${hop + 1} of 3: ${text}`));
    if (at !== "First") expect(formatError(error)).not.toContain(at === "Last" ? "token-of-Middle" : "token-of-First");
  });
});

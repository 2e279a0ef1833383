import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeTrust, type RoleRequest } from "../../src/doctor/trust.ts";
import { CLAIMS } from "../fake-host.ts";

const request: RoleRequest = {
  claims: CLAIMS,
  roleName: "Team",
  accountId: "111122223333",
  sessionName: "x",
  choosesAudience: true,
};
const G = "accounts.google.com";
const statement = (condition: object, others: object = {}) => ({
  Effect: "Allow",
  Principal: { Federated: G },
  Action: "sts:AssumeRoleWithWebIdentity",
  Condition: condition,
  ...others,
});
const policy = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const equals = (keys: Record<string, string>) => statement({ StringEquals: keys });
const wishes = (keys: string) =>
  `the token fits, but Statement[0] also wants ${keys}, which no token says: meet that, or have it taken out`;
/** The policy that a remedy's command would set. */
const documentIn = (command: string | undefined): string =>
  /--policy-document '(.*)'$/.exec(command ?? "")?.[1]?.replaceAll(String.raw`'\''`, "'") ?? "";

describe("a trust policy held against a token", () => {
  it("allows what fits", () => {
    const fits = policy(equals({ [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: CLAIMS.aud, [`${G}:aud`]: CLAIMS.azp }));
    expect(judgeTrust(fits, request).decision).toBe("allowed");
  });

  it.each<[string, object, RegExp]>([
    ["the audience under :aud", equals({ [`${G}:aud`]: CLAIMS.aud }), /belongs under accounts\.google\.com:oaud/],
    [
      "azp under :oaud",
      equals({ [`${G}:oaud`]: CLAIMS.azp }),
      /the numeric ID belongs under accounts\.google\.com:sub and accounts\.google\.com:aud/,
    ],
    [
      "the email under :sub",
      equals({ [`${G}:sub`]: CLAIMS.email }),
      /is compared with the numeric ID 112179062720391305885/,
    ],
    ["a wildcard", equals({ [`${G}:sub`]: "1*" }), /takes \* and \? as they stand/],
    ["a slash", equals({ [`${G}:oaud`]: `${CLAIMS.aud}/` }), /differ in the slash at the end alone/],
    ["no such key", equals({ [`${G}:iss`]: "x" }), /there is no key accounts\.google\.com:iss/],
    [
      "another provider's key",
      equals({ "example.com:sub": CLAIMS.sub }),
      /this token's begin with accounts\.google\.com:/,
    ],
    [
      "what is not known here",
      statement({ IpAddress: { "aws:SourceIp": "10.0.0.0/8" } }),
      /every request has aws:SourceIp/,
    ],
    [
      "another principal",
      statement({}, { Principal: { AWS: "111122223333" } }),
      /Principal is AWS 111122223333, the request has Federated accounts\.google\.com: the statement is for callers/,
    ],
    [
      "another action",
      statement({}, { Action: "sts:AssumeRole" }),
      /Action is sts:AssumeRole, the request has sts:AssumeRoleWithWebIdentity/,
    ],
  ])("says what is wrong: %s", (_name, wrong, reason) => {
    const { decision, reasons } = judgeTrust(policy(wrong), request);
    expect(decision).toBe("denied");
    expect(reasons.join("\n")).toMatch(reason);
  });

  it("says which statement denies, and takes nothing out by itself", () => {
    const { reasons, remedy } = judgeTrust(
      policy(equals({ [`${G}:sub`]: CLAIMS.sub }), statement({}, { Effect: "Deny", Sid: "Not" })),
      request,
    );
    expect(reasons).toEqual(['Statement[1] "Not" denies this token, whatever the others allow']);
    expect(remedy?.commands).toBeUndefined();
  });

  it("asks for another audience where that is all, and the audience can be chosen", () => {
    const wants = policy(equals({ [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: "https://other.example.com" }));
    expect(judgeTrust(wants, request).remedy?.flags).toEqual({ audience: "https://other.example.com" });
    expect(judgeTrust(wants, { ...request, choosesAudience: false }).remedy?.flags).toBeUndefined();
  });

  it.each([
    ['{"Statement":[]}', "Statement must not be empty"],
    ["{", "it is not JSON"],
    ['{"Statement":{"Effect":"Allow","Action":"sts:*"}}', "Statement.0 needs a Principal"],
  ])("knows what is no policy: %s", (text, reason) => {
    const { decision, reasons } = judgeTrust(text, request);
    expect(decision).toBe("invalid");
    expect(reasons.join()).toContain(`the trust policy is none that IAM takes: ${reason}`);
  });

  it("holds the provider of another account for none of this one's", () => {
    const claims = { ...CLAIMS, iss: "https://container.googleapis.com/v1/projects/p" };
    const arn = (account: string) => `arn:aws:iam::${account}:oidc-provider/container.googleapis.com/v1/projects/p`;
    const trusts = (account: string) => policy(statement({}, { Principal: { Federated: arn(account) } }));
    expect(judgeTrust(trusts(request.accountId), { ...request, claims }).decision).toBe("allowed");
    expect(judgeTrust(trusts("999900001111"), { ...request, claims }).reasons).toEqual([
      `Statement[0]: Principal is Federated ${arn("999900001111")}, the request has Federated ${arn(request.accountId)}: the provider of this issuer is arn:aws:iam::ACCOUNT:oidc-provider/container.googleapis.com/v1/projects/p`,
    ]);
  });

  it("adds a statement where none names the token, and leaves those of others as they are", () => {
    const others = { Principal: { Federated: G, AWS: "arn:aws:iam::111122223333:role/B" }, Sid: "TeamB" };
    const theirs = statement(
      { StringEquals: { [`${G}:sub`]: "1" } },
      { ...others, Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"] },
    );
    const [command] = judgeTrust(policy(theirs), request).remedy?.commands ?? [];
    const { Statement: written } = JSON.parse(documentIn(command)) as { Statement: object[] };
    expect(written).toEqual([
      theirs,
      equals({ [`${G}:sub`]: CLAIMS.sub, [`${G}:aud`]: CLAIMS.azp, [`${G}:oaud`]: CLAIMS.aud }),
    ]);
  });

  it("mends the statement that names the token, and keeps of it what fits and what is not about the token", () => {
    const own = statement(
      {
        StringEquals: { [`${G}:sub`]: CLAIMS.sub, [`${G}:aud`]: CLAIMS.aud, [`${G}:email`]: CLAIMS.email },
        NotIpAddress: { "aws:SourceIp": "192.0.2.1" },
      },
      { Sid: "Own", Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"] },
    );
    const [command] = judgeTrust(policy(equals({ [`${G}:sub`]: "1" }), own), request).remedy?.commands ?? [];
    const { Statement: written } = JSON.parse(documentIn(command)) as { Statement: object[] };
    expect(written).toEqual([
      equals({ [`${G}:sub`]: "1" }),
      {
        ...own,
        Condition: {
          StringEquals: {
            [`${G}:sub`]: CLAIMS.sub,
            [`${G}:aud`]: CLAIMS.azp,
            [`${G}:oaud`]: CLAIMS.aud,
            [`${G}:email`]: CLAIMS.email,
          },
          NotIpAddress: { "aws:SourceIp": "192.0.2.1" },
        },
      },
    ]);
  });

  it.each([
    ["another identity stands beside it", { [`${G}:sub`]: [CLAIMS.sub, "1"], [`${G}:aud`]: CLAIMS.aud }],
    ["only the audience is another", { [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: ["https://a", "https://b"] }],
  ])("leaves a statement that may let others in: %s", (_name, keys) => {
    const theirs = statement({ StringEquals: keys });
    const [command] = judgeTrust(policy(theirs), { ...request, choosesAudience: false }).remedy?.commands ?? [];
    const { Statement: written } = JSON.parse(documentIn(command)) as { Statement: object[] };
    expect(written).toHaveLength(2);
    expect(written[0]).toEqual(theirs);
    expect(judgeTrust(documentIn(command), request).decision).toBe("allowed");
  });

  it("does not advise to take out what denies by something that is not known here", () => {
    const deny = statement({ NotIpAddress: { "aws:SourceIp": "192.0.2.0/24" } }, { Effect: "Deny", Principal: "*" });
    const { reasons, remedy } = judgeTrust(policy(equals({ [`${G}:sub`]: CLAIMS.sub }), deny), request);
    expect(reasons[1]).toContain("every request has aws:SourceIp");
    expect(remedy).toEqual({
      text: "look whether this workload is what that statement is against: it depends on aws:SourceIp, which is not known here",
    });
  });

  it.each<[string, object, object]>([
    [
      "the session's name",
      { StringEquals: { "sts:RoleSessionName": "ci-bot" } },
      { text: "ask for the session name that the role wants", flags: { "role-session-name": "ci-bot" } },
    ],
    ["a pattern of it", { StringLike: { "sts:RoleSessionName": "ci-*" } }, { text: wishes("sts:RoleSessionName") }],
    ["a time that is over", { DateLessThan: { "aws:CurrentTime": "2020-01-01" } }, { text: wishes("aws:CurrentTime") }],
    [
      "MFA and an address",
      { Bool: { "aws:MultiFactorAuthPresent": "true" }, IpAddress: { "aws:SourceIp": "192.0.2.0/24" } },
      { text: wishes("aws:MultiFactorAuthPresent, aws:SourceIp") },
    ],
  ])("changes no policy for what no token says: %s", (_name, condition, remedy) => {
    const fits = { StringEquals: { [`${G}:sub`]: CLAIMS.sub } };
    const both = {
      ...fits,
      ...condition,
      ...("StringEquals" in condition && {
        StringEquals: { ...fits.StringEquals, ...(condition["StringEquals"] as object) },
      }),
    };
    expect(judgeTrust(policy(statement(both)), { ...request, now: 1.7e12 }).remedy).toEqual(remedy);
  });

  it("reads time and TLS as evaluate does", () => {
    const known = {
      StringEquals: { [`${G}:sub`]: CLAIMS.sub },
      Bool: { "aws:SecureTransport": "true" },
      DateGreaterThan: { "aws:CurrentTime": "2020-01-01" },
    };
    expect(judgeTrust(policy(statement(known)), { ...request, now: 1.7e12 }).decision).toBe("allowed");
  });

  it("keeps conditions that are not on the token", () => {
    const old = statement({ StringEquals: { [`${G}:sub`]: CLAIMS.email, "sts:RoleSessionName": "x" } });
    const [command] = judgeTrust(policy(old), request).remedy?.commands ?? [];
    expect(JSON.parse(documentIn(command))).toMatchObject({
      Statement: [{ Condition: { StringEquals: { "sts:RoleSessionName": "x", [`${G}:sub`]: CLAIMS.sub } } }],
    });
  });

  const address = { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } };
  const stranger = "112179062720391309999";
  const shared = {
    StringEquals: { [`${G}:aud`]: [CLAIMS.sub, stranger], [`${G}:oaud`]: "https://other.example.com" },
    ...address,
  };
  const alone = { StringEquals: { [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: "https://other.example.com" }, ...address };

  it.each([
    ["of several identities", shared],
    ["of this one", alone],
  ])("asks for another audience beside what is not known here: a statement %s", (_name, condition) => {
    const { remedy } = judgeTrust(policy(statement(condition)), request);
    expect(remedy?.flags).toEqual({ audience: "https://other.example.com" });
    expect(remedy?.commands).toBeUndefined();
  });

  it.each<[string, object, object]>([
    ["several identities, at an address", shared, address],
    ["this identity, with another audience, at an address", alone, address],
    [
      "another identity by its azp",
      { StringEquals: { [`${G}:sub`]: CLAIMS.email, [`${G}:aud`]: [CLAIMS.sub, stranger] } },
      {},
    ],
    ["another identity by its email", { StringEquals: { [`${G}:sub`]: CLAIMS.email, [`${G}:email`]: "x@y.z" } }, {}],
    [
      "an OAuth client",
      { StringEquals: { [`${G}:sub`]: CLAIMS.sub, [`${G}:aud`]: "1-a.apps.googleusercontent.com" } },
      {},
    ],
    ["everybody but this identity", { StringNotEquals: { [`${G}:sub`]: CLAIMS.sub } }, {}],
    ["what is no key of this issuer", { StringEquals: { "example.com:sub": CLAIMS.sub } }, {}],
    [
      "this identity's tokens of another make",
      { StringEquals: { [`${G}:sub`]: CLAIMS.sub, [`${G}:aud`]: CLAIMS.email } },
      {},
    ],
    [
      "this identity's tokens that say their organization",
      { StringEquals: { [`${G}:sub`]: CLAIMS.sub, [`${G}:google/organization_number`]: "1" } },
      {},
    ],
    [
      "this identity's tokens without an email",
      {
        StringEquals: { [`${G}:sub`]: CLAIMS.sub },
        StringEqualsIfExists: { [`${G}:email`]: "112179062720391305885" },
      },
      {},
    ],
  ])("adds a statement beside one for %s", (_name, condition, kept) => {
    const theirs = statement(condition);
    const { remedy } = judgeTrust(policy(theirs), { ...request, choosesAudience: false });
    expect(remedy?.text).toContain("one statement more");
    const { Statement: written } = JSON.parse(documentIn(remedy?.commands?.[0])) as { Statement: object[] };
    expect(written).toEqual([
      theirs,
      statement({
        ...kept,
        StringEquals: { [`${G}:sub`]: CLAIMS.sub, [`${G}:aud`]: CLAIMS.azp, [`${G}:oaud`]: CLAIMS.aud },
      }),
    ]);
  });

  it("adds a statement beside one for another audience of a cluster's tokens", () => {
    const issuer = "container.googleapis.com/v1/projects/p";
    const claims = { iss: `https://${issuer}`, sub: "system:serviceaccount:prod:app", aud: "sts.amazonaws.com" };
    const principal = { Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${issuer}` } };
    const pod = (aud: string) =>
      statement({ StringEquals: { [`${issuer}:sub`]: claims.sub, [`${issuer}:aud`]: aud } }, principal);
    const { remedy } = judgeTrust(policy(pod("https://x.example.com")), { ...request, claims });
    const { Statement: written } = JSON.parse(documentIn(remedy?.commands?.[0])) as { Statement: object[] };
    expect(written).toEqual([pod("https://x.example.com"), pod(claims.aud)]);
  });

  it.each<[string, object, object]>([
    ["a source identity", { Action: "sts:SetSourceIdentity" }, { "sts:SourceIdentity": CLAIMS.sub }],
    ["the session of a token", { Action: "sts:AssumeRole" }, { [`${G}:sub`]: CLAIMS.sub }],
    ["both ways", { Action: ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"] }, { [`${G}:sub`]: CLAIMS.sub }],
    ["all ways but one", { Action: undefined, NotAction: "sts:TagSession" }, { [`${G}:sub`]: CLAIMS.sub }],
  ])("leaves a role chain's statement as it is: %s", (_name, others, condition) => {
    const chained = statement(
      { StringEquals: condition },
      { Principal: { AWS: "arn:aws:iam::111122223333:role/App" }, ...others },
    );
    const { remedy } = judgeTrust(policy(chained), request);
    expect(remedy?.text).toContain("one statement more");
    const corrected = documentIn(remedy?.commands?.[0]);
    expect((JSON.parse(corrected) as { Statement: object[] }).Statement[0]).toEqual(
      JSON.parse(JSON.stringify(chained)),
    );
    expect(judgeTrust(corrected, request).decision).toBe("allowed");
  });

  it.each([
    ["what no token has", { StringEquals: { "sts:SourceIdentity": CLAIMS.sub } }, "sts:SourceIdentity"],
    ["a time that is over", { DateLessThan: { "aws:CurrentTime": "2020-01-01" } }, "aws:CurrentTime"],
  ])("corrects no policy past what its author wants besides: %s", (_name, condition, key) => {
    const wants = statement({ StringEqualsIgnoreCase: { [`${G}:sub`]: CLAIMS.email }, ...condition });
    expect(judgeTrust(policy(wants), { ...request, now: 1.7e12 }).remedy).toEqual({
      text: `Statement[0] is for this identity, but also wants ${key}, which no token says: meet that, or have it taken out`,
    });
  });

  it("corrects no policy where a statement further off is met at some address", () => {
    const here = statement({
      StringEquals: { [`${G}:sub`]: CLAIMS.sub, "aws:SourceVpc": "vpc-1" },
      ...address,
    });
    const { remedy } = judgeTrust(policy(equals({ [`${G}:sub`]: "1" }), here), request);
    expect(remedy).toEqual({ text: wishes("aws:SourceVpc, aws:SourceIp").replace("[0]", "[1]") });
  });

  it.each<[string, object[], string]>([
    [
      "everybody of an organization, nearest",
      [statement({ StringEquals: { "aws:PrincipalOrgID": "o-1" } }, { Principal: "*", Action: "sts:*" })],
      "one statement more",
    ],
    [
      "MFA, further off",
      [
        statement({
          StringEquals: { [`${G}:sub`]: CLAIMS.sub },
          Bool: { "aws:MultiFactorAuthPresent": "true" },
          NumericLessThan: { "aws:MultiFactorAuthAge": "60" },
        }),
        equals({ [`${G}:sub`]: CLAIMS.email }),
      ],
      "Statement[1] mended",
    ],
  ])("corrects a policy whatever a statement wants that no token can meet: %s", (_name, statements, change) => {
    const { remedy } = judgeTrust(policy(...statements), request);
    expect(remedy?.text).toContain(change);
    expect(judgeTrust(documentIn(remedy?.commands?.[0]), request).decision).toBe("allowed");
  });

  const looks = (subject: string, key: string) =>
    `look whether ${subject} is why: it depends on ${key}, which is not known here, and CloudTrail of the role's account has the call; if this workload is meant to get in, change that condition or leave it out`;
  const own = equals({ [`${G}:sub`]: CLAIMS.sub });
  const deny = (condition: object) => statement(condition, { Effect: "Deny", Principal: "*", Sid: "No" });

  it.each<[string, object[], string[], string | undefined]>([
    [
      "an address that is denied",
      [own, deny({ ...address, StringEquals: { [`${G}:sub`]: CLAIMS.sub } })],
      [
        "the trust policy allows this token, as far as is known here",
        'Statement[1] "No" denies it where IpAddress aws:SourceIp is 192.0.2.0/24: that is not known here',
      ],
      looks('Statement[1] "No"', "aws:SourceIp"),
    ],
    [
      "an address that is not allowed",
      [statement({ NotIpAddress: { "aws:SourceIp": ["192.0.2.1", "192.0.2.2"] } })],
      [
        "the trust policy allows this token, as far as is known here",
        "Statement[0] allows it where NotIpAddress aws:SourceIp is 192.0.2.1 or 192.0.2.2: that is not known here",
      ],
      looks("Statement[0]", "aws:SourceIp"),
    ],
    [
      "what another statement allows anywhere",
      [own, statement({ NotIpAddress: { "aws:SourceIp": "192.0.2.1" } })],
      ["the trust policy allows this token"],
      undefined,
    ],
    [
      "what no token's exchange has, another identity, another action",
      [
        own,
        deny({ ArnLike: { "aws:PrincipalArn": "*" } }),
        { ...deny({ ...address, StringEquals: { [`${G}:sub`]: "1" } }), Sid: "A" },
        { ...deny(address), Action: "sts:AssumeRole", Sid: "B" },
        { ...deny({ StringLike: { "aws:RequestTag/team": "*" } }), Sid: "C" },
      ],
      ["the trust policy allows this token"],
      undefined,
    ],
  ])("says what may deny all the same: %s", (_name, statements, reasons, text) => {
    const verdict = judgeTrust(policy(...statements), request);
    expect(verdict).toEqual({
      decision: "allowed",
      reasons,
      remedy: text === undefined ? undefined : { text },
    });
  });

  it("looks past a denial that is not known at what else is missing", () => {
    const wants = equals({ [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: "https://other.example.com" });
    const { reasons, remedy } = judgeTrust(
      policy(wants, deny({ NotIpAddress: { "aws:SourceIp": "192.0.2.0/24" } })),
      request,
    );
    expect(reasons).toEqual([
      `Statement[0]: StringEquals ${G}:oaud is https://other.example.com, the request has ${CLAIMS.aud}`,
      'Statement[1] "No" denies it where NotIpAddress aws:SourceIp is 192.0.2.0/24: that is not known here',
    ]);
    expect(remedy?.flags).toEqual({ audience: "https://other.example.com" });
  });

  it.each<[string, string | string[], string | undefined]>([
    ["a variable that the token fills", `\${${G}:sub}`, CLAIMS.sub],
    ["one that it does not", "${aws:username}", undefined],
    ["one that it fills with what is no name", `\${${G}:oaud}`, undefined],
    ["the first of several that is one", ["${aws:username}", "ci*", "ci-bot"], "ci-bot"],
  ])("asks for a session name that can be given: %s", (_name, name, flag) => {
    const wants = statement({ StringEquals: { [`${G}:sub`]: CLAIMS.sub, "sts:RoleSessionName": name } });
    const { remedy } = judgeTrust(policy(wants), request);
    expect(remedy).toEqual(
      flag === undefined
        ? { text: wishes("sts:RoleSessionName") }
        : { text: "ask for the session name that the role wants", flags: { "role-session-name": flag } },
    );
  });

  it("asks for no audience that is denied, or whose variable has no value", () => {
    const wants = equals({ [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: "https://other.example.com" });
    const not = deny({ StringEquals: { [`${G}:oaud`]: "https://other.example.com" } });
    expect(judgeTrust(policy(wants, not), request).remedy?.flags).toBeUndefined();
    const variable = equals({ [`${G}:sub`]: CLAIMS.sub, [`${G}:oaud`]: "${aws:username}" });
    expect(judgeTrust(policy(variable), request).remedy?.flags).toBeUndefined();
  });

  it("corrects any policy so that it takes this token, and none that differs in a claim", () => {
    const value = fc.constantFrom(CLAIMS.sub, CLAIMS.email, CLAIMS.aud, "1", "it's", "*");
    const keys = fc.dictionary(fc.constantFrom(`${G}:sub`, `${G}:aud`, `${G}:oaud`, `${G}:azp`, "x:sub"), value);
    const others = fc.record(
      {
        Principal: fc.constantFrom({ Federated: `https://${G}` }, { AWS: "*" }, { Federated: G }),
        Action: fc.constantFrom("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"),
      },
      { requiredKeys: [] },
    );
    const statements = fc.array(
      fc.tuple(keys, others).map(([map, other]) => statement({ StringEquals: map }, other)),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(statements, (list) => {
        const { decision, remedy } = judgeTrust(policy(...list), { ...request, choosesAudience: false });
        if (decision === "allowed") return;
        const corrected = documentIn(remedy?.commands?.[0]);
        expect(judgeTrust(corrected, request).decision).toBe("allowed");
        for (const claim of ["sub", "azp", "aud", "iss"]) {
          const other = { ...request, claims: { ...CLAIMS, [claim]: `${CLAIMS.sub}0` } };
          expect(judgeTrust(corrected, other).decision, claim).toBe("denied");
        }
      }),
    );
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, entries, FLAGS, ROLE, run } from "./run.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

const SUB = "100111222333444555666";
const ASSUMED = `arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/${SUB}`;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

describe.each(entries)("whoami, $name", (entry) => {
  const whoami = async (argv: readonly string[], env: Record<string, string> = cloud.env, own: Cloud = cloud) => {
    const result = await run(entry, ["whoami", ...FLAGS.slice(1), ...argv], { env, secrets: own.secrets });
    for (const secret of own.secrets.result) expect(result.stdout).not.toContain(secret);
    return result;
  };

  it("shows both sides", async () => {
    const { status, stdout, stderr } = await whoami([]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const url = cloud.aws.url.replaceAll(".", String.raw`\.`);
    expect(stdout).toMatch(
      new RegExp(
        `^Google
  subject     ${SUB}  → accounts\\.google\\.com:sub
  email       team-a@example-project\\.iam\\.gserviceaccount\\.com
  azp         ${SUB}  → accounts\\.google\\.com:aud
  audience    https://aws\\.example\\.com  → accounts\\.google\\.com:oaud
  project     example-project \\(123456789012\\)
  instance    instance-1 \\(5055893581146000589\\) in us-central1-a
  token ends  [0-9TZ:-]+, in (1 h|59 min)
  token from  metadata server, default: nothing else is set
  and not     impersonation: .* is not set
              file: .* is not set
              command: .* is not set
              variable: GCP2AWS_IDENTITY_TOKEN is not set
              application-default: GOOGLE_APPLICATION_CREDENTIALS is not set

AWS
  account     111122223333
  ARN         ${ASSUMED}
  user ID     AROA\\w+:${SUB}
  region      us-east-1 \\(${url}\\)
  credentials new
  they end    [0-9TZ:-]+, in (1 h|59 min)
$`,
      ),
    );
  });

  it("says it for programs in one line, and where the credentials came from", async () => {
    const env = { ...cloud.env, ...cleanEnv(), GCP2AWS_CACHE: "on" };
    const first = await whoami(["--json"], env);
    expect(first).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^\{[^\n]*\}\n$/) });
    expect(JSON.parse(first.stdout)).toEqual({
      google: {
        iss: "https://accounts.google.com",
        sub: SUB,
        azp: SUB,
        aud: AUDIENCE,
        email: "team-a@example-project.iam.gserviceaccount.com",
        project_id: "example-project",
        project_number: "123456789012",
        instance_id: "5055893581146000589",
        instance_name: "instance-1",
        zone: "us-central1-a",
        expiration: time,
        secondsLeft: expect.closeTo(3590, -2),
        source: { why: "metadata server, default: nothing else is set", others: expect.any(Array) },
      },
      aws: {
        accountId: "111122223333",
        arn: ASSUMED,
        userId: expect.stringMatching(/^AROA/),
        region: "us-east-1",
        stsEndpoint: cloud.aws.url,
        source: "new",
        expiration: time,
        secondsLeft: expect.closeTo(3590, -2),
      },
    });
    expect(JSON.parse((await whoami(["--json"], env)).stdout).aws.source).toBe("cache");
    expect((await whoami([], env)).stdout).toMatch(/ {2}credentials from the cache, \d+ s old\n/);
  });

  it("shows the Google side when AWS refuses, then why, with the error's status", async () => {
    const account = ["--service-account", "team-b@example-project.iam.gserviceaccount.com"];
    const { status, stdout, stderr } = await whoami(account);
    expect(status).toBe(4);
    expect(stdout).toMatch(
      /^Google\n {2}subject .*\n {2}email {7}team-b@[\s\S]*\nAWS\n {2}not known, see the error\n$/,
    );
    expect(stderr).toContain("[STS_ACCESS_DENIED]");
    const json = await whoami(["--json", ...account]);
    expect(json.status).toBe(4);
    expect(JSON.parse(json.stdout)).toMatchObject({
      google: { email: "team-b@example-project.iam.gserviceaccount.com" },
      aws: { error: { code: "STS_ACCESS_DENIED", message: expect.stringContaining("Not authorized") } },
    });
  });

  it("says once that the metadata server is away", async () => {
    const env = { ...cloud.env, GCE_METADATA_HOST: "127.0.0.1:9" };
    const { status, stdout, stderr } = await whoami(["--timeout", "3"], env);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr.split("[IDENTITY_UNREACHABLE]").length).toBe(2);
    expect(JSON.parse((await whoami(["--timeout", "3", "--json"], env)).stdout)).toMatchObject({
      google: { error: { code: "IDENTITY_UNREACHABLE" } },
      aws: { error: { code: "IDENTITY_UNREACHABLE" } },
    });
  });

  it("shows the AWS side by the cache when the metadata server is away", async () => {
    const own = await startCloud();
    const env = { ...own.env, ...cleanEnv(), GCP2AWS_CACHE: "on" };
    await run(entry, FLAGS, { env: env });
    await own.metadata.close();
    const { status, stdout, stderr } = await whoami(["--timeout", "1"], env, own);
    await own.close().catch(() => {});
    expect(status).toBe(3);
    expect(stdout).toMatch(/^Google\n {2}not known, see the error\n\nAWS\n {2}account {5}111122223333\n/);
    expect(stderr).toContain("[IDENTITY_UNREACHABLE]");
  });

  it("shows what it knows of credentials that AWS does not take any more", async () => {
    const own = await startCloud();
    const env = { ...own.env, ...cleanEnv(), GCP2AWS_CACHE: "on" };
    await run(entry, FLAGS, { env });
    const result = await whoami(["--region", "eu-west-1"], env, own);
    await own.close();
    expect(result.status).toBe(4);
    expect(result.stdout).toMatch(/\nAWS\n {2}region {6}eu-west-1 \(.*\)\n {2}credentials new\n {2}they end /);
    expect(result.stderr).toContain("AWS STS did not say whose credentials these are: Credential should be scoped");
    expect(result.stderr).toContain("hint: --region must be the region of the endpoint");
  });

  it("needs role and audience", async () => {
    const { status, stderr } = await run(entry, ["whoami", "--role-arn", ROLE], { env: cloud.env });
    expect(status).toBe(2);
    expect(stderr).toContain("--audience is missing [USAGE_MISSING_FLAG]");
  });
});

// Refusals by the emulated AWS, as the command tells them.
import { afterEach, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, credentialProcessEntries, FLAGS, ROLE, run } from "./run.ts";

const running: Cloud[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((cloud) => cloud.close()));
});

async function cloudWith(faults: readonly string[] = []): Promise<Cloud> {
  const cloud = await startCloud({ faults });
  running.push(cloud);
  return cloud;
}

describe.each(credentialProcessEntries)("refused, $name", (entry) => {
  const story = async (argv: readonly string[], faults?: readonly string[]) => {
    const cloud = await cloudWith(faults);
    return { cloud, ...(await run(entry, argv, { env: cloud.env, secrets: cloud.secrets })) };
  };

  it.each<[string, string[], number, string, string]>([
    [
      "the wrong audience",
      ["credential-process", "--role-arn", ROLE, "--audience", "https://wrong.example.com"],
      4,
      "STS_ACCESS_DENIED",
      "aud    https://wrong.example.com ",
    ],
    [
      "the wrong service account",
      [...FLAGS, "--service-account", "team-b@example-project.iam.gserviceaccount.com"],
      4,
      "STS_ACCESS_DENIED",
      "team-b@example-project",
    ],
    [
      "a role that does not exist",
      ["credential-process", "--role-arn", `${ROLE}X`, "--audience", AUDIENCE],
      4,
      "STS_ACCESS_DENIED",
      "a role that does not exist gets the same answer",
    ],
    [
      "a session longer than the role allows",
      [...FLAGS, "--duration-seconds", "43200"],
      4,
      "STS_REQUEST_REJECTED",
      "DurationSeconds exceeds the MaxSessionDuration",
    ],
    [
      "a service account that the VM does not have",
      [...FLAGS, "--service-account", "nobody@blog-project.iam.gserviceaccount.com"],
      3,
      "IDENTITY_NOT_FOUND",
      "give its email as --service-account",
    ],
  ])("%s", async (_name, argv, status, code, text) => {
    const result = await story(argv);
    expect(result).toMatchObject({ status, stdout: "" });
    expect(result.stderr).toContain(`[${code}]`);
    expect(result.stderr).toContain(text);
    expect(result.stderr.split("\n").length).toBeLessThanOrEqual(9);
  });

  it("a token that has expired is minted anew once, and then explained", async () => {
    const { status, stdout, stderr, cloud } = await story(FLAGS, ["metadata:clock-skew=-7200"]);
    expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
    expect(stderr).toContain("Token expired");
    expect(stderr).toContain("[STS_TOKEN_EXPIRED]");
    expect(stderr).toMatch(/exp .* \(1 h ago by this machine's clock\)/);
    expect([cloud.metadata.requests.length, cloud.aws.requests.length]).toEqual([2, 1]);
  });

  it("a machine whose clock is two hours behind both clouds", async () => {
    const { status, stdout, stderr } = await story(FLAGS, ["metadata:clock-skew=7200", "sts:clock-skew=7200"]);
    expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
    expect(stderr).toContain("this machine's clock is 2 h behind AWS [LOCAL_CLOCK]");
  });
});

describe.each(credentialProcessEntries)("in bad weather, $name", (entry) => {
  it.each<[string, string[]]>([
    ["a metadata server that is not ready", ["metadata:status=503@2"]],
    ["a metadata server that hangs up", ["metadata:drop@1"]],
    ["STS throttling", ["sts:throttling@2"]],
    ["STS failing", ["sts:status=500@2"]],
    ["STS asking to wait", ["sts:status=503,retry-after=1@1"]],
    ["STS not reaching Google", ["sts:idp-communication-error@2"]],
    ["STS hanging up", ["sts:drop@2"]],
  ])("%s: credentials all the same", async (_name, faults) => {
    const cloud = await cloudWith(faults);
    const result = await run(entry, FLAGS, { env: cloud.env, secrets: cloud.secrets });
    expect(result).toMatchObject({ status: 0, stderr: "" });
  });

  it.each<[string, string[], number, string]>([
    ["throttled without end", ["sts:throttling"], 5, "STS_THROTTLED"],
    ["STS away", ["sts:status=503"], 5, "STS_UNAVAILABLE"],
    ["STS slow", ["sts:latency=5000"], 5, "STS_TIMEOUT"],
    ["metadata server slow", ["metadata:latency=5000"], 3, "IDENTITY_TIMEOUT"],
    ["metadata server throttling", ["metadata:status=429"], 3, "IDENTITY_UNAVAILABLE"],
  ])("%s: an end in time", async (_name, faults, status, code) => {
    const cloud = await cloudWith(faults);
    const started = Date.now();
    const result = await run(entry, [...FLAGS, "--timeout", "4"], { env: cloud.env, secrets: cloud.secrets });
    expect(result).toMatchObject({ status, stdout: "" });
    expect(result.stderr).toContain(`[${code}]`);
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});

import { describe, expect, it } from "vitest";
import { Gcp2awsError } from "../../src/errors.ts";
import { type AwsSide, awsCommandsOf, makeRole } from "../../src/setup/aws-side.ts";
import type { Commands, Ran } from "../../src/setup/run-command.ts";
import type { Argv } from "../../src/trust-policy/formats/shell.ts";
import { trustProvider } from "../../src/trust-policy/generate.ts";
import { formatPolicy } from "../../src/trust-policy/policy.ts";

const NAME = "container.googleapis.com/v1/projects/p/locations/l/clusters/c";
const providerArn = `arn:aws:iam::111122223333:oidc-provider/${NAME}`;
const roleArn = "arn:aws:iam::111122223333:role/App";
const audience = "sts.amazonaws.com";
const sub = "system:serviceaccount:n:s";
const trust = trustProvider(providerArn, [sub], [audience]);

const side: AwsSide = {
  roleArn,
  accountId: "111122223333",
  audience,
  providerArn,
  role: {
    name: "App",
    path: "/",
    trust,
    permissions: [],
    provider: { url: `https://${NAME}`, audiences: [audience] },
    maxSessionSeconds: undefined,
  },
  request: {
    action: "sts:AssumeRoleWithWebIdentity",
    principal: { type: "Federated", value: providerArn },
    context: { [`${NAME}:sub`]: [sub], [`${NAME}:aud`]: [audience] },
  },
};

const failing = (stderr: string): Ran => ({ isDone: false, why: `exit status 254: ${stderr.slice(-500)}`, stderr });
const MISSING = failing("An error occurred (NoSuchEntity) when calling");
const done = (value: unknown): Ran => ({ isDone: true, stdout: JSON.stringify(value) });

/** The third word of each command that is run, and what it answers. */
function answering(answers: Readonly<Record<string, Ran>>) {
  const ran: Argv[] = [];
  const run = (argv: Argv): Ran => {
    ran.push(argv);
    return answers[argv[2] ?? ""] ?? done({});
  };
  const commands: Commands = {
    agree: () => Promise.resolve(true),
    try: (argv) => Promise.resolve(run(argv)),
    run: (argv) => {
      const end = run(argv);
      return end.isDone ? Promise.resolve(end.stdout) : Promise.reject(new Gcp2awsError("LOCAL_COMMAND", end.why));
    },
    ran,
  };
  return { commands, verbs: () => ran.map((argv) => argv[2]), ran };
}

const held = (document: unknown) => done({ Role: { Arn: roleArn, AssumeRolePolicyDocument: document } });

describe("the role of another issuer", () => {
  it.each<[string, Record<string, Ran>, boolean, string[]]>([
    [
      "nothing is there",
      { "get-open-id-connect-provider": MISSING, "get-role": MISSING },
      true,
      ["get-role", "get-open-id-connect-provider", "create-open-id-connect-provider", "create-role"],
    ],
    [
      "the provider lacks the audience",
      { "get-open-id-connect-provider": done({ ClientIDList: ["another"] }), "get-role": held(formatPolicy(trust)) },
      true,
      ["get-role", "get-open-id-connect-provider", "add-client-id-to-open-id-connect-provider"],
    ],
    [
      "all is there",
      { "get-open-id-connect-provider": done({ ClientIDList: [audience] }), "get-role": held(formatPolicy(trust)) },
      false,
      ["get-role", "get-open-id-connect-provider"],
    ],
  ])("is made as far as it is missing: %s", async (_, answers, isChanged, verbs) => {
    const aws = answering(answers);
    expect(await makeRole(side, aws.commands)).toBe(isChanged);
    expect(aws.verbs()).toEqual(verbs);
    // What is shown beforehand is what is run.
    const shown = awsCommandsOf(side).map((argv) => argv.join(" "));
    for (const argv of aws.ran.filter((each) => !each[2]?.startsWith("add"))) expect(shown).toContain(argv.join(" "));
  });

  it("is made without the provider where that is said", async () => {
    const alone = { ...side, role: { ...side.role, provider: undefined } };
    const aws = answering({ "get-role": MISSING });
    expect(await makeRole(alone, aws.commands)).toBe(true);
    expect(aws.verbs()).toEqual(["get-role", "create-role"]);
    expect(awsCommandsOf(alone).filter((argv) => argv.join().includes("open-id-connect"))).toEqual([]);
  });

  it("keeps what the policy has, and does not go above what AWS takes", async () => {
    const other = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "sts:AssumeRole" };
    const present = { "get-open-id-connect-provider": done({ ClientIDList: [audience] }) };
    const aws = answering({ ...present, "get-role": held({ Version: "2012-10-17", Statement: other }) });
    expect(await makeRole(side, aws.commands)).toBe(true);
    const document: unknown = JSON.parse(aws.ran.at(-1)?.at(-1) ?? "");
    const statements = formatPolicy(trust)["Statement"];
    expect(document).toEqual(
      JSON.parse(JSON.stringify({ Version: "2012-10-17", Statement: [other, statements].flat() })),
    );

    const full = Array.from({ length: 40 }, (_, at) => ({ ...other, Sid: `Statement${at}` }));
    const tooFull = answering({ ...present, "get-role": held({ Version: "2012-10-17", Statement: full }) });
    await expect(makeRole(side, tooFull.commands)).rejects.toMatchObject({ code: "USAGE_POLICY_SIZE" });
    expect(tooFull.verbs()).not.toContain("update-assume-role-policy");
  });

  it("keeps all digits of an ID that stands without quotes", async () => {
    const statement = `{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"accounts.google.com:sub":107555555555555555777}}}`;
    const stdout = `{"Role":{"Arn":"${roleArn}","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[${statement}]}}}`;
    const aws = answering({ "get-role": { isDone: true, stdout } });
    await makeRole(side, aws.commands);
    expect(aws.ran.at(-1)?.at(-1)).toContain('"accounts.google.com:sub": "107555555555555555777"');
  });

  it("leaves alone a policy that was changed while somebody thought about it", async () => {
    const other = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "sts:AssumeRole" };
    const documents = [other, { ...other, Sid: "More" }].map((one) => ({ Version: "2012-10-17", Statement: [one] }));
    const aws = answering({});
    const whileAsked = { ...aws.commands };
    whileAsked.try = (argv) =>
      argv[2] === "get-role" ? Promise.resolve(held(documents.shift())) : aws.commands.try(argv);
    await expect(makeRole(side, whileAsked)).rejects.toMatchObject({
      code: "LOCAL_COMMAND",
      message: `aws iam update-assume-role-policy not run: the trust policy of ${roleArn} was changed meanwhile`,
    });
    expect(aws.verbs()).not.toContain("update-assume-role-policy");
  });

  it("replaces no policy without consent", async () => {
    const aws = answering({
      "get-role": held({
        Version: "2012-10-17",
        Statement: { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "sts:TagSession" },
      }),
    });
    aws.commands.agree = () => Promise.resolve(false);
    await expect(makeRole(side, aws.commands)).rejects.toMatchObject({ code: "LOCAL_COMMAND" });
    expect(aws.verbs()).not.toContain("update-assume-role-policy");
  });

  it("finds that nothing is there behind any number of warnings", async () => {
    const late = failing(
      `${"warning: deprecated\n".repeat(400)}An error occurred (NoSuchEntity) when calling GetRole: ${"x".repeat(900)}`,
    );
    const aws = answering({ "get-open-id-connect-provider": done({ ClientIDList: [audience] }), "get-role": late });
    expect(await makeRole(side, aws.commands)).toBe(true);
    expect(aws.verbs()).toContain("create-role");
  });

  it("takes no refusal for an absence", async () => {
    const denied = failing("An error occurred (AccessDenied) when calling the GetRole operation");
    const aws = answering({ "get-open-id-connect-provider": MISSING, "get-role": denied });
    const hint = expect.stringContaining("run gcp2aws setup with --skip-aws");
    await expect(makeRole(side, aws.commands)).rejects.toMatchObject({ code: "LOCAL_COMMAND", hint });
    expect(aws.verbs()).not.toContain("create-role");
  });
});

import { describe, expect, it } from "vitest";
import type { Tools } from "../../src/doctor/check.ts";
import { examine } from "../../src/doctor/examine.ts";
import { fakeHost } from "../fake-host.ts";

const tools: Tools = {
  user: { realPath: (path) => path, setMode: () => {}, checkWritable: () => {} },
  parseFlags: () => ({}),
  withTarget: (given) => Promise.resolve(given),
  runProgram: () => Promise.resolve(undefined),
};

/** What the doctor finds in a file of which this is the text. */
async function look(text: string) {
  const host = fakeHost(() => ({ status: 500 }));
  Object.assign(host.env, { HOME: "/home", AWS_CONFIG_FILE: "/home/config" });
  host.files.write("/home/config", text);
  const deadline = host.ticks() + 30_000;
  const given = { host, tools, given: {}, profile: "x", trustPolicy: undefined, deadline, begin: () => () => {} };
  const { checks } = await examine(given);
  return checks.find(({ id }) => id === "profile");
}

const OTHER = "credential_process = /opt/vault read --key hunter2";

describe("a line that may hold a secret is not repeated", () => {
  it.each<[string, string]>([
    ["twice", `[profile x]\n${OTHER}\n${OTHER}\n`],
    ["indented", `[profile x]\nregion = us-east-1\n  ${OTHER}\n`],
    ["with a comment", `[profile x]\n${OTHER} # mine\n`],
    ["in capitals", `[profile x]\n${OTHER.replace("c", "C")}\n`],
    ["with a colon", `[profile x]\n${OTHER.replace(" =", ":")}\n`],
    ["with a byte order mark", `\ufeff${OTHER}\n[profile x]\n`],
    ["of another profile", `[profile y]\n${OTHER}\n${OTHER}\n[profile x]\nregion = us-east-1\n`],
    ["on two lines", `[profile x]\ncredential_process = /opt/vault read\n  --key=hunter2\n`],
    ["of a secret key, with a colon", "[profile x]\naws_secret_access_key : hunter2\n"],
    ["of a secret key, indented", "[profile x]\nregion = us-east-1\n  aws_secret_access_key = hunter2\n"],
    ["of a secret key, in capitals", "[profile x]\nAWS_SECRET_ACCESS_KEY = hunter2\n"],
    ["of a secret key, with a comment", "[profile x]\naws_secret_access_key = hunter2 # mine\n"],
    ["of a token, twice", "[profile x]\naws_session_token = hunter2\naws_session_token = hunter2\n"],
    ["in typographic quotes", `[profile x]\n${OTHER}”\n`],
    ["with a path that has a space", `[profile x]\n${OTHER.replace("vault", "my vault")}\n`],
  ])("%s", async (_, text) => {
    const found = await look(text);
    expect(found?.state).toBe("failure");
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });
});

it("what is no secret is mended", async () => {
  const own = "credential_process = /opt/gcp2aws credential-process --audience a";
  expect((await look(`[profile x]\n  ${own}\n`))?.remedy?.lines).toEqual([
    { file: "/home/config", line: 2, text: own },
  ]);
  expect((await look(`[profile x]\nREGION = us-east-1\n`))?.remedy?.lines).toMatchObject([
    { text: "region = us-east-1" },
  ]);
});

it.each(["[x]", "[Profile x]", "[PROFILE  x]"])("%s is seen for what it is meant to be", async (header) => {
  const found = await look(`[profile y]\nregion = us-east-1\n${header}\nregion = us-east-1\n`);
  expect(found?.evidence.at(-1)).toBe(`line 3 is ${header}, which this file does not take for a profile`);
  expect(found?.remedy).toEqual({
    text: "in the config file the word profile stands before the name, in small letters",
    lines: [{ file: "/home/config", line: 3, text: "[profile x]" }],
  });
});

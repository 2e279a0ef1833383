import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { awsCli } from "../contract/clients.ts";
import { cleanEnv, runProgram } from "./run.ts";

describe("npm run demo", () => {
  it.each([
    ["with the AWS CLI where there is one", undefined],
    ["with the AWS SDK for JavaScript where there is none", dirname(process.execPath)],
  ])("walks to its end %s, plain when piped, with the secrets masked", async (_name, path) => {
    const env = path === undefined ? cleanEnv() : cleanEnv({ PATH: path });
    const { status, stdout, stderr } = await runProgram(process.execPath, ["scripts/demo.ts"], { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.includes("There is no AWS CLI v2 on this machine")).toBe(path !== undefined || awsCli === undefined);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toMatch(/"SecretAccessKey": "(?!\[masked\])/);
    expect(stdout).not.toMatch(/ey[\w-]+\.ey[\w-]+\.[\w-]+/);
    for (const step of [
      '"aud": "https://aws.example.com"',
      "accounts.google.com:oaud",
      "assumed-role/RoleForAccessFromGCPTeamA/",
      "DOC-EXAMPLE-BUCKET1",
      "[STS_ACCESS_DENIED]",
      "AssumeRoleWithWebIdentity  AccessDenied",
    ]) {
      expect(stdout).toContain(step);
    }
  });
});

import { describe, expect, it } from "vitest";
import { cleanEnv, runProgram } from "./run.ts";

describe("npm run demo", () => {
  it("walks to its end, plain when piped, with the secrets masked", async () => {
    const { status, stdout, stderr } = await runProgram(process.execPath, ["scripts/demo.ts"], { env: cleanEnv() });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
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

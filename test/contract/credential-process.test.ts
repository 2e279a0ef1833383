// What the real clients make of a credential process that fails; doors.test.ts has those that succeed.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloud, startCloud } from "../cli/cloud.ts";
import { credentialProcessEntries, runProgram } from "../cli/run.ts";
import { awsCli } from "./clients.ts";
import { PROFILE, withProfile } from "./doors.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

describe.skipIf(awsCli === undefined).each(credentialProcessEntries)(
  `AWS CLI v2 (${awsCli?.version}), $name`,
  (entry) => {
    it("shows the whole explanation of a denial", async () => {
      const { status, stdout, stderr } = await runProgram(
        awsCli?.program ?? "aws",
        ["s3", "ls", "--profile", PROFILE, "--endpoint-url", cloud.emulator.awsUrl],
        { env: withProfile(entry, cloud.env, ["--service-account", "team-b@example-project.iam.gserviceaccount.com"]) },
      );
      expect({ failed: status !== 0, stdout }).toEqual({ failed: true, stdout: "" });
      expect(stderr).toContain("[STS_ACCESS_DENIED]");
      expect(stderr).toContain("→ accounts.google.com:oaud");
    });
  },
);

// Every trouble of the catalogue, set up for real: the doctor names it as the cause, and what it says mends it.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatEntry, parseEntry } from "../../src/cache/entry.ts";
import type { Remedy } from "../../src/doctor/check.ts";
import { Place } from "../doctor/place.ts";
import { type Trouble, troubles } from "../doctor/troubles.ts";
import { startCloud } from "./cloud.ts";
import { entries, type Entry, FLAGS, type Result, ROLE, run } from "./run.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

interface Report {
  cause: string | null;
  exitStatus: number;
  checks: { id: string; state: string; code?: string; evidence: string[]; remedy?: Remedy }[];
}

function read({ status, stdout, stderr }: Result, place: Place): Report {
  expect(stderr).toBe("");
  for (const secret of place.secrets()) expect(stdout.includes(secret), "a secret leaked").toBe(false);
  const report = JSON.parse(stdout) as Report;
  expect(report.exitStatus).toBe(status);
  return report;
}

/** By their whole names: formatted ones are cut. */
const all = Object.values(troubles)
  .flat()
  .map((trouble) => [`${trouble.check}: ${trouble.cause}`, trouble] as const);

async function story(entry: Entry, { check, code, evidence, spoil, mend, warning }: Trouble): Promise<void> {
  const place = new Place(entry);
  try {
    spoil(place);
    const sick = read(await place.run((at) => at.doctorArgv()), place);
    const cause = sick.checks.find(({ id }) => id === sick.cause);
    expect({ cause: sick.cause, code: cause?.code, evidence: cause?.evidence.join("\n") }).toEqual({
      cause: check,
      code,
      evidence: expect.stringMatching(evidence) as unknown,
    });
    expect(sick.exitStatus === 0).toBe(warning === true);
    expect(cause?.remedy?.text).toMatch(/\w{3}/);
    expect(sick.checks.filter(({ state }) => state === "failure").map(({ id }) => id)).toEqual(warning ? [] : [check]);

    if (mend !== undefined) mend(place);
    else expect(place.apply(cause?.remedy ?? { text: "" }), "the remedy says nothing to the letter").toBe(true);
    const well = read(await place.run((at) => at.doctorArgv()), place);
    expect({
      status: well.exitStatus,
      state: well.checks.find(({ id }) => id === check)?.state,
      cause: well.cause,
    }).toEqual({
      status: 0,
      state: expect.stringMatching(/^(ok|skipped)$/) as unknown,
      // Keys for a look at the role stay where they are.
      cause: place.env["AWS_ACCESS_KEY_ID"] === undefined ? null : "shadows",
    });
    const asked = await place.ask();
    expect(asked.stderr).toBe("");
    expect(JSON.parse(asked.stdout)).toMatchObject({ Version: 1 });
  } finally {
    rmSync(place.home, { recursive: true });
  }
}

describe.each(entries)("the doctor, $name", (entry) => {
  // All of them with the build that starts fastest; with the other, whose checks are the same, a part.
  it.each(entry.name === "standalone executable" ? all : all.filter((_, at) => at % 4 === 0))("%s", (_, trouble) =>
    story(entry, trouble),
  );

  it("says it to people, with the cause marked, and needs no home", async () => {
    const place = new Place(entry);
    place.env["HOME"] = undefined;
    const well = await place.run((at) => ["doctor", ...at.argv()]);
    expect({ status: well.status, stderr: well.stderr }).toEqual({ status: 0, stderr: "" });
    expect(well.stdout).toMatch(/^ok {7}whom AWS takes this for\n {11}arn:aws:sts::111122223333:assumed-role\//m);
    expect(well.stdout).toMatch(/\n\nAll is well: this workload has AWS credentials\.\n$/);

    place.flags["audience"] = "https://other.example.com";
    const sick = await place.run((at) => ["doctor", ...at.argv()]);
    expect({ status: sick.status, stderr: sick.stderr }).toEqual({ status: 4, stderr: "" });
    expect(sick.stdout).toContain("FAILURE  exchange with AWS STS [STS_ACCESS_DENIED]  <- the cause\n");
    expect(sick.stdout).toContain("the trust policy is not known here: give --trust-policy FILE");
    for (const secret of place.secrets()) expect(sick.stdout + well.stdout).not.toContain(secret);
    rmSync(place.home, { recursive: true });
  });

  it("reads the trust policy from standard input too", async () => {
    const cloud = await startCloud();
    const stdin = JSON.stringify({
      Statement: { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "sts:AssumeRole" },
    });
    const argv = ["doctor", "--role-arn", ROLE, "--audience", "https://other.example.com", "--trust-policy", "-"];
    const { status, stdout } = await run(entry, argv, { env: cloud.env, stdin });
    expect(status).toBe(4);
    expect(stdout).toContain("Statement[0]: Principal is AWS 111122223333");
    await cloud.close();
  });

  it("does not mind what other profiles hold", async () => {
    const place = new Place(entry);
    place.profile = "team-a";
    const others =
      "[profile b]\nregion = us-east-1 # home\n  s3 = x\nrole_arn: y\n[c]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n";
    place.config(
      `${others}[profile team-a]\ncredential_process = ${place.line}\n${others.replace("b]", "d]").replace("[c]", "[e]")}`,
    );
    expect(read(await place.run((at) => at.doctorArgv()), place)).toMatchObject({ cause: null, exitStatus: 0 });
    rmSync(place.home, { recursive: true });
  });

  it("tries the credentials in the cache, which programs are given, as well", async () => {
    const cloud = await startCloud();
    const env: Record<string, string> = { ...cloud.env, GCP2AWS_CACHE: "on", PATH: "/nowhere" };
    const flags = FLAGS.slice(1);
    const look = async () => {
      const { stdout } = await run(entry, ["doctor", "--json", ...flags], { env });
      return (JSON.parse(stdout) as Report).checks.find(({ id }) => id === "kept");
    };
    try {
      expect((await look())?.state).toBe("skipped");
      expect((await run(entry, FLAGS, { env })).status).toBe(0);
      expect(await look()).toMatchObject({ state: "ok", evidence: [expect.stringContaining(":assumed-role/")] });

      // As after the role was made again: AWS knows these no more.
      const folder = join(env["HOME"] ?? "", ".cache/gcp2aws");
      const [file = ""] = readdirSync(folder).map((name) => join(folder, name));
      const entryKept = parseEntry(readFileSync(file, "utf8"), sha256);
      if (entryKept === undefined) throw new Error("nothing was kept");
      const credentials = { ...entryKept.credentials, accessKeyId: "ASIAIOSFODNN7EXAMPLE" };
      writeFileSync(file, formatEntry({ ...entryKept, credentials }, sha256), { mode: 0o600 });
      expect(await look()).toMatchObject({
        state: "failure",
        code: "LOCAL_CACHE",
        remedy: { commands: ["gcp2aws cache clear"] },
      });
      expect((await run(entry, ["cache", "clear"], { env })).status).toBe(0);
      expect((await look())?.state).toBe("skipped");
    } finally {
      await cloud.close();
    }
  });

  it("takes a profile or flags", async () => {
    const place = new Place(entry);
    const { status, stderr } = await place.run((at) => ["doctor", "--profile", "team-a", ...at.argv()]);
    expect(status).toBe(2);
    expect(stderr).toContain("doctor --profile: the flags are those of the profile [USAGE_INVALID_VALUE]");
    rmSync(place.home, { recursive: true });
  });

  it("keeps to its time", async () => {
    const place = new Place(entry);
    place.faults = ["metadata:latency=20000", "sts:latency=20000"];
    place.flags["timeout"] = "3";
    const began = Date.now();
    const { status } = await place.run((at) => at.doctorArgv());
    expect(status).toBe(3);
    expect(Date.now() - began).toBeLessThan(15_000);
    rmSync(place.home, { recursive: true });
  });
});

// The shared credentials file as people have it: real commands, real files, an account on loopback.
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseAwsFile } from "../../src/aws-files/parse.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { AUDIENCE, cleanEnv, entries, type Entry, ROLE, run } from "./run.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

const OTHERS = "# mine\r\n[default]\r\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\r\naws_secret_access_key=x\r\n";

/** A user with an empty home, or this credentials file in it. */
function user(entry: Entry, text?: string, at = cloud) {
  const { HOME: _home, ...clouds } = at.env;
  const env = cleanEnv(clouds);
  const folder = join(env["HOME"] ?? "", ".aws");
  const file = join(folder, "credentials");
  if (text !== undefined) {
    mkdirSync(folder);
    writeFileSync(file, text);
  }
  const argv = (profile: string, flags: readonly string[] = []) => {
    const given = ["write-credentials", "--profile", profile, "--role-arn", ROLE, "--audience", AUDIENCE];
    return given.concat(flags);
  };
  return {
    env,
    folder,
    file,
    read: () => readFileSync(file, "utf8"),
    keys: () => keysIn(file),
    write: (profile: string, flags: readonly string[] = [], more: Record<string, string> = {}) =>
      run(entry, argv(profile, flags), { env: { ...env, ...more }, secrets: at.secrets }),
    /** Leaves it running. */
    start: (profile: string, flags: readonly string[] = []) => {
      const [program, ...first] = entry.command;
      const child = spawn(program, [...first, ...argv(profile, flags)], { env, stdio: ["ignore", "ignore", "pipe"] });
      children.push(child);
      const output = { stderr: "" };
      child.stderr.setEncoding("utf8").on("data", (part: string) => (output.stderr += part));
      const ended = new Promise<number | null>((done) => child.on("close", (status) => done(status)));
      return { child, output, ended };
    },
  };
}

/** Access keys by profile, of a file that is whole. */
function keysIn(file: string): Record<string, string> {
  const { sections, problems } = parseAwsFile(readFileSync(file, "utf8"), "credentials");
  expect(problems).toEqual([]);
  return Object.fromEntries(
    sections.map(({ profile, properties }) => {
      const value = (key: string) => properties.find((property) => property.key === key)?.value ?? "";
      expect(value("aws_secret_access_key")).not.toBe("");
      return [profile, value("aws_access_key_id")];
    }),
  );
}

async function until(condition: () => boolean, seconds = 20): Promise<void> {
  const giveUp = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() > giveUp) throw new Error(`it did not come about in ${seconds} seconds`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.each(entries)("write-credentials, $name", (entry) => {
  it("makes the file, for this user alone, and says so without a secret", async () => {
    const { write, file, folder, read } = user(entry);
    const { status, stdout, stderr } = await write("team-a");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toMatch(
      /^gcp2aws: profile team-a written to \/.*\/\.aws\/credentials, valid until 20[\d-]+T[\d:]+Z\n$/,
    );
    expect([lstatSync(folder).mode & 0o777, lstatSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(readdirSync(folder)).toEqual(["credentials"]);
    expect(read()).toMatch(
      /^\[team-a\]\n# Written by .*\naws_access_key_id = ASIA\w+\naws_secret_access_key = \S+\naws_session_token = \S+\nx_security_token_expires = \S+Z\n$/,
    );
  });

  it("keeps every byte of others, and writes its own again", async () => {
    const { write, keys, read, file } = user(entry, OTHERS);
    chmodSync(file, 0o644);
    await write("team-a");
    const first = keys();
    await write("team-a");
    expect(keys()["team-a"]).not.toBe(first["team-a"]);
    expect(read().startsWith(`${OTHERS}\r\n[team-a]\r\n`)).toBe(true);
    expect(/[^\r]\n/.test(read())).toBe(false);
    expect(lstatSync(file).mode & 0o777).toBe(0o600);
  });

  it("refuses a section of others, until told", async () => {
    const { write, read, keys } = user(entry, OTHERS);
    const refused = await write("default");
    expect(refused).toMatchObject({ status: 6, stdout: "" });
    expect(refused.stderr).toContain("gcp2aws did not write profile default in line 2");
    expect(refused.stderr).toContain("[LOCAL_AWS_FILE]\nhint: choose another --profile, or give --take-over");
    expect(read()).toBe(OTHERS);
    expect((await write("default", ["--take-over"])).status).toBe(0);
    expect(keys()["default"]).toMatch(/^ASIA/);
  });

  it.each([
    ["[default]\n[default]\n", "line 2 repeats section [default] of line 1"],
    ["\ufeff[default]\n", "line 1 begins with a byte order mark"],
    ["[profile a]\nx = y\n", "line 1 names a profile as the config file does; here it is [a]"],
  ])("refuses a file that SDKs read differently: %j", async (text, why) => {
    const { write, read } = user(entry, text);
    const { status, stderr } = await write("team-a");
    expect(status).toBe(6);
    expect(stderr).toContain(why);
    expect(read()).toBe(text);
  });

  it("replaces what a link leads to, and leaves the link", async () => {
    const { write, folder, file, env } = user(entry);
    mkdirSync(folder);
    const target = join(env["HOME"] ?? "", "dotfiles");
    writeFileSync(target, OTHERS);
    symlinkSync("../dotfiles", file);
    expect((await write("team-a")).status).toBe(0);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(Object.keys(keysIn(target))).toEqual(["default", "team-a"]);
    expect(lstatSync(target).mode & 0o777).toBe(0o600);
  });

  it("refuses a link that leads nowhere, a directory, and what others can write", async () => {
    const { write, folder, file } = user(entry);
    mkdirSync(folder);
    symlinkSync("nowhere", file);
    expect((await write("a")).stderr).toContain("a link that leads nowhere [LOCAL_FILE]");
    expect((await write("a", [], { AWS_SHARED_CREDENTIALS_FILE: folder })).stderr).toContain("not a file [LOCAL_FILE]");
    const open = join(folder, "open");
    writeFileSync(open, OTHERS);
    chmodSync(open, 0o666);
    expect((await write("a", [], { AWS_SHARED_CREDENTIALS_FILE: open })).stderr).toContain("everybody may write it");
    expect(readFileSync(open, "utf8")).toBe(OTHERS);
  });

  it.skipIf(process.getuid?.() !== 0)("refuses the file of another user", async () => {
    const { write, file, read } = user(entry, OTHERS);
    chownSync(file, 65534, 65534);
    expect((await write("a")).stderr).toMatch(/belongs to user 65534, not to 0 \[LOCAL_FILE\]/);
    expect([read(), statSync(file).uid]).toEqual([OTHERS, 65534]);
  });

  it("says where nothing can be written", async () => {
    const { write } = user(entry);
    const { status, stderr } = await write("a", [], { AWS_SHARED_CREDENTIALS_FILE: "/proc/credentials" });
    expect(status).toBe(6);
    expect(stderr).toMatch(/\/proc\/credentials not written: E\w+ \[LOCAL_FILE\]\nhint: /);
    expect((await write("a", [], { AWS_SHARED_CREDENTIALS_FILE: "$HOME/credentials" })).status).toBe(2);
    expect((await write("a", [], { HOME: "" })).status).toBe(2);
  });

  it("warns of what AWS tools take first", async () => {
    const { write, folder, env } = user(entry);
    mkdirSync(folder);
    writeFileSync(join(folder, "config"), "[profile team-a]\nrole_arn = r\n");
    const { status, stderr } = await write("team-a", [], { AWS_ACCESS_KEY_ID: "AKIA", AWS_PROFILE: "other" });
    expect(status).toBe(0);
    expect(stderr)
      .toContain(`gcp2aws: warning: profile team-a is written, but AWS tools may take other credentials [LOCAL_SHADOWED]
  ${env["HOME"]}/.aws/config, line 2: role_arn
  AWS_ACCESS_KEY_ID is set: it comes first unless --profile is given, as in aws --profile team-a
  AWS_PROFILE is set, to another profile: other
hint: `);
  });

  it("loses no profile when twenty processes write at once", async () => {
    const { start, keys, folder } = user(entry, OTHERS);
    const names = Array.from({ length: 20 }, (_, index) => `team-${index}`);
    const all = names.map((name) => start(name));
    const statuses = await Promise.all(all.map(({ ended }) => ended));
    expect(statuses, all.map(({ output }) => output.stderr).join("")).toEqual(names.map(() => 0));
    expect(Object.keys(keys()).toSorted()).toEqual(["default", ...names].toSorted());
    expect(new Set(Object.values(keys())).size).toBe(21);
    expect(readdirSync(folder)).toEqual(["credentials"]);
  });

  it("leaves a whole file and no lock when it is killed", async () => {
    const { start, write, keys, env } = user(entry, OTHERS);
    env["GCP2AWS_CACHE"] = "on";
    await write("team-a");
    for (let round = 0; round < 15; round++) {
      const { child, ended } = start(`team-${round}`, ["--watch"]);
      await new Promise((resolve) => setTimeout(resolve, 20 + round * 12));
      child.kill("SIGKILL");
      await ended;
      expect(keys()).toMatchObject({ default: "AKIAIOSFODNN7EXAMPLE", "team-a": expect.stringMatching(/^ASIA/) });
    }
    expect((await write("last")).status).toBe(0);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("--watch stays until %s, and ends well", async (signal) => {
    const { start, keys, file } = user(entry);
    const { child, ended } = start("team-a", ["--watch"]);
    await until(() => existsSync(file));
    expect(keys()["team-a"]).toMatch(/^ASIA/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill(signal);
    expect(await ended).toBe(0);
  });

  it("--watch fails where the first credentials cannot be had", async () => {
    const { write, file } = user(entry);
    const { status } = await write("team-a", ["--watch", "--timeout", "1"], { GCE_METADATA_HOST: "127.0.0.1:1" });
    expect(status).toBe(3);
    expect(existsSync(file)).toBe(false);
  });

  it("--watch writes new credentials before or when the old ones end, and outlives an STS that is away", async () => {
    // By a clock this far behind, AWS issues credentials of 15 minutes that live for 14 seconds here.
    const late = await startCloud({ clock: () => Date.now() - 886_000 });
    try {
      const { start, keys, file, env } = user(entry, undefined, late);
      env["AWS_ENDPOINT_URL_STS"] = late.aws.url;
      const { child, ended, output } = start("team-a", ["--watch", "--duration-seconds", "900"]);
      await until(() => existsSync(file));
      const first = keys()["team-a"];
      await until(() => keys()["team-a"] !== first, 40);
      const second = keys()["team-a"];
      await late.aws.close();
      await until(() => output.stderr.includes("[STS_UNREACHABLE]"), 40);
      expect(keys()["team-a"]).toMatch(/^ASIA/);
      expect([first, second]).toEqual([expect.stringMatching(/^ASIA/), expect.stringMatching(/^ASIA/)]);
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
      for (const secret of [...late.secrets.token, ...late.secrets.result]) expect(output.stderr).not.toContain(secret);
    } finally {
      await late.close();
    }
  });
});

import { describe, expect, it } from "vitest";
import type { ProgramEnd } from "../../src/host.ts";
import { createCommands } from "../../src/setup/run-command.ts";
import { talkAlone, talkAt } from "../../src/setup/talk.ts";
import type { Argv } from "../../src/trust-policy/formats/shell.ts";

const COMMAND: Argv = ["aws", "iam", "create-role", "--role-name", "a b"];

/** Answers are typed in this order; what was said and asked is one text. */
function start(answers: readonly string[] | undefined, end: ProgramEnd, hasConsented = false) {
  const left = [...(answers ?? [])];
  let screen = "";
  const say = (text: string) => void (screen += `${text}\n`);
  const ask = (question: string) => {
    const answer = left.shift();
    screen += `${question}${answer ?? ""}\n`;
    return Promise.resolve(answer);
  };
  const talk = answers === undefined ? talkAlone(say, hasConsented) : talkAt({ ask }, say, hasConsented);
  const programs: string[] = [];
  const commands = createCommands(talk, { env: {} }, ({ program }) => {
    programs.push(program);
    return Promise.resolve(end);
  });
  return { commands, talk, programs, screen: () => screen };
}

const done: ProgramEnd = { kind: "exited", status: 0, stdout: "out", stderr: "" };

describe("a command", () => {
  it("is shown and asked for before it is run", async () => {
    const { commands, programs, screen } = start(["Y"], done);
    expect(await commands.run(COMMAND)).toBe("out");
    expect(screen()).toBe("$ aws iam create-role --role-name 'a b'\nRun it? [y/N] Y\n");
    expect(programs).toEqual(["aws"]);
    expect(commands.ran).toEqual([COMMAND]);
  });

  it.each(["", "n", "yess", "no"])("is not run where %j is typed", async (answer) => {
    const { commands, programs } = start([answer], done);
    await expect(commands.run(COMMAND)).rejects.toMatchObject({ code: "LOCAL_COMMAND" });
    expect([programs, commands.ran]).toEqual([[], []]);
  });

  it("is not run where nobody can be asked", async () => {
    const { commands, programs } = start(undefined, done);
    expect(await commands.agree("These:", [COMMAND])).toBe(false);
    await expect(commands.run(COMMAND)).rejects.toMatchObject({ code: "LOCAL_COMMAND" });
    expect(programs).toEqual([]);
  });

  it("that was agreed to with others is not asked for again; another is", async () => {
    const { commands, screen } = start(["y", "n"], done);
    expect(await commands.agree("These:", [COMMAND])).toBe(true);
    expect(screen()).toBe("These:\n\n  aws iam create-role --role-name 'a b'\n\nRun them here? [y/N] y\n");
    expect(await commands.run(COMMAND)).toBe("out");
    await expect(commands.run(["aws", "iam", "delete-role"])).rejects.toMatchObject({ code: "LOCAL_COMMAND" });
  });

  it("is shown before it is run by a consent given beforehand too", async () => {
    const { commands, screen } = start(undefined, done, true);
    expect(await commands.agree("These:", [COMMAND])).toBe(true);
    await commands.run(COMMAND);
    expect(screen()).toBe("These:\n$ aws iam create-role --role-name 'a b'\n");
  });

  it.each<[ProgramEnd, string]>([
    [
      { kind: "exited", status: 254, stdout: "", stderr: "denied \u001b[31m" },
      "aws iam create-role failed: exit status 254: denied",
    ],
    [{ kind: "not-started", code: "ENOENT" }, "aws iam create-role not run: it is not installed"],
    [{ kind: "not-started", code: "EACCES" }, "aws iam create-role not run: EACCES"],
    [{ kind: "killed", signal: "SIGKILL", stderr: "" }, "failed: killed by SIGKILL"],
    [{ kind: "timeout", stderr: "" }, "failed: it took more than 120 seconds"],
    [{ kind: "too-large" }, "failed: it prints without end"],
  ])("that ends as %j is an error", async (end, message) => {
    const { commands } = start(undefined, end, true);
    const error: unknown = await commands.run(COMMAND).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "LOCAL_COMMAND", message: expect.stringContaining(message) });
    expect(String(error)).not.toContain("\u001b");
  });
});

describe("a question", () => {
  const check = (text: string) => (text === "good" ? undefined : "bad");

  it("is asked again until the answer will do", async () => {
    const { talk, screen } = start(["x", "", "good"], done);
    expect(await talk.ask("What", "", check)).toBe("good");
    expect(screen()).toBe("What: x\n  bad\nWhat: \n  bad\nWhat: good\n");
  });

  it("has a usual answer", async () => {
    expect(await start([""], done).talk.ask("What", "good", check)).toBe("good");
    expect(await start(undefined, done).talk.ask("What", "good", check)).toBe("good");
  });

  it("ends it all where the person gives up", async () => {
    await expect(start([], done).talk.ask("What", "good", check)).rejects.toMatchObject({ code: "LOCAL_COMMAND" });
  });
});

import { describe, expect, it } from "vitest";
import type { Credentials, Held } from "../../src/credentials.ts";
import { watch, writeCredentials } from "../../src/delivery/credentials-file.ts";
import { Gcp2awsError } from "../../src/errors.ts";
import { fakeHost, START } from "../fake-host.ts";

function credentials(accessKeyId: string, more: Partial<Credentials> = {}): Credentials {
  return {
    accessKeyId,
    secretAccessKey: "wJalr/+=",
    sessionToken: "FwoG==",
    expiration: new Date(START + 3_600_500),
    accountId: "111122223333",
    ...more,
  };
}

const held = (accessKeyId: string): Held => ({
  credentials: credentials(accessKeyId),
  issuedAt: START,
  expiresAt: START + 3_600_000,
});

describe("credentials in the shared file", () => {
  const PATH = "/home/credentials";
  const host = fakeHost(() => ({}));
  const user = {
    realPath: (path: string) => {
      host.files.status(path);
      return path;
    },
    setMode: () => {},
    checkWritable: () => {},
  };
  const target = { path: PATH, profile: "team-a", takeOver: false };

  it("are a section of their own, which is written again", async () => {
    await writeCredentials(credentials("ASIA1"), target, host, user);
    await writeCredentials(credentials("ASIA2"), { ...target, profile: "b" }, host, user);
    await writeCredentials(credentials("ASIA3"), target, host, user);
    const section = (name: string, key: string) => `[${name}]
# Written by gcp2aws write-credentials: it replaces the keys of this section.
aws_access_key_id = ${key}
aws_secret_access_key = wJalr/+=
aws_session_token = FwoG==
x_security_token_expires = 2026-11-23T13:00:00Z
`;
    expect(host.files.nodes.get(PATH)?.text).toBe(`${section("team-a", "ASIA3")}\n${section("b", "ASIA2")}`);
  });

  it("leave a section of others alone, or take it over without what would come first", async () => {
    host.files.unlink(PATH);
    host.files.write(PATH, "[team-a]\naws_access_key_id = AKIA\naws_security_token = old\nregion = r\n");
    await expect(writeCredentials(credentials("ASIA1"), target, host, user)).rejects.toMatchObject({
      code: "LOCAL_AWS_FILE",
    });
    await writeCredentials(credentials("ASIA1"), { ...target, takeOver: true }, host, user);
    expect(host.files.nodes.get(PATH)?.text).toContain("aws_access_key_id = ASIA1\nregion = r\naws_secret_access_key");
    expect(host.files.nodes.get(PATH)?.text).not.toContain("aws_security_token");
  });

  it("that are more than a line are not written, nor shown", async () => {
    const evil = credentials("ASIA1", { sessionToken: "SECRET\n[default]\naws_access_key_id = EVIL" });
    const error = await writeCredentials(evil, target, host, user).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "LOCAL_AWS_FILE" });
    expect(String(error)).not.toContain("SECRET");
    expect(host.files.nodes.get(PATH)?.text).not.toContain("EVIL");
  });
});

describe("watch", () => {
  function watching() {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    let tick = () => {};
    let ticking = false;
    const state = {
      answer: (): Promise<Held> => Promise.resolve(held("ASIA1")),
      put: (): Promise<void> => Promise.resolve(),
      written: [] as string[],
      warned: [] as string[],
      stop,
      isTicking: () => ticking,
      /** Ten seconds later. */
      later: async () => {
        tick();
        for (let turns = 0; turns < 20; turns++) await Promise.resolve();
      },
    };
    const done = watch({
      ask: () => state.answer(),
      write: async ({ accessKeyId }) => {
        if (state.written.at(-1) === accessKeyId) return;
        await state.put();
        state.written.push(accessKeyId);
      },
      every: (_ms, action) => {
        ticking = true;
        tick = action;
        return () => {
          ticking = false;
        };
      },
      stopped,
      warn: ({ code }) => state.warned.push(code),
    });
    return Object.assign(state, { done });
  }
  const one = held("ASIA1");
  const two = held("ASIA2");
  const away = () => Promise.reject(new Gcp2awsError("STS_UNREACHABLE", "away"));
  const full = () => Promise.reject(new Gcp2awsError("LOCAL_FILE", "full"));

  it("writes at once, and then only what is new, until it is stopped", async () => {
    const state = watching();
    await state.later();
    await state.later();
    expect(state.written).toEqual(["ASIA1"]);
    state.answer = () => Promise.resolve(two);
    await state.later();
    await state.later();
    expect(state.written).toEqual(["ASIA1", "ASIA2"]);
    // Somebody takes it away.
    state.written = [];
    await state.later();
    expect(state.written).toEqual(["ASIA2"]);
    state.stop();
    await state.done;
    expect(state.isTicking()).toBe(false);
  });

  it("says an outage once, keeps what is there, and goes on when it is over", async () => {
    const state = watching();
    await state.later();
    state.answer = away;
    for (let times = 0; times < 5; times++) await state.later();
    expect([state.warned, state.written]).toEqual([["STS_UNREACHABLE"], ["ASIA1"]]);
    state.answer = () => Promise.resolve(two);
    await state.later();
    expect(state.written.at(-1)).toBe("ASIA2");
    state.answer = away;
    await state.later();
    expect(state.warned).toEqual(["STS_UNREACHABLE", "STS_UNREACHABLE"]);
    state.stop();
    await state.done;
  });

  it("writes again what could not be written", async () => {
    const state = watching();
    await state.later();
    state.answer = () => Promise.resolve(two);
    state.put = full;
    await state.later();
    await state.later();
    state.put = () => Promise.resolve();
    await state.later();
    expect([state.warned, state.written.at(-1)]).toEqual([["LOCAL_FILE"], "ASIA2"]);
    state.stop();
    await state.done;
  });

  it("asks one question at a time", async () => {
    const state = watching();
    await state.later();
    let asked = 0;
    state.answer = () => {
      asked++;
      return new Promise(() => {});
    };
    for (let times = 0; times < 5; times++) await state.later();
    expect(asked).toBe(1);
    state.stop();
    await state.done;
  });

  it("fails with what keeps it from writing the first time", async () => {
    const failing = watch({
      ask: away,
      write: () => Promise.resolve(),
      every: () => () => {},
      stopped: new Promise(() => {}),
      warn: () => {},
    });
    await expect(failing).rejects.toMatchObject({ code: "STS_UNREACHABLE" });
  });

  it("ends while it waits for the first credentials", async () => {
    await watch({
      ask: () => new Promise(() => {}),
      write: () => Promise.resolve(),
      every: () => () => {},
      stopped: Promise.resolve(),
      warn: () => {},
    });
  });

  it("ends only when what it began to write is written", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const order: string[] = [];
    const done = watch({
      ask: () => Promise.resolve(one),
      write: () => promise.then(() => void order.push("written")),
      every: () => () => {},
      stopped: Promise.resolve(),
      warn: () => {},
    }).then(() => order.push("ended"));
    await Promise.resolve();
    resolve();
    await done;
    expect(order).toEqual(["written", "ended"]);
  });
});

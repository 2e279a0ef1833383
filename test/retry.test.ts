import { expect, it } from "vitest";
import { type ErrorCode, Gcp2awsError } from "../src/errors.ts";
import { retry } from "../src/retry.ts";
import { fakeHost } from "./fake-host.ts";

/** The longest waits there are: 100, 200, 400, … ms. */
const waiting = () => fakeHost(() => ({}), { random: () => 1 });

it.each<[number, number]>([
  [349, 1],
  [350, 2],
  [549, 2],
  [550, 3],
])("starts no attempt that has no time for an answer: %s ms, %s attempts", async (untilMs, expected) => {
  const host = waiting();
  const policy = { attempts: 5, baseMs: 100, capMs: 5_000, until: host.ticks() + untilMs };
  let made = 0;
  // What an attempt with no time would find instead.
  const code = (): ErrorCode => (policy.until - host.ticks() < 250 ? "STS_TIMEOUT" : "STS_UNREACHABLE");
  const ended = retry(host, policy, () => {
    made++;
    return Promise.reject(new Gcp2awsError(code(), "away", { retryable: true }));
  });
  await expect(ended).rejects.toMatchObject({ code: "STS_UNREACHABLE" });
  expect(made).toBe(expected);
});

it("makes the first in any case", async () => {
  const host = waiting();
  const policy = { attempts: 5, baseMs: 100, capMs: 5_000, until: host.ticks() };
  expect(await retry(host, policy, () => Promise.resolve("answer"))).toBe("answer");
});

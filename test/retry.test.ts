import { describe, expect, it } from "vitest";
import { type ErrorCode, Gcp2awsError } from "../src/errors.ts";
import { retry } from "../src/retry.ts";
import { fakeHost } from "./fake-host.ts";

/** What is thrown where each attempt takes so many milliseconds and then fails so; waits are 100, 200, … ms. */
async function lastOf(attempts: [ErrorCode, number][], untilMs: number): Promise<Gcp2awsError> {
  const host = fakeHost(() => ({}), { random: () => 1 });
  const policy = { attempts: 5, baseMs: 100, capMs: 5_000, until: host.ticks() + untilMs };
  let made = 0;
  const ended = retry(host, policy, () => {
    const [code, ms] = attempts[Math.min(made++, attempts.length - 1)] ?? ["STS_BAD_RESPONSE", 0];
    host.time += ms;
    return Promise.reject(new Gcp2awsError(code, code, { retryable: true }));
  });
  return ended.then(
    () => expect.fail("it succeeded"),
    (error: Gcp2awsError) => error,
  );
}

describe("what is told of attempts that all failed", () => {
  it.each<[string, [ErrorCode, number][], number, ErrorCode]>([
    [
      "the last",
      [
        ["STS_UNREACHABLE", 10],
        ["STS_UNAVAILABLE", 10],
      ],
      1_000,
      "STS_UNAVAILABLE",
    ],
    [
      "why, where the end cut the last short",
      [
        ["STS_UNREACHABLE", 10],
        ["STS_TIMEOUT", 890],
      ],
      1_000,
      "STS_UNREACHABLE",
    ],
    [
      "an answer, however late",
      [
        ["STS_UNREACHABLE", 10],
        ["STS_UNAVAILABLE", 890],
      ],
      1_000,
      "STS_UNAVAILABLE",
    ],
    [
      "a time-out with time left",
      [
        ["STS_UNREACHABLE", 10],
        ["STS_TIMEOUT", 10],
      ],
      1_000,
      "STS_TIMEOUT",
    ],
    ["a time-out that was all there is", [["STS_TIMEOUT", 1_000]], 1_000, "STS_TIMEOUT"],
  ])("%s", async (_name, attempts, untilMs, code) => {
    expect((await lastOf(attempts, untilMs)).code).toBe(code);
  });
});

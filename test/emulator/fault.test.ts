import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseFault, skewClock, withFaults } from "../../src/emulator/fault.ts";
import type { FaultTarget } from "../../src/emulator/fault.ts";
import { DroppedConnection } from "../../src/emulator/listen.ts";
import { request } from "./request.ts";

describe("a specification", () => {
  test.each<[string, ReturnType<typeof parseFault>]>([
    ["metadata:latency=500", { target: "metadata", count: Infinity, effect: { kind: "latency", milliseconds: 500 } }],
    ["metadata:status=503@2", { target: "metadata", count: 2, effect: { kind: "status", status: 503 } }],
    [
      "sts:status=503,retry-after=2@1",
      { target: "sts", count: 1, effect: { kind: "status", status: 503, retryAfter: 2 } },
    ],
    ["google:drop@1", { target: "google", count: 1, effect: { kind: "drop" } }],
    ["sts:throttling@3", { target: "sts", count: 3, effect: { kind: "throttling" } }],
    ["sts:idp-communication-error", { target: "sts", count: Infinity, effect: { kind: "idp-communication-error" } }],
    ["sts:drop@1", { target: "sts", count: 1, effect: { kind: "drop" } }],
    [
      "metadata:clock-skew=-7200",
      { target: "metadata", count: Infinity, effect: { kind: "clock-skew", seconds: -7200 } },
    ],
  ])("%s", (spec, fault) => {
    expect(parseFault(spec)).toEqual(fault);
  });

  test.each([
    "",
    "sts",
    "iam:drop",
    "google:throttling",
    "google:clock-skew=1",
    "sts:explode",
    "sts:drop=1",
    "sts:drop@0",
    "sts:latency",
    "sts:latency=-1",
    "sts:status=200",
    "sts:status=600",
    "sts:throttling,retry-after=1",
    "sts:clock-skew=1@1",
    "metadata:throttling",
    "metadata:idp-communication-error",
    " sts:drop",
  ])("%j is refused with an example", (spec) => {
    expect(() => parseFault(spec)).toThrow(`fault "${spec}" is not TARGET:KIND`);
    expect(() => parseFault(spec)).toThrow("for example metadata:status=503@2");
  });
});

describe("a handler with faults", () => {
  const slept: number[] = [];
  const get = (target: FaultTarget, ...specs: string[]) => {
    slept.length = 0;
    const handler = withFaults(
      async () => ({ status: 200, headers: {}, body: "fine" }),
      target,
      specs.map(parseFault),
      async (milliseconds) => {
        slept.push(milliseconds);
      },
    );
    return () => handler(request("/"));
  };

  test("suffers each the given number of times, one after the other", async () => {
    const next = get("sts", "sts:status=500@1", "sts:throttling@2");
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await next()).status);
    expect(statuses).toEqual([500, 400, 400, 200]);
  });

  test("is spoilt for exactly COUNT requests", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), async (count) => {
        const next = get("metadata", `metadata:status=503@${count}`);
        for (let i = 0; i < count; i++) expect((await next()).status).toBe(503);
        expect((await next()).status).toBe(200);
      }),
      { numRuns: 20 },
    );
  });

  test.each<[FaultTarget, string, number, RegExp]>([
    ["sts", "sts:throttling", 400, /<Code>Throttling<\/Code>/],
    ["sts", "sts:idp-communication-error", 400, /<Code>IDPCommunicationError<\/Code>/],
    ["sts", "sts:status=500", 500, /<Code>InternalFailure<\/Code>/],
    ["sts", "sts:status=503", 503, /<Code>ServiceUnavailable<\/Code>/],
    ["sts", "sts:status=429", 429, /<Code>Throttling<\/Code>/],
    ["metadata", "metadata:status=429", 429, /429/],
  ])("%s under %s", async (target, spec, status, body) => {
    expect(await get(target, spec)()).toMatchObject({ status, body: expect.stringMatching(body) });
  });

  test("answers Retry-After", async () => {
    const { headers } = await get("sts", "sts:status=503,retry-after=2")();
    expect(headers["Retry-After"]).toBe("2");
  });

  test("drops", async () => {
    await expect(get("sts", "sts:drop")()).rejects.toThrow(DroppedConnection);
  });

  test("answers late", async () => {
    expect((await get("metadata", "metadata:latency=500")()).body).toBe("fine");
    expect(slept).toEqual([500]);
  });

  test("is spared by the other target's", async () => {
    expect((await get("metadata", "sts:drop", "sts:latency=5")()).body).toBe("fine");
    expect(slept).toEqual([]);
  });
});

test("clock skew moves its own side only", () => {
  const faults = ["sts:clock-skew=7200", "sts:clock-skew=-200", "metadata:clock-skew=-60"].map(parseFault);
  expect(skewClock(() => 1_000_000, "sts", faults)()).toBe(8_000_000);
  expect(skewClock(() => 1_000_000, "metadata", faults)()).toBe(940_000);
});

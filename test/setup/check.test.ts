import { describe, expect, it } from "vitest";
import { type ErrorCode, Gcp2awsError } from "../../src/errors.ts";
import { patiently } from "../../src/setup/check.ts";
import { fakeHost } from "../fake-host.ts";

const DENIED: ErrorCode = "STS_ACCESS_DENIED";

function failing(times: number, code: ErrorCode = DENIED) {
  let left = times;
  return () => (left-- > 0 ? Promise.reject(new Gcp2awsError(code, "no")) : Promise.resolve("yes"));
}

describe("what was changed just now", () => {
  it("is waited for, and that is said", async () => {
    const host = fakeHost(() => ({}));
    const said: string[] = [];
    expect(await patiently([DENIED], host, (text) => said.push(text), failing(6))).toBe("yes");
    expect(host.sleeps).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(said).toHaveLength(6);
    expect(said[2]).toMatch(/^not yet \(STS_ACCESS_DENIED\): .* for 117 s at most$/);
  });

  it("is waited for two minutes", async () => {
    const host = fakeHost(() => ({}));
    const start = host.time;
    await expect(patiently([DENIED], host, () => {}, failing(Infinity))).rejects.toMatchObject({ code: DENIED });
    expect(host.time - start).toBeGreaterThan(105_000);
    expect(host.time - start).toBeLessThanOrEqual(120_000);
  });

  it.each<[ErrorCode[], ErrorCode]>([
    [[], DENIED],
    [[DENIED], "STS_TLS"],
  ])("is not waited for where %j passes and it is %s", async (passing, code) => {
    const host = fakeHost(() => ({}));
    await expect(patiently(passing, host, () => {}, failing(1, code))).rejects.toMatchObject({ code });
    expect(host.sleeps).toEqual([]);
  });
});

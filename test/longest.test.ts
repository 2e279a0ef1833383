// --duration-seconds max: how often AWS is asked until the role's limit is known, and that it is asked once from then on.
import { describe, expect, it } from "vitest";
import { readConfig } from "../src/config.ts";
import { createKeeper } from "../src/keeper.ts";
import { obtain } from "../src/obtain.ts";
import { createProvider } from "../src/provider.ts";
import { CLAIMS, type FakeHost, fakeHost, ROLE_ARN, stsErrorBody, stsSuccess, unsignedToken } from "./fake-host.ts";

const HOUR = 3600_000;
const flags = { roleArn: ROLE_ARN, audience: "https://aws.example.com", durationSeconds: "max" };

/** A role that lets a session live for so many seconds, which may change. */
function cloud(role: { limit: number }) {
  const asked: number[] = [];
  const host: FakeHost = fakeHost(
    ({ url, body }) => {
      if (url.includes("computeMetadata")) {
        const times = { iat: host.now() / 1000, exp: host.now() / 1000 + 3600 };
        return { headers: { "metadata-flavor": "Google" }, body: unsignedToken({ ...CLAIMS, ...times }) };
      }
      const seconds = Number(new URLSearchParams(body).get("DurationSeconds"));
      asked.push(seconds / 3600);
      const Expiration = new Date(host.now() + seconds * 1000).toISOString();
      return seconds <= role.limit
        ? { body: stsSuccess({ Expiration }) }
        : {
            status: 400,
            body: stsErrorBody(
              "ValidationError",
              "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ),
          };
    },
    { env: { HOME: "/home" } },
  );
  const ask = async (given: Record<string, string> = {}) => {
    asked.length = 0;
    const config = readConfig({ ...flags, ...given }, host.env);
    const { expiration } = await createProvider(config, host, { obtain, refreshInBackground: () => {} })();
    return { asked: [...asked], hours: (expiration.getTime() - host.now()) / HOUR };
  };
  return { host, ask, asked };
}

describe("the longest session", () => {
  it.each<[number, number[]]>([
    [12, [12]],
    [11, [12, 2, 7, 9, 10, 11]],
    [10, [12, 2, 7, 9, 10, 11]],
    [8, [12, 2, 7, 9, 8]],
    [7, [12, 2, 7, 9, 8]],
    [6, [12, 2, 7, 4, 5, 6]],
    [4, [12, 2, 7, 4, 5]],
    [3, [12, 2, 7, 4, 3]],
    [2, [12, 2, 7, 4, 3]],
    [1, [12, 2, 1]],
  ])("of a role that allows %i h is found", async (hours, expected) => {
    const { ask } = cloud({ limit: hours * 3600 });
    expect(await ask()).toEqual({ asked: expected, hours });
  });

  it("is in whole hours", async () => {
    expect(await cloud({ limit: 2.5 * 3600 }).ask()).toMatchObject({ hours: 2 });
  });

  it("is remembered with the credentials, until AWS refuses it", async () => {
    const role = { limit: 4 * 3600 };
    const { host, ask } = cloud(role);
    await ask();
    expect(await ask()).toEqual({ asked: [], hours: 4 });
    host.time += 5 * HOUR;
    expect(await ask()).toEqual({ asked: [4], hours: 4 });
    role.limit = 3600;
    host.time += 5 * HOUR;
    expect(await ask()).toEqual({ asked: [4, 2, 1], hours: 1 });
    host.time += 2 * HOUR;
    expect(await ask()).toEqual({ asked: [1], hours: 1 });
  });

  it("is found although this machine's clock is minutes off", async () => {
    const { host, ask } = cloud({ limit: 4 * 3600 });
    await ask();
    host.setAheadMs = 14 * 60_000;
    host.time += 5 * HOUR;
    expect(await ask()).toMatchObject({ asked: [4] });
    host.setAheadMs = 0;
    host.time += 5 * HOUR;
    expect(await ask()).toMatchObject({ asked: [4] });
  });

  it("is remembered by a process that lives on, without files", async () => {
    const { host, asked } = cloud({ limit: 2 * 3600 });
    const keeper = createKeeper(readConfig({ ...flags, cache: "off" }, host.env), host, obtain);
    await keeper.ask();
    expect(asked).toEqual([12, 2, 7, 4, 3]);
    host.time += 3 * HOUR;
    asked.length = 0;
    await keeper.ask();
    expect(asked).toEqual([2]);
  });

  it("is no longer looked for where something else is wrong", async () => {
    const host = fakeHost(({ url }) =>
      url.includes("computeMetadata")
        ? { headers: { "metadata-flavor": "Google" }, body: unsignedToken(CLAIMS) }
        : { status: 400, body: stsErrorBody("ValidationError", "x") },
    );
    const provide = createProvider(readConfig(flags, {}), host, { obtain, refreshInBackground: () => {} });
    await expect(provide()).rejects.toMatchObject({ code: "STS_REQUEST_REJECTED" });
    expect(host.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  it("of a chain is an hour, without a search", () => {
    const { durationSeconds, longest } = readConfig({ ...flags, via: ROLE_ARN }, {});
    expect({ durationSeconds, longest }).toEqual({ durationSeconds: 3600, longest: false });
  });
});

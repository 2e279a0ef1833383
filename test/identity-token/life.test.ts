import { describe, expect, it } from "vitest";
import { mintToken } from "../../src/identity-token/life.ts";
import { CLAIMS, fakeHost, START, unsignedToken } from "../fake-host.ts";

describe("a token for others", () => {
  /** Tokens with these seconds to live, in order. */
  const minting = async (...lives: (number | undefined)[]) => {
    const tokens = lives.map((life) =>
      unsignedToken(life === undefined ? { sub: "1" } : { ...CLAIMS, exp: START / 1000 + life }),
    );
    let minted = 0;
    const host = fakeHost(() => new Error("no network"));
    const { token } = await mintToken(() => Promise.resolve(tokens[minted++] ?? ""), host, START + 30_000);
    return [tokens.indexOf(token), minted];
  };

  it.each<[string, (number | undefined)[], number[]]>([
    ["that lives is used", [3600, 3600], [0, 1]],
    ["with more than a minute is used", [61, 3600], [0, 1]],
    ["with a minute left is minted anew", [60, 3600], [1, 2]],
    ["that has ended is minted anew", [-5, 3600], [1, 2]],
    ["is minted anew once only: the clock may be wrong", [-5, -4, 3600], [1, 2]],
    ["that does not say when it ends is used", [undefined, 3600], [0, 1]],
  ])("%s", async (_, lives, used) => {
    expect(await minting(...lives)).toEqual(used);
  });
});

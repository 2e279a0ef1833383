import { BlockList } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inRange } from "../../src/trust-policy/ip-address.ts";

test.each([
  ["ipv4", 32, fc.ipV4()],
  ["ipv6", 128, fc.ipV6()],
] as const)("%s ranges hold what Node's BlockList says", (family, bits, addresses) => {
  fc.assert(
    fc.property(addresses, addresses, fc.nat(bits), (network, address, length) => {
      const list = new BlockList();
      list.addSubnet(network, length, family);
      expect(inRange(`${network}/${length}`, address)).toBe(list.check(address, family));
      expect(inRange(`${network}/${length}`, network)).toBe(true);
      expect(inRange(network, network)).toBe(true);
    }),
  );
});

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7:8:9",
  "g::",
  "1.2.3.4/a",
  "::/129",
  "1.2.3.4/8/8",
])("%j is no range", (range) => {
  expect(inRange(range, "1.2.3.4") || inRange(range, "::1")).toBe(false);
});

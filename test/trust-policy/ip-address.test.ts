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

test.each([
  "256.0.0.0/0",
  "1.2.3.999/0",
  "1.2.3.4.5/0",
  "1.2.3/0",
  "1.2.3.a/0",
  "1.2.3.04/0",
  "/0",
  "1:2:3:4:5:6:7/0",
  "1:2:3:4:5:6:7:8:9/0",
  "1:2:3:4:5:6:7::8/0",
  "1::2::3/0",
  ":::/0",
  "12345::/0",
  "x1::/0",
  "1::x/0",
  "::1.2.3.256/0",
  "1.2.3.4/1x",
  "1.2.3.4/x1",
  "1.2.3.4/0000",
  "1.2.3.4/33",
  "1.2.3.4/",
  "1.2.3.4/-1",
  "::/129",
  "1.2.3.4/0/0",
])("nothing lies in %s, though all would", (range) => {
  expect(inRange(range, "1.2.3.4")).toBe(false);
  expect(inRange(range, "1.2.3.4/0")).toBe(false);
  expect(inRange(range, "::1")).toBe(false);
});

test("the end of an IPv6 address may be written as IPv4, and as an address nothing else is", () => {
  expect(inRange("::ffff:1.2.3.4", "::ffff:102:304")).toBe(true);
  expect(inRange("::/0", "::ffff:1.2.3.4")).toBe(true);
  expect(inRange("0.0.0.0/0", "1.2.3.256")).toBe(false);
  expect(inRange("::/0", "1:2:3:4:5:6:7:8:9")).toBe(false);
});

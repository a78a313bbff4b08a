import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, it } from "vitest";
import { clientNetwork } from "./client-network.ts";

it.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["2001:db8::2:3:4:5", "2001:db8:0:0"],
  ["2001:db8:1:2::", "2001:db8:1:2"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["1::2:3:4:5:6:7", "1:0:2:3"],
  ["::1", "0:0:0:0"],
  ["::", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0"],
  ["", ""],
])("the client of %j is %j", (address, network) => {
  expect(clientNetwork(address)).toBe(network);
});

it("two IPv6 addresses are one client when their first 64 bits are the same, and only then", () => {
  const groups = fc.array(fc.constantFrom(0, 0, 1, 0xffff), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, groups, (a, b) => {
      const [first, second] = [a, b].map((parts) => new ipaddr.IPv6(parts));
      fc.pre(first !== undefined && second !== undefined && !first.isIPv4MappedAddress());
      fc.pre(!second.isIPv4MappedAddress());
      const isOne = a.slice(0, 4).join() === b.slice(0, 4).join();
      expect(clientNetwork(first.toString()) === clientNetwork(second.toString())).toBe(isOne);
    }),
  );
});

import { describe, expect, it } from "vitest";
import { trustProxies } from "./client-address.ts";

describe("the client's address", () => {
  const proxied = trustProxies(["10.0.0.0/8", "2001:db8::1"]);

  it.each([
    ["10.0.0.1", "192.0.2.7", "192.0.2.7"],
    ["10.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.7"],
    ["10.0.0.1", "203.0.113.9, 192.0.2.7, 10.1.2.3", "192.0.2.7"],
    ["10.0.0.1", "10.9.9.9", "10.0.0.1"],
    ["10.0.0.1", "unknown, 192.0.2.7:4711", "192.0.2.7"],
    ["10.0.0.1", "[2001:db8::2]:443", "2001:db8::2"],
    ["10.0.0.1", "evil\nheader", "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"],
    ["2001:db8::1", "192.0.2.7", "192.0.2.7"],
    ["192.0.2.99", "203.0.113.9", "192.0.2.99"],
    ["::ffff:192.0.2.99", undefined, "192.0.2.99"],
  ])("of peer %s with X-Forwarded-For %j is %s", (peer, forwardedFor, address) => {
    expect(proxied.read(peer, forwardedFor)).toBe(address);
  });

  it("is the peer's, and the header counted, where no proxy is trusted", () => {
    const direct = trustProxies([]);
    expect(direct.read("192.0.2.99", "203.0.113.9")).toBe("192.0.2.99");
    direct.read("192.0.2.99", undefined);
    expect(direct.untrustedForwards()).toBe(1);
  });

  it("is found at once in a header of a thousand hops", () => {
    const hops = new Array(1000).fill("10.0.0.2").join(", ");
    expect(proxied.read("10.0.0.1", hops)).toBe("10.0.0.1");
  });
});

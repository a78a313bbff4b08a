import { describe, expect, it } from "vitest";
import { systemClock } from "../../clock.ts";
import { type AddressReader, trustProxies } from "./client-address.ts";

const quiet = { clock: systemClock, onWarning: () => undefined };

describe("the client's address", () => {
  const proxied = trustProxies(["10.0.0.0/8", "2001:db8::1", "fe80::/10"], quiet);

  it.each([
    ["10.0.0.1", "192.0.2.7", "192.0.2.7"],
    ["10.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.7"],
    ["10.0.0.1", "203.0.113.9, 192.0.2.7, 10.1.2.3", "192.0.2.7"],
    ["10.0.0.1", "203.0.113.9,192.0.2.7 ,\t10.1.2.3", "192.0.2.7"],
    ["10.0.0.1", "10.9.9.9", "10.9.9.9"],
    ["10.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"],
    ["10.0.0.1", "unknown, 192.0.2.7:4711", "192.0.2.7"],
    ["10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"],
    ["10.0.0.1", "203.0.113.9, unknown, 10.1.2.3", "10.1.2.3"],
    ["10.0.0.1", "203.0.113.9, ", "10.0.0.1"],
    ["10.0.0.1", "[2001:db8::2]:443", "2001:db8::2"],
    ["10.0.0.1", "[2001:db8::2]", "2001:db8::2"],
    ["10.0.0.1", "2001:0DB8:0:0:0:0:0:2", "2001:db8::2"],
    ["10.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"],
    ["10.0.0.1", "::ffff:c000:207", "192.0.2.7"],
    ["10.0.0.1", "2001:db8::2%eth0", "2001:db8::2"],
    ["fe80::1%eth0", "192.0.2.7", "192.0.2.7"],
    ["10.0.0.1", "evil\nheader", "10.0.0.1"],
    ["10.0.0.1", "127.1", "10.0.0.1"],
    ["10.0.0.1", "192.0.2.7:99999999", "192.0.2.7"],
    ["10.0.0.1", "999.0.2.7", "10.0.0.1"],
    ["10.0.0.1", "for=192.0.2.7", "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"],
    ["2001:db8::1", "192.0.2.7", "192.0.2.7"],
    ["192.0.2.99", "203.0.113.9", "192.0.2.99"],
    ["::ffff:192.0.2.99", undefined, "192.0.2.99"],
    [undefined, "192.0.2.7", ""],
  ])("of peer %s with X-Forwarded-For %j is %s", (peer, forwardedFor, address) => {
    expect(proxied.read(peer, { "x-forwarded-for": forwardedFor })).toBe(address);
  });

  it("is never taken from Forwarded or X-Real-IP, whoever sends them", () => {
    const headers = { forwarded: "for=192.0.2.7", "x-real-ip": "192.0.2.7" };
    expect(proxied.read("10.0.0.1", headers)).toBe("10.0.0.1");
    expect(proxied.read("10.0.0.1", { ...headers, "x-forwarded-for": "203.0.113.9" })).toBe("203.0.113.9");
  });

  it("is found at once in a header of a thousand hops, whatever stands left of the client", () => {
    const hops = new Array(1000).fill("10.0.0.2").join(", ");
    expect(proxied.read("10.0.0.1", { "x-forwarded-for": hops })).toBe("10.0.0.2");
    expect(proxied.read("10.0.0.1", { "x-forwarded-for": `${hops}, 192.0.2.7, 10.0.0.3` })).toBe("192.0.2.7");
  });
});

describe("a forwarded header from a peer that is not trusted", () => {
  const warnings: string[] = [];
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const direct: AddressReader = trustProxies([], { clock, onWarning: (message) => warnings.push(message) });

  it.each(["x-forwarded-for", "forwarded", "x-real-ip"])("is counted and not believed: %s", (name) => {
    const before = direct.untrustedForwards();
    expect(direct.read("192.0.2.99", { [name]: "203.0.113.9" })).toBe("192.0.2.99");
    expect(direct.read("192.0.2.99", {})).toBe("192.0.2.99");
    expect(direct.untrustedForwards()).toBe(before + 1);
  });

  it("is warned about once a minute", () => {
    expect(warnings).toEqual([expect.stringMatching(/^1 request since .* TRUSTED_PROXIES /)]);
    nowMs = 59_999;
    direct.read("192.0.2.99", { "x-forwarded-for": "203.0.113.9" });
    expect(warnings).toHaveLength(1);
    nowMs = 60_000;
    direct.read("192.0.2.99", { "x-forwarded-for": "203.0.113.9" });
    expect(warnings).toEqual([warnings[0], expect.stringMatching(/^5 requests since /)]);
  });
});

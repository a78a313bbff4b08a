import { describe, expect, it } from "vitest";
import { readSettings } from "../../config.ts";
import { indexOrigins } from "./origins.ts";
import { findSite, indexSites } from "./site.ts";

describe("the allow-list of origins", () => {
  const list = indexOrigins(["https://a.com", "https://*.b.com", "http://localhost:3000"]);

  it.each(["https://a.com", "https://shop.b.com", "http://localhost:3000"])("allows %s", (origin) => {
    expect(list.allows(origin)).toBe(true);
  });

  it.each([
    "null",
    "",
    "http://a.com",
    "https://a.com:444",
    "https://a.com.evil.tld",
    "https://evila.com",
    "https://www.a.com",
    "https://b.com",
    "https://x.y.b.com",
    "https://evil.tld/.b.com",
    "https://evil.tld#.b.com",
    "https://.b.com",
    "http://localhost:3001",
  ])("refuses %j", (origin) => {
    expect(list.allows(origin)).toBe(false);
  });

  it("allows every web origin for * and still not null", () => {
    const all = indexOrigins(["*"]);
    expect([all.allows("https://any.tld"), all.allows("null")]).toEqual([true, false]);
  });

  it("allows null where it is named, and nothing else for it", () => {
    const named = indexOrigins(["https://a.com", "null"]);
    expect([named.allows("null"), named.allows("https://b.com")]).toEqual([true, false]);
  });
});

describe("the site of an event", () => {
  const sites = indexSites(readSettings({ METRICS_SITES: "a.com=a.com|app.a.com,b.org" }).sites);

  it.each([
    [{ origin: "https://a.com" }, "a.com"],
    [{ origin: "https://app.a.com:8443" }, "a.com"],
    [{ origin: "https://www.b.org" }, "b.org"],
    [{ origin: "https://unknown.tld", referer: "https://b.org/x?y" }, "b.org"],
    [{}, "a.com"],
  ])("of %j is %s", (headers: { origin?: string; referer?: string }, site) => {
    const sender = { origin: headers.origin, referer: headers.referer };
    expect(findSite(sites, { sender, url: "https://A.com/page" })).toBe(site);
  });

  it("is unknown when no host is", () => {
    expect(
      findSite(sites, { sender: { origin: undefined, referer: undefined }, url: "https://a.com.evil.tld/" }),
    ).toBeUndefined();
  });
});

/** What an origin means. */
import { describe, expect, it } from "vitest";
import { isLocalOrigin, openWildcard, strictOrigin, withAndWithoutWww } from "./site-origins.ts";

describe("an origin", () => {
  it.each([
    ["http://localhost:3000", true],
    ["https://shop.test", true],
    ["http://192.168.1.7", true],
    ["http://[::1]:80", true],
    ["https://example.com", false],
    ["https://203.0.113.7", true],
    ["https://8.8.8.8", false],
  ])("%s is of a developer's machine: %s", (origin, isLocal) => {
    expect(isLocalOrigin(origin)).toBe(isLocal);
  });

  it.each([
    ["https://*.github.io", true],
    ["https://*.com", true],
    ["https://*.example.com", false],
    ["https://example.com", false],
  ])("%s lets in strangers: %s", (origin, isOpen) => {
    expect(openWildcard(origin)).toBe(isOpen);
  });

  it("is made of an address as a browser makes it", () => {
    expect(strictOrigin("HTTPS://Example.com:443/shop/")).toBe("https://example.com");
    expect(strictOrigin("example.com")).toBe("https://example.com");
    expect(strictOrigin("ftp://example.com")).toBeUndefined();
  });

  it("has another form where it is bare or begins with www", () => {
    expect(withAndWithoutWww("https://example.com")).toEqual(["https://www.example.com"]);
    expect(withAndWithoutWww("https://www.example.co.uk")).toEqual(["https://example.co.uk"]);
    expect(withAndWithoutWww("https://blog.example.com")).toEqual([]);
  });
});

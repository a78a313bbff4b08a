/** Holds what of an address may leave the browser. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hashPath, reducePageAddress, withoutQuery } from "./address.ts";

test.for([
  ["https://a.example/path", "https://a.example/path"],
  [
    "https://a.example/?utm_source=mail&utm_campaign=may%20day",
    "https://a.example/?utm_source=mail&utm_campaign=may%20day",
  ],
  ["https://a.example/?ref=b&source=c&token=secret", "https://a.example/?ref=b&source=c"],
  ["https://a.example/?token=secret#utm_source=mail", "https://a.example/"],
  ["https://a.example/?xutm_source=1&reference=2&sourcecode=3&utm_=4", "https://a.example/"],
  ["https://a.example/?utm_source", "https://a.example/"],
  ["https://a.example:8443/ü?ref=ü", "https://a.example:8443/%C3%BC?ref=%C3%BC"],
])("reduces %s to %s", ([address, reduced]) => {
  const page = new URL(address ?? "");
  expect(reducePageAddress(page, page.pathname)).toBe(reduced);
});

test("keeps no key but utm_*, ref and source, whatever the query, and is at most 2,048 characters long", () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string(), (address, more) => {
      const page = new URL(`${address}${address.includes("?") ? "&" : "?"}${more}`);
      const reduced = reducePageAddress(page, page.pathname);
      expect(reduced.length).toBeLessThanOrEqual(2048);
      for (const key of new URL(reduced).searchParams.keys()) expect(key).toMatch(/^(utm_\w+|ref|source)$/);
      expect(reduced).not.toContain("#");
    }),
  );
});

test("takes query and fragment off an address and leaves one without alone", () => {
  expect(withoutQuery("https://a.example/path?q=secret#part")).toBe("https://a.example/path");
  expect(withoutQuery("android-app://com.example.app/")).toBe("android-app://com.example.app/");
  expect(withoutQuery("")).toBe("");
});

test.for([
  ["https://a.example/", "/"],
  ["https://a.example/#/about", "/about"],
  ["https://a.example/app/#about?token=secret", "/app/about"],
  ["https://a.example/app?x=1#!/a//b", "/app/!/a/b"],
])("takes the fragment of %s for the path %s", ([address, path]) => {
  expect(hashPath(new URL(address ?? ""))).toBe(path);
});

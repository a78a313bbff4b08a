/** Holds that a vital is told once, rounded, and only about the page that it was measured on. */
import { expect, test } from "vitest";
import { gatherVitals, type PageVitals } from "./gather-vitals.ts";

type Place = { path: string };

const gather = (): { readonly vitals: PageVitals; readonly place: Place } => {
  const place: Place = { path: "/a" };
  return { vitals: gatherVitals(() => place.path), place };
};

test("hands out the newest value of each vital, milliseconds whole and CLS with four decimals", () => {
  const { vitals } = gather();
  vitals.measure({ name: "LCP", value: 100.4, navigationStartTime: 0 });
  vitals.measure({ name: "LCP", value: 250.5 });
  vitals.measure({ name: "CLS", value: 0.123456 });
  expect(vitals.take()).toEqual([
    { name: "LCP", value: 251 },
    { name: "CLS", value: 0.1235 },
  ]);
});

test("hands out a vital once, and one that came after that the next time", () => {
  const { vitals } = gather();
  vitals.measure({ name: "CLS", value: 0.1 });
  expect(vitals.take()).toHaveLength(1);
  vitals.measure({ name: "CLS", value: 0.2 });
  vitals.measure({ name: "INP", value: 48 });
  expect(vitals.take()).toEqual([{ name: "INP", value: 48 }]);
  expect(vitals.take()).toEqual([]);
});

test("hands out nothing of a page that ended or whose path changed unheard", () => {
  const ended = gather();
  ended.vitals.end();
  ended.vitals.measure({ name: "CLS", value: 0.1 });
  expect(ended.vitals.take()).toEqual([]);

  const moved = gather();
  moved.vitals.measure({ name: "CLS", value: 0.1 });
  moved.place.path = "/b";
  expect(moved.vitals.take()).toEqual([]);
});

test("hands out the vitals of a page that goes on under another path", () => {
  const { vitals, place } = gather();
  vitals.measure({ name: "LCP", value: 100 });
  vitals.follow("/a/");
  place.path = "/a/";
  expect(vitals.take()).toEqual([{ name: "LCP", value: 100 }]);
});

test("begins anew when the page comes back from the back/forward cache, and takes no older value then", () => {
  const { vitals, place } = gather();
  vitals.measure({ name: "LCP", value: 100 });
  vitals.take();
  vitals.end();
  place.path = "/back";
  vitals.measure({ name: "LCP", value: 20, navigationStartTime: 9_000 });
  vitals.measure({ name: "CLS", value: 0.5, navigationStartTime: 0 });
  expect(vitals.take()).toEqual([{ name: "LCP", value: 20 }]);
});

/** Holds that a view survives the address, that addresses are readable, and that none holds a word blockers look for. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FILTER_OPERATORS, type Filter } from "../../report.ts";
import { PRESETS } from "./range-presets.ts";
import { FILTER_NAMES, formatView, GRAPHS, parseView, toggleFilter, type View } from "./view.ts";

const blank: View = { site: null, range: null, filters: [], graph: "visitors" };

const filter = fc.tuple(
  fc.constantFrom(...FILTER_OPERATORS),
  fc.constantFrom(...Object.values(FILTER_NAMES).map((each) => each.dimension)),
  fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 3 }),
);
const view: fc.Arbitrary<View> = fc.record({
  site: fc.option(fc.string({ unit: "grapheme", minLength: 1 })),
  range: fc.option(
    fc.oneof(
      fc.constantFrom(...PRESETS.map((preset) => preset.id)),
      fc.constant({ from: "2026-01-01", to: "2026-02-01" }),
    ),
  ),
  filters: fc.array(filter, { maxLength: 4 }),
  graph: fc.constantFrom(...Object.values(GRAPHS)),
});

describe("a view in the address", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(view, (each) => {
        expect(parseView(formatView(each))).toEqual(each);
      }),
    );
  });

  it("survives a browser, which parses and writes it again", () => {
    fc.assert(
      fc.property(view, (each) => {
        const { search } = new URL(formatView(each), "http://127.0.0.1:8001/");
        expect(parseView(search)).toEqual(each);
      }),
    );
  });

  it("can be read by a person", () => {
    const filters: Filter[] = [["is", "event:page", ["/docs/a,b"]]];
    expect(formatView({ ...blank, range: "7d", filters, graph: "pageviews" })).toBe(
      "?period=7d&f=is,page,/docs/a%2Cb&graph=views",
    );
  });

  it("is empty for the default view", () => {
    expect(formatView(blank)).toBe("");
    expect(parseView("")).toEqual(blank);
  });

  it("is opened without the parts that do not parse", () => {
    expect(parseView("?period=3fortnights&f=is&f=is,nonsense,x&f=like,page,x&f=is,page,%E0%A4%A&graph=x&&")).toEqual(
      blank,
    );
    expect(parseView("?from=2026-02-01&to=2026-01-01").range).toBeNull();
    expect(parseView("?from=2026-02-30&to=2026-03-01").range).toBeNull();
  });

  it("names nothing that content blockers look for", () => {
    const blocked = /event|track|analytics|metrics|pageview|collect|stat/;
    for (const graph of Object.keys(GRAPHS)) expect(graph).not.toMatch(blocked);
    for (const name of Object.keys(FILTER_NAMES)) expect(name).not.toMatch(blocked);
  });
});

describe("a click on a row", () => {
  const docs: Filter = ["is", "event:page", ["/docs"]];
  const blog: Filter = ["is", "event:page", ["/blog"]];
  const phone: Filter = ["is", "visit:device", ["mobile"]];

  it("adds a filter, and a second click takes it away", () => {
    expect(toggleFilter([phone], docs)).toEqual([phone, docs]);
    expect(toggleFilter([phone, docs], docs)).toEqual([phone]);
  });

  it("in the same list takes the place of the filter before", () => {
    expect(toggleFilter([docs, phone], blog)).toEqual([phone, blog]);
  });
});

/** Holds what counts as search terms, and that the page of documentation names the usual parameters and endings. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FILE_EXTENSIONS } from "../actions/link-clicks.ts";
import { readSearchTerms, SEARCH_PARAMETERS } from "./searches.ts";

test.for([
  ["?q=harrow+fell", "harrow fell"],
  ["?page=2&s=fell", "fell"],
  ["?keyword=last&q=first", "first"],
  ["?q=%20&search=fell", "fell"],
  ["?q=&q=second", ""],
  ["?Q=fell&question=fell", ""],
  ["?q=%E0%A4%A", "\ufffd%A"],
  ["", ""],
])("reads %s as '%s'", ([query, terms]) => {
  expect(readSearchTerms(query ?? "", SEARCH_PARAMETERS)).toBe(terms);
});

test("reads at most 100 characters of any query", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), (text) => {
      expect(readSearchTerms(`?q=${text}`, SEARCH_PARAMETERS).length).toBeLessThanOrEqual(100);
    }),
  );
});

test.for([
  ["parameters", SEARCH_PARAMETERS],
  ["endings", FILE_EXTENSIONS],
] as const)("docs/reference/automatic-events.md lists the usual %s, all of them and no other", ([name, real]) => {
  const page = readFileSync(new URL("../../../../docs/reference/automatic-events.md", import.meta.url), "utf8");
  const list = page.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0] ?? "";
  expect([...list.matchAll(/`(\w+)`/g)].map(([, word]) => word)).toEqual([...real]);
});

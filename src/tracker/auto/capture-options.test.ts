/** Holds that the attributes of the script tag say what they seem to say. */
import { expect, test } from "vitest";
import { readCaptureOptions } from "./capture-options.ts";

test("says nothing of what no attribute says", () => {
  expect(Object.values(readCaptureOptions({ site: "example.com" }))).toEqual(Array(8).fill(undefined));
});

test.for(["off", "false"])("reads %s as off", (text) => {
  const names = ["linkClick", "download", "formSubmit", "scrollDepth", "engagement", "search", "notFound", "declared"];
  const options = readCaptureOptions(Object.fromEntries(names.map((name) => [name, text])));
  expect(options).toEqual(Object.fromEntries(names.map((name) => [name, false])));
});

test.for(["", "on", "true"])("reads '%s' as on", (text) => {
  expect(readCaptureOptions({ notFound: text, download: text })).toMatchObject({ notFound: true, download: true });
});

test("reads lists with commas, spaces or both, for the captures that take one", () => {
  const options = readCaptureOptions({ download: "pdf, gpx,zip", search: " q  term ", linkClick: "a,b" });
  expect(options).toMatchObject({ download: ["pdf", "gpx", "zip"], search: ["q", "term"], linkClick: true });
});

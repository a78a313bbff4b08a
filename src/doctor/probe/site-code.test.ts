/** Holds that the tracker is recognised in the forms that sites have it in. */
import { expect, test } from "vitest";
import { findRate, readSiteCode, type SiteCode } from "./site-code.ts";

const NOBODY = { connectTo: new Map(), ca: undefined };

/** A page whose scripts nobody gives. */
function readPage(html: string): Promise<SiteCode> {
  return readSiteCode(NOBODY, new URL("https://example.invalid/"), html);
}

test.for([
  ['<script>start({sampleRate:.25,apiBaseUrl:"https://m.example"})</script>', ".25"],
  ["<script>start({ sampleRate: 0.5 })</script>", "0.5"],
  ['<script>const{sampleRate:n=Number("0.1"||1)}=o</script>', "0.1"],
  ["<script>const{sampleRate:n=Number(b.VITE_METRICS_SAMPLE_RATE||1)}=o</script>", undefined],
])("finds the rate that was built into %s", async ([html = "", expected]) => {
  expect(findRate(await readPage(html))?.written).toBe(expected);
});

test("takes the rate of the tag before anything that a bundle says", async () => {
  const tag = '<script defer src="https://m.invalid/passerby.0123456789abcdef.js" data-sample-rate="0.3"></script>';
  const code = await readPage(`${tag}<script>start({sampleRate:.25})</script>`);
  expect(code.tag?.data).toEqual({ "sample-rate": "0.3" });
  expect(findRate(code)?.written).toBe("0.3");
  expect(code.unread).toEqual(["https://m.invalid/passerby.0123456789abcdef.js"]);
});

test.for([
  ['<script src="/passerby-identity.js" data-mode="session"></script>', "session"],
  ['<script>identify({mode:"persistent"})</script>', "persistent"],
  ["<script>mode===`persistent`</script>", "daily"],
  ["", "daily"],
])("tells how visitors are told apart from %s", async ([html = "", expected]) => {
  expect((await readPage(html)).identity).toBe(expected);
});

/** Holds that a notice says what the settings are, leaves out what is not so, and lets nothing through as HTML. */
import { expect, test } from "vitest";
import { readSettings, type SettingSource } from "../config.ts";
import { EVENT_FIELDS } from "../event.ts";
import { gatherFacts, type NoticeFacts, type TrackerUse } from "./notice-facts.ts";
import { fillPage, NOTICE_PLACE, plainPage } from "./notice-page.ts";
import { writeNotice } from "./write-notice.ts";

function factsOf(source: SettingSource = {}, tracker: Partial<TrackerUse> = {}, site = "localhost"): NoticeFacts {
  const settings = readSettings(source);
  const use: TrackerUse = {
    identity: "daily",
    outbox: "session",
    scripts: [],
    turnedOff: [],
    sampleRate: 1,
    ownEvents: [],
    ...tracker,
  };
  return gatherFacts({ settings, site, siteName: site, contact: undefined, tracker: use });
}
const noticeOf = (...given: Parameters<typeof factsOf>): string => writeNotice(factsOf(...given));
const eventsOf = (facts: NoticeFacts): readonly string[] => facts.events.map(({ name }) => name);
const fieldsOf = (facts: NoticeFacts): readonly string[] => facts.fields.map(({ name }) => name);

test("says for how many days events are kept", () => {
  expect(noticeOf({ METRICS_RETENTION_DAYS: "7" })).toContain("Events are kept for 7 days");
  expect(noticeOf({ METRICS_RETENTION_DAYS: "1" })).toContain("Events are kept for 1 day,");
});

test("multiplies the shares of the tracker and the collector, and says when all or none are counted", () => {
  expect(noticeOf()).toContain("All visitors are counted but those who say no.");
  expect(noticeOf({ METRICS_SAMPLE_RATE: "0.5" }, { sampleRate: 0.25 })).toContain("Only 12.5% of visitors");
  expect(noticeOf({ METRICS_SAMPLE_RATE: "0" })).toContain("At present nobody is counted.");
});

test("lists the events of the scripts that are loaded, without those that are turned off, and the site's own", () => {
  expect(eventsOf(factsOf())).toEqual(["page_view"]);
  const ownEvents = [{ name: "signup", when: "You sign up" }];
  const facts = factsOf({}, { scripts: ["auto", "errors"], turnedOff: ["search", "download"], ownEvents });
  expect(eventsOf(facts)).toEqual([
    ...["page_view", "link_click", "form_submit", "scroll_depth", "engagement", "not_found", "js_error", "signup"],
  ]);
});

test("lists every field of an event that may be stored, and no other", () => {
  const all = EVENT_FIELDS.map(({ wire }) => wire).toSorted();
  const settings = { METRICS_KEEP_USER_AGENT: "true", METRICS_GEO_DATABASE: "/tmp/geo.mmdb" };
  expect(fieldsOf(factsOf(settings, { identity: "session" })).toSorted()).toEqual(all);
  const left = ["country", "region", "session_id", "user_agent"];
  expect(fieldsOf(factsOf()).toSorted()).toEqual(all.filter((name) => !left.includes(name)));
});

test.for([
  ["daily", "is destroyed within 48 hours"],
  ["session", "until you close the tab, in its session storage under"],
  ["persistent", "for at most 13 months"],
] as const)("says how ids are made in mode %s", ([identity, words]) => {
  expect(noticeOf({}, { identity })).toContain(words);
});

test("says what the browser remembers of the panel, where there is one", () => {
  expect(noticeOf({}, { scripts: ["dev"] })).toContain("your browser remembers that until you say <code>?dev=0</code>");
  expect(noticeOf()).not.toContain("?dev=0");
});

test("says what becomes of browsers that ask for privacy, for the site in question", () => {
  const source = { METRICS_PRIVACY_SIGNALS: "drop,b=no_id", METRICS_SITES: "a=a.example,b=b.example" };
  expect(noticeOf(source, {}, "a")).toContain("our server stores nothing that comes from such a browser");
  expect(noticeOf(source, {}, "b")).toContain("stored without anything that ties it to a visitor");
});

test("of a site that is not configured is refused, with the names of those that are", () => {
  expect(() => factsOf({ METRICS_SITES: "a=a.example" }, {}, "c")).toThrow(
    "--site c is not a configured site: give one of a",
  );
});

test("lets no text through as HTML", () => {
  const hostile = "<script>alert(1)</script>\"'&";
  const ownEvents = [{ name: hostile, when: hostile }];
  const page = plainPage(hostile, writeNotice({ ...factsOf({}, { ownEvents }), contact: hostile }));
  expect(page).not.toContain("<script");
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;");
});

test("takes its place in a page of the site's own, whatever it holds, and is refused where there is none", () => {
  expect(fillPage(`<main>${NOTICE_PLACE}</main>`, "<p>$& $1</p>")).toBe("<main><p>$& $1</p></main>");
  expect(() => fillPage("<main></main>", "")).toThrow("the page has no place for the notice");
});

/** Holds that a privacy page is understood in words other than ours, and that what it does not say is not heard. */
import { describe, expect, test } from "vitest";
import { findMeaning, findPeriods, findShare, type Meaning, mentionsEvent } from "./privacy-statements.ts";
import { findPrivacyLink, readStatements } from "./site-privacy-page.ts";

const say = (html: string): readonly string[] => readStatements(html).statements;
const periodsOf = (html: string): readonly string[] => findPeriods(say(html)).map(({ said }) => said);

describe("a meaning", () => {
  test.for<[Meaning, string]>([
    ["anonymous_ids", "Each visitor gets a pseudonymous identifier."],
    ["anonymous_ids", "Wir bilden eine anonyme Kennung."],
    ["no_cookies", "We do not set any cookies."],
    ["no_cookies", "This site is cookie-free."],
    ["no_cookies", "Our statistics work without cookies."],
    ["no_cookies", "Wir setzen keine Cookies."],
    ["no_cookies", "Nous mesurons sans cookies."],
    ["no_personal_data", "No personally identifiable information is collected."],
    ["no_personal_data", "We never store anything that could identify you."],
    ["no_personal_data", "Es werden keine personenbezogenen Daten gespeichert."],
    ["opt_out", "You can opt out at any time."],
    ["opt_out", "We honour the DNT header."],
    ["contact", "Questions go to mail@example.com"],
    ["user_agent", "We store the user agent."],
    ["place", "We look up your country."],
  ])("%s is found in: %s", ([meaning, sentence]) => {
    expect(findMeaning(say(`<p>${sentence}</p>`), meaning)).toBe(sentence);
  });

  test.for<[Meaning, string]>([
    ["anonymous_ids", "We count page views."],
    ["no_cookies", "We use cookies to remember your basket."],
    ["no_personal_data", "We process your personal data to deliver your order."],
    ["opt_out", "We love statistics."],
    ["contact", "Our site is hosted in Norway."],
  ])("%s is not found in: %s", ([meaning, sentence]) => {
    expect(findMeaning(say(`<p>${sentence}</p>`), meaning)).toBeUndefined();
  });
});

describe("a period", () => {
  test.for<[string, readonly string[]]>([
    ["<p>Data is deleted after 30 days.</p>", ["30 days"]],
    ["<p>We keep events for\n thirty   days.</p>", ["thirty days"]],
    ["<p>Die Daten werden nach 14 Tagen gelöscht.</p>", ["14 Tagen"]],
    ["<p>Retention: one year</p>", ["one year"]],
    ["<p>Your browser keeps the number for 13 months.</p>", []],
    ["<p>Open 7 days a week.</p>", []],
    ["<table><tr><td>Retention</td><td>30 days</td></tr></table>", ["30 days"]],
    ["<table><tr><td>Delivery</td><td>30 days</td></tr></table>", []],
  ])("is read from %s", ([html, expected]) => {
    expect(periodsOf(html)).toEqual(expected);
  });

  test("of a month has 28 to 31 days, and one of days is exact", () => {
    const [month] = findPeriods(say("<p>kept for one month</p>"));
    const [days] = findPeriods(say("<p>kept for 30 days</p>"));
    expect([month?.minDays, month?.maxDays, days?.minDays, days?.maxDays]).toEqual([28, 31, 30, 30]);
  });
});

describe("a share", () => {
  test.for<[string, number | undefined]>([
    ["<p>Only 12.5% of visitors are counted.</p>", 0.125],
    ["<p>We measure one visit in four, 25 percent of all visits.</p>", 0.25],
    ["<p>All visitors are counted.</p>", 1],
    ["<p>At present nobody is counted.</p>", 0],
    ["<table><tr><td>scroll_depth</td><td>25, 50, 75 or 90 percent</td></tr></table>", undefined],
  ])("is read from %s", ([html, expected]) => {
    expect(findShare(say(html))?.share).toBe(expected);
  });
});

test("an event is named as it is called or in words", () => {
  expect(mentionsEvent(["We note which pages you visit"], "page_view")).toBe(true);
  expect(mentionsEvent(["signup: you sign up"], "signup")).toBe(true);
  expect(mentionsEvent(["We note which pages you visit"], "download")).toBe(false);
});

test("the link of the footer comes before others, and an address alone is enough", () => {
  const nav = '<nav><a href="/datenschutz">Datenschutz</a></nav>';
  const footer = '<div class="site-footer"><a href="/legal/privacy">Legal</a></div>';
  expect(findPrivacyLink(nav + footer)).toEqual({ href: "/legal/privacy", text: "Legal", isInFooter: true });
  expect(findPrivacyLink(nav)).toMatchObject({ href: "/datenschutz", isInFooter: false });
  expect(findPrivacyLink('<a href="https://privacy.example/">Shop</a>')).toBeUndefined();
});

/** 5.2: what the privacy page says, held against what the collector and the pages of the site really do. */

import { SMOKE_EVENT } from "../../event.ts";
import { type Check, type Finding, fail, pass, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { jsonOf } from "../probe/ask.ts";
import {
  findMeaning,
  findNothingInBrowser,
  findPeriods,
  findShare,
  type Meaning,
  mentionsEvent,
  SIGNAL_STATEMENTS,
} from "../probe/privacy-statements.ts";
import { findRate } from "../probe/site-code.ts";
import type { PrivacyPage } from "../probe/site-privacy-page.ts";
import { readConfig } from "./bundle-checks.ts";

const UPDATE =
  "passerby privacy-page writes the page from the settings in force: make it anew after each change of them.";
const AFTER = ["privacy.page-found"];

/** Statements that only have to be there. What is not found under our phrases may be there in others, so it is a warning. */
const MENTIONS: readonly { readonly id: string; readonly meaning: Meaning; readonly of: string }[] = [
  { id: "privacy.page-visitor-ids", meaning: "anonymous_ids", of: "anonymous visitor ids" },
  { id: "privacy.page-no-cookies", meaning: "no_cookies", of: "no tracking cookies" },
  { id: "privacy.page-no-personal-data", meaning: "no_personal_data", of: "no personal data" },
  {
    id: "privacy.page-opt-out",
    meaning: "opt_out",
    of: "how to say no (Global Privacy Control, Do Not Track, a link)",
  },
  { id: "privacy.page-contact", meaning: "contact", of: "whom to write to" },
];

export const PRIVACY_PAGE_CHECKS: readonly Check[] = [
  ...MENTIONS.map(
    ({ id, meaning, of }): Check => ({
      id,
      line: "5.2",
      severity: "medium",
      asks: `The privacy page speaks of ${of}`,
      how: "Searches its sentences for the usual phrases, in four languages.",
      remedy: `Say so on the page. ${UPDATE}`,
      needs: ["site"],
      after: AFTER,
      run: async (given) => {
        const page = await readPage(given);
        const statement =
          meaning === "contact" && page.hasContactLink ? "(a link to write to)" : findMeaning(page.statements, meaning);
        if (statement !== undefined) return pass(said(page, statement));
        const text = `Expected a sentence on ${of}; if it is there in other words, all is well.`;
        return warn([{ what: of, found: "no sentence that we know of", where: page.url.href }], { text });
      },
    }),
  ),
  {
    id: "privacy.page-retention",
    line: "5.2",
    severity: "high",
    asks: "The privacy page says for how long events are kept, and they are kept for just so long",
    how: "Compares each period in a sentence about keeping with METRICS_RETENTION_DAYS.",
    remedy: `Make the page and METRICS_RETENTION_DAYS say the same. ${UPDATE}`,
    needs: ["site"],
    may: ["settings"],
    after: AFTER,
    run: judgeRetention,
  },
  {
    id: "privacy.page-sampling",
    line: "5.2",
    severity: "medium",
    asks: "The privacy page says which share of visitors is counted, where it is not all of them",
    how: "Multiplies the rate of the pages, or the one that the operator has set, by METRICS_SAMPLE_RATE, and compares it with the page.",
    remedy: `Say the share on the page. ${UPDATE}`,
    needs: ["site", "settings"],
    may: ["live"],
    after: [...AFTER, "environment.tracker-rate"],
    run: judgeShare,
  },
  {
    id: "privacy.page-events",
    line: "5.2",
    severity: "medium",
    asks: "The privacy page names the events that are collected",
    how: "Searches it for page views, and for every event that the live snapshot counts.",
    remedy: `Name each event, as it is called or in words. ${UPDATE}`,
    needs: ["site"],
    may: ["live"],
    after: AFTER,
    run: judgeEvents,
  },
  {
    id: "privacy.page-fields",
    line: "5.2",
    severity: "medium",
    asks: "The privacy page says so where user agents are kept or places are looked up",
    how: "Reads METRICS_KEEP_USER_AGENT and METRICS_GEO_DATABASE.",
    remedy: `Say it on the page, or turn the setting off. ${UPDATE}`,
    needs: ["site", "settings"],
    after: AFTER,
    run: async (given) => {
      const page = await readPage(given);
      const { settings, whereIs } = await given.need("settings");
      const kept = [
        { isOn: settings.keepUserAgent, variable: "METRICS_KEEP_USER_AGENT", meaning: "user_agent" },
        { isOn: settings.geoDatabase !== null, variable: "METRICS_GEO_DATABASE", meaning: "place" },
      ] as const;
      const untold = kept.filter(({ isOn, meaning }) => isOn && findMeaning(page.statements, meaning) === undefined);
      if (untold.length === 0)
        return pass(
          ...kept.map(({ isOn, variable }) => ({
            what: variable,
            found: isOn ? "on" : "off",
            where: whereIs(variable),
          })),
        );
      return fail(
        untold.map(({ variable }) => ({
          what: variable,
          found: "on, and the page does not say so",
          where: whereIs(variable),
        })),
        { text: `Expected a sentence on it. ${UPDATE}` },
      );
    },
  },
  {
    id: "privacy.page-identity",
    line: "5.2",
    severity: "high",
    asks: "The privacy page does not say that the browser keeps nothing where it keeps an id",
    how: "Looks in the pages for the identity script with data-mode, or for a call of identify.",
    remedy: `Say where the id lies and for how long, or take the identity script away. ${UPDATE}`,
    needs: ["site"],
    after: AFTER,
    run: async (given) => {
      const page = await readPage(given);
      const { identity } = await (await given.need("site")).code();
      const denial = identity === "daily" ? undefined : findNothingInBrowser(page.statements);
      const mode = { what: "identity of the pages", found: identity, where: (await given.need("site")).url.href };
      if (denial === undefined) return pass(mode);
      return fail([mode, said(page, denial)], { text: `The pages keep an id in the browser (${identity}). ${UPDATE}` });
    },
  },
  {
    id: "privacy.page-signals",
    line: "5.2",
    severity: "high",
    asks: "The privacy page says what the server does with browsers that ask for privacy",
    how: "Compares our own sentences about it, where the page has one, with METRICS_PRIVACY_SIGNALS.",
    remedy: `Make the page and METRICS_PRIVACY_SIGNALS say the same. ${UPDATE}`,
    needs: ["site", "settings"],
    after: AFTER,
    run: judgeSignals,
  },
];

async function judgeRetention(given: Given): Promise<Finding> {
  const page = await readPage(given);
  const periods = findPeriods(page.statements);
  const [first] = periods;
  const settings = await given.may("settings");
  const days = settings?.settings.retentionDays;
  if (first === undefined) {
    const expected = days === undefined ? "for how long events are kept" : `that events are kept for ${days} days`;
    return warn([{ what: "retention", found: "no sentence that we know of", where: page.url.href }], {
      text: `Expected a sentence that says ${expected}.`,
    });
  }
  if (settings === undefined || days === undefined) return pass(said(page, first.statement));
  const setting = {
    what: "METRICS_RETENTION_DAYS",
    found: `${days}`,
    where: settings.whereIs("METRICS_RETENTION_DAYS"),
  };
  const right = periods.find(({ minDays, maxDays }) => minDays <= days && days <= maxDays);
  if (right !== undefined) return pass(said(page, right.statement), setting);
  return fail([said(page, first.statement), setting], {
    text: `The page promises ${first.said}, and ${days} are set. ${UPDATE}`,
  });
}

async function judgeShare(given: Given): Promise<Finding> {
  const page = await readPage(given);
  const { settings, whereIs } = await given.need("settings");
  const live = await given.may("live");
  const built = Number(findRate(await (await given.need("site")).code())?.written ?? 1);
  const rate = (live && (await readConfig(live)).rate) ?? built;
  const share = rate * settings.sampleRate;
  const real = {
    what: "share that is counted",
    found: `${rate} of the pages × ${settings.sampleRate} of the collector`,
    where: whereIs("METRICS_SAMPLE_RATE"),
  };
  const stated = findShare(page.statements);
  if (stated === undefined && share === 1) return pass(real);
  if (stated === undefined)
    return warn([real], { text: `Expected a sentence that ${percent(share)} of visitors are counted. ${UPDATE}` });
  if (Math.abs(stated.share - share) < 0.005) return pass(said(page, stated.statement), real);
  return fail([said(page, stated.statement), real], {
    text: `The page says ${percent(stated.share)}, and it is ${percent(share)}. ${UPDATE}`,
  });
}

async function judgeEvents(given: Given): Promise<Finding> {
  const page = await readPage(given);
  const live = await given.may("live");
  const snapshot = live && jsonOf(await live.askOnce("/api/metrics/behavior?limit=5"));
  const collected = new Set(["page_view", ...eventNames(snapshot)]);
  const untold = [...collected].filter((name) => !mentionsEvent(page.statements, name));
  if (untold.length === 0)
    return pass({ what: "events that the page names", found: [...collected].join(", "), where: page.url.href });
  return warn([{ what: "events that the page does not name", found: untold.join(", "), where: page.url.href }], {
    text: `Expected each that is collected. ${UPDATE}`,
  });
}

/** Names of visitors' events that the snapshot counts; `(custom)` stands for those that are not shown. */
function eventNames(snapshot: unknown): readonly string[] {
  const listed: unknown =
    typeof snapshot === "object" && snapshot !== null ? Reflect.get(snapshot, "by_event") : undefined;
  const names: readonly unknown[] = Array.isArray(listed)
    ? listed.map((one: unknown) => (typeof one === "object" && one !== null ? Reflect.get(one, "event") : undefined))
    : [];
  return names
    .filter((name) => typeof name === "string")
    .filter((name) => name !== SMOKE_EVENT && !/^\(|^dev_mode_/.test(name));
}

async function judgeSignals(given: Given): Promise<Finding> {
  const page = await readPage(given);
  const site = await given.need("site");
  const { settings, whereIs } = await given.need("settings");
  const { everywhere, bySite } = settings.privacySignals;
  const name = settings.sites.find(({ hosts }) => hosts.includes(site.url.hostname))?.name ?? settings.defaultSite;
  const mode = bySite.find((one) => one.site === name)?.answer ?? everywhere;
  const real = { what: "METRICS_PRIVACY_SIGNALS", found: mode, where: whereIs("METRICS_PRIVACY_SIGNALS") };
  const wrong = Object.entries(SIGNAL_STATEMENTS).filter(([other]) => other !== mode);
  const statement = page.statements.find((one) => wrong.some(([, pattern]) => pattern.test(one)));
  if (statement === undefined) return pass(real);
  return fail([said(page, statement), real], { text: `The page says another thing than is set. ${UPDATE}` });
}

async function readPage(given: Given): Promise<PrivacyPage> {
  const page = await (await given.need("site")).privacyPage();
  // Each check here comes after the one that finds the page.
  if (page === undefined) throw new Error("the site has no privacy page");
  return page;
}

function said(
  page: PrivacyPage,
  statement: string,
): { readonly what: string; readonly found: string; readonly where: string } {
  return {
    what: "the page says",
    found: statement.length > 200 ? `${statement.slice(0, 200)}…` : statement,
    where: page.url.href,
  };
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

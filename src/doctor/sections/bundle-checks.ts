/** 2.1 and 2.2: what was built into the site's pages: where their events go, and for which share of visitors. */
import { type Check, type Evidence, type Finding, fail, pass, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { jsonOf } from "../probe/ask.ts";
import type { LiveCollector } from "../probe/live-collector.ts";
import { findRate, type SiteCode } from "../probe/site-code.ts";

const CONFIG_PATH = "/api/metrics/config";
/** An address of a developer's machine. With a port, since libraries name `http://localhost` where they need any host. */
const LOCAL_ADDRESS = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):\d+/g;
const REBUILD = "Set VITE_API_BASE_URL to the address of the edge, build the site anew, and deploy it.";

export const BUNDLE_CHECKS: readonly Check[] = [
  {
    id: "environment.bundle-address",
    line: "2.1",
    severity: "critical",
    asks: "The pages of the site send their events to the collector at --url",
    how: "Reads the first page and its scripts for the tag of the tracker and for the address of the collector.",
    remedy: `${REBUILD} Or put the tag that passerby snippet prints into the pages.`,
    needs: ["site", "live"],
    after: ["security.encrypted"],
    run: async (given) => {
      const [site, live] = [await given.need("site"), await given.need("live")];
      const code = await site.code();
      const target = code.tag && targetOfTag(code.tag, site.url);
      if (code.tag !== undefined) {
        const evidence = { what: "tag of the tracker", found: `sends to ${target}`, where: code.tag.where };
        const text = `Expected ${baseOf(live)}. passerby snippet --url ${baseOf(live)} prints the tag.`;
        return target === baseOf(live) ? pass(evidence) : fail([evidence], { text });
      }
      const naming = code.texts.find(({ text }) => namesCollector(text, live, site.url));
      if (naming !== undefined)
        return pass({ what: "address of the collector", found: baseOf(live), where: naming.where });
      const wrong = findWrongAddresses(code, live);
      if (wrong.length > 0) return fail(wrong, { text: `Expected ${baseOf(live)}. ${REBUILD}` });
      const read = {
        what: "scripts read",
        found: `${code.texts.length - 1}, none names ${baseOf(live)}`,
        where: site.url.href,
      };
      if (code.unread.length === 0)
        return fail([read], { text: `Expected ${baseOf(live)} in one of them. ${REBUILD}` });
      const unread = code.unread
        .slice(0, 5)
        .map((address) => ({ what: "not read", found: address, where: site.url.href }));
      return warn([read, ...unread], { text: `It may be in a script that could not be read. ${REBUILD}` });
    },
  },
  {
    id: "environment.bundle-not-local",
    line: "2.1",
    severity: "medium",
    asks: "No address of a developer's machine was built into the pages",
    how: "Searches the first page and its scripts for addresses of localhost with a port.",
    remedy: REBUILD,
    needs: ["site"],
    after: ["environment.bundle-address"],
    run: async (given) => {
      const code = await (await given.need("site")).code();
      const found = findLocal(code);
      if (found.length === 0)
        return pass({ what: "texts read", found: `${code.texts.length}`, where: code.texts[0]?.where ?? "" });
      return warn(found, { text: "Expected none: look which variable of the build it comes from." });
    },
  },
  {
    id: "environment.tracker-rate",
    line: "2.2",
    severity: "high",
    asks: "The tracker counts the share of visitors that is meant, and the collector does not silence it",
    how: "Reads data-sample-rate of the tag, or what was built into the bundle, and sample_rate and enabled of GET /api/metrics/config.",
    remedy:
      "Set VITE_METRICS_SAMPLE_RATE, or data-sample-rate of the tag, to a number above 0 and up to 1. 0.25 is enough for a large site; a small one loses precision by it.",
    needs: ["site", "live"],
    after: ["environment.bundle-address"],
    run: judgeRate,
  },
];

async function judgeRate(given: Given): Promise<Finding> {
  const [site, live] = [await given.need("site"), await given.need("live")];
  const code = await site.code();
  const built = findRate(code);
  const evidence: Evidence = {
    what: "rate of the pages",
    found: built?.written ?? "(none): every visitor is counted",
    where: built?.where ?? site.url.href,
  };
  const rate = Number(built?.written ?? 1);
  const config = await readConfig(live);
  if (!(rate >= 0 && rate <= 1))
    return fail([evidence], { text: "Expected a number from 0 to 1: with this nobody is counted." });
  const operator: Evidence = { what: "GET /api/metrics/config", found: config.text, where: live.at(CONFIG_PATH).href };
  if (config.isOff)
    return warn([operator], {
      text: "A brake is on: passerby brake rate off --tracker and passerby brake off take it away.",
    });
  if (rate === 0 && config.rate === null)
    return fail([evidence, operator], { text: "Expected more than 0: nobody is counted." });
  return pass(evidence, operator);
}

/** What the collector tells trackers. A rate that the operator has set comes before that of the pages. */
export async function readConfig(
  live: LiveCollector,
): Promise<{ readonly text: string; readonly rate: number | null; readonly isOff: boolean }> {
  const answer = await live.askOnce(CONFIG_PATH);
  const value = jsonOf(answer);
  const config: Readonly<Record<string, unknown>> = typeof value === "object" && value !== null ? { ...value } : {};
  const { enabled, sample_rate: rate } = config;
  const text = JSON.stringify({ enabled, sample_rate: rate });
  return { text, rate: typeof rate === "number" ? rate : null, isOff: enabled === false || rate === 0 };
}

/** `https://metrics.example.com`, or with the path that leads to it. */
function baseOf({ url }: LiveCollector): string {
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

function targetOfTag({ src, data }: NonNullable<SiteCode["tag"]>, page: URL): string {
  const script = new URL(src, page);
  const api = data["api"];
  return (api === undefined ? script.origin : new URL(api, page).href).replace(/\/+$/, "");
}

/** Whether a text has the address, in full or, where it is one of the site itself, as a path. */
function namesCollector(text: string, live: LiveCollector, page: URL): boolean {
  const base = baseOf(live);
  const at = text.indexOf(base);
  // `https://metrics.example.com.evil` is another host.
  if (at !== -1 && !/[\w.-]/.test(text[at + base.length] ?? "")) return true;
  if (live.url.origin !== page.origin) return false;
  const path = live.url.pathname.replace(/\/+$/, "");
  if (path === "") return text.includes("/api/metrics/");
  return ['"', "'", "`"].some(
    (quote) => text.includes(quote + path + quote) || text.includes(`${quote}${path}/${quote}`),
  );
}

/** The collector's host by plain HTTP, and addresses of localhost. */
function findWrongAddresses(code: SiteCode, live: LiveCollector): readonly Evidence[] {
  const plain = `http://${live.url.host}`;
  const byPlain = code.texts.filter(({ text }) => text.includes(plain));
  return [
    ...byPlain.map(({ where }) => ({ what: "address of the collector", found: plain, where })),
    ...findLocal(code),
  ];
}

function findLocal({ texts }: SiteCode): readonly Evidence[] {
  return texts.flatMap(({ where, text }) =>
    [...new Set(text.match(LOCAL_ADDRESS))].map((found) => ({
      what: "address of a developer's machine",
      found,
      where,
    })),
  );
}

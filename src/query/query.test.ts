/** Holds answers to small logs whose figures can be counted by eye. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventsOf, makeSampleLog, type SampleLog } from "../../test/sample-log.ts";
import { systemClock } from "../clock.ts";
import type { Answer } from "../report.ts";
import { CLIENT_SEED, unitInterval } from "../sampling.ts";
import { openStore, type Store } from "../store/store.ts";
import { parseQuery } from "./parse-query.ts";
import { answer } from "./query.ts";
import { visitorsNow } from "./visitors-now.ts";

const NOW = Date.parse("2026-11-20T18:00:00Z");
const ALL = ["visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration", "views_per_visit"];

let log: SampleLog;
let store: Store;

beforeEach(async () => {
  log = makeSampleLog();
  store = await openStore({ dataDir: log.dataDir, clock: systemClock, inMemory: true, onWarning: () => {} });
});
afterEach(async () => {
  await store.close();
  log.remove();
});

async function load(table: string): Promise<void> {
  log.append(eventsOf(table));
  await store.load();
}

function ask(body: object): Promise<Answer> {
  const sites = ["a.com", "b.org", ...Array.from({ length: 100 }, (_, index) => `s${index}.com`)];
  return answer(store, parseQuery({ site: "a.com", date_range: "day", ...body }, { sites }), NOW);
}

/** Rows as `dimension, …: figure figure …`. */
async function rows(body: object): Promise<readonly string[]> {
  const { results } = await ask(body);
  return results.map(({ dimensions, metrics }) => `${dimensions.join(", ")}: ${metrics.join(" ")}`);
}

const DAY = `
  09:00 ada page_view /     source=google   browser=Firefox
  09:10 ada page_view /docs source=google   browser=Firefox
  09:20 ada engagement /docs
  10:00 bob page_view /     browser=Chrome  device=mobile
  12:00 bob page_view /docs browser=Chrome  device=mobile
  12:05 bob signup    /docs browser=Chrome  device=mobile
  13:00 eve page_view /x    source=evil     bot
  13:01 smoke-1 smoke_test /
  14:00 cat page_view /     site=b.org`;

describe("totals", () => {
  test("count visitors, visits, views and events, and leave out robots, smoke tests and passive events", async () => {
    await load(DAY);
    const { results, meta } = await ask({ metrics: ALL });
    // Visits: ada 09:00-09:20, bob 10:00 (a bounce), bob 12:00-12:05. Mean of 1200 s, 0 s and 300 s: 500 s.
    expect(results).toEqual([{ dimensions: [], metrics: [2, 3, 4, 5, 33.3, 500, 1.33] }]);
    expect(meta).toEqual({ sampled: false, bots_excluded: 1 });
  });

  test("are one row of nothing for a site without events", async () => {
    expect((await ask({ metrics: ALL })).results).toEqual([
      { dimensions: [], metrics: [0, 0, 0, 0, null, null, null] },
    ]);
  });

  test("take robots in where a filter names them", async () => {
    await load(DAY);
    const filters = [["is", "visit:is_bot", ["true"]]];
    const { results, meta } = await ask({ metrics: ["visitors", "visits", "events"], filters });
    expect(results[0]?.metrics).toEqual([1, 1, 1]);
    expect(meta.bots_excluded).toBe(0);
    expect(await rows({ metrics: ["visitors"], filters: [["is_not", "visit:is_bot", ["true"]]] })).toEqual([": 2"]);
  });

  test("count smoke tests where a filter names them, and no visit of theirs", async () => {
    await load(DAY);
    const filters = [["is", "event:name", ["smoke_test"]]];
    expect(await rows({ metrics: ["visitors", "visits", "events"], filters })).toEqual([": 1 0 1"]);
  });

  test("stand beside the period before", async () => {
    await load(`${DAY}\n2026-11-19T09:00 dan page_view /`);
    const include = { comparisons: { mode: "previous_period" } };
    const { results } = await ask({ metrics: ["visitors", "pageviews", "bounce_rate"], include });
    expect(results[0]?.comparison).toEqual({ dimensions: [], metrics: [1, 1, 100], change: [100, 300, -67] });
  });
});

describe("a breakdown", () => {
  test("by page counts visits that hold the page, and bounces of visits that began there", async () => {
    await load(DAY);
    expect(
      await rows({ metrics: ["visitors", "visits", "pageviews", "bounce_rate"], dimensions: ["event:page"] }),
    ).toEqual(["/: 2 2 2 50", "/docs: 2 2 2 0"]);
  });

  test("by source names what is missing", async () => {
    await load(DAY);
    expect(await rows({ metrics: ["visitors", "visits"], dimensions: ["visit:source"] })).toEqual([
      "Direct / None: 1 2",
      "google: 1 1",
    ]);
    expect(await rows({ metrics: ["visits"], filters: [["is", "visit:source", ["Direct / None"]]] })).toEqual([": 2"]);
  });

  test.each([
    ["visit:entry_page", ["/: 2", "/docs: 1"]],
    ["visit:exit_page", ["/docs: 2", "/: 1"]],
    ["visit:browser", ["Chrome: 2", "Firefox: 1"]],
    ["visit:os", ["(not set): 3"]],
    ["visit:device", ["mobile: 2", "desktop: 1"]],
    ["event:name", ["page_view: 3", "signup: 1"]],
  ])("by %s counts visits", async (dimension, expected) => {
    await load(DAY);
    expect(await rows({ metrics: ["visits"], dimensions: [dimension] })).toEqual(expected);
  });

  test("is cut into pages in one fixed order, and says how many rows there are", async () => {
    await load(["/c", "/a", "/d", "/b"].map((page, index) => `10:0${index} ada page_view ${page}`).join("\n"));
    const body = { metrics: ["pageviews"], dimensions: ["event:page"], pagination: { limit: 2, offset: 1 } };
    expect(await rows(body)).toEqual(["/b: 1", "/c: 1"]);
    expect((await ask({ ...body, include: { total_rows: true } })).meta.total_rows).toBe(4);
    expect(await rows({ ...body, order_by: [["event:page", "desc"]] })).toEqual(["/c: 1", "/b: 1"]);
  });

  test("takes % and _ in a filter for what they are", async () => {
    await load("10:00 ada page_view /a_b\n10:01 ada page_view /aXb\n10:02 ada page_view /100%25");
    const pages = (value: string): Promise<readonly string[]> =>
      rows({ metrics: ["pageviews"], dimensions: ["event:page"], filters: [["contains", "event:page", [value]]] });
    expect(await pages("a_b")).toEqual(["/a_b: 1"]);
    expect(await pages("%")).toEqual(["/100%25: 1"]);
    expect(await pages("'; DROP TABLE events; --")).toEqual([]);
  });
});

describe("a time series", () => {
  test("leaves out empty buckets and lists all in its labels", async () => {
    await load(DAY);
    const { results, meta } = await ask({
      metrics: ["visitors", "visits"],
      dimensions: ["time"],
      include: { time_labels: true },
    });
    expect(results.map(({ dimensions, metrics }) => [dimensions[0], ...metrics])).toEqual([
      ["2026-11-20 09:00:00", 1, 1],
      ["2026-11-20 10:00:00", 1, 1],
      ["2026-11-20 12:00:00", 1, 1],
    ]);
    expect(meta.time_labels).toHaveLength(24);
  });

  test("puts a visit whole into the bucket of its first event, and its events where they happened", async () => {
    await load("2026-11-19T23:50 ada page_view /\n00:10 ada page_view /docs");
    const body = {
      date_range: ["2026-11-19", "2026-11-20"],
      metrics: ["visits", "pageviews"],
      dimensions: ["time:day"],
    };
    expect(await rows(body)).toEqual(["2026-11-19: 1 1", "2026-11-20: 0 1"]);
  });

  test("keeps the two hours apart that a clock change makes of one", async () => {
    const minutes = [
      "2024-11-03T05:30",
      "2024-11-03T05:59:59.999",
      "2024-11-03T06:00",
      "2024-11-03T06:45",
      "2024-11-03T07:00",
    ];
    await load(minutes.map((at) => `${at} ada page_view /`).join("\n"));
    const body = { metrics: ["pageviews"], dimensions: ["time:hour"], timezone: "America/New_York" };
    expect(await rows({ ...body, date_range: ["2024-11-03", "2024-11-03"] })).toEqual([
      "2024-11-03 01:00:00-04:00: 2",
      "2024-11-03 01:00:00-05:00: 2",
      "2024-11-03 02:00:00: 1",
    ]);
  });

  test("stands beside the period before by position, with a row wherever either has something", async () => {
    await load("2026-11-19T08:00 ada page_view /\n09:00 ada page_view /");
    const include = { comparisons: { mode: "previous_period" } };
    const { results } = await ask({ metrics: ["pageviews"], dimensions: ["time:hour"], include });
    expect(results).toEqual([
      {
        dimensions: ["2026-11-20 08:00:00"],
        metrics: [0],
        comparison: { dimensions: ["2026-11-19 08:00:00"], metrics: [1], change: [-100] },
      },
      {
        dimensions: ["2026-11-20 09:00:00"],
        metrics: [1],
        comparison: { dimensions: ["2026-11-19 09:00:00"], metrics: [0], change: [100] },
      },
    ]);
  });

  test("of more buckets than rows fit into an answer is refused", async () => {
    const body = { metrics: ["visits"], dimensions: ["time:hour"], date_range: ["2020-01-01", "2026-01-01"] };
    await expect(ask(body)).rejects.toMatchObject({ code: "invalid_query" });
  });
});

describe("a sample", () => {
  test("is scaled up by visitor, with intervals worked out by hand", async () => {
    await load(`
      10:00 ada page_view / p=0.5
      10:01 ada page_view / p=0.5
      10:00 bob page_view / p=0.5
      10:00 eve page_view /
      10:01 eve page_view /
      10:02 eve page_view /`);
    const { results, meta } = await ask({ metrics: ["visitors", "pageviews", "bounce_rate"] });
    expect(meta.sampled).toBe(true);
    // visitors 2 + 2 + 1, variance 2 + 2; views 4 + 2 + 3, variance 2·4 + 2·1; bounces 2 of 5 visits, residuals -0.4
    // (ada) and 0.6 (bob): variance (2·0.16 + 2·0.36) / 25 = 0.0416.
    expect(results).toEqual([
      {
        dimensions: [],
        metrics: [5, 9, 40],
        intervals: [
          [1, 9],
          [2, 16],
          [0, 80],
        ],
      },
    ]);
  });

  test("counts what a visitor did under a lower rate by that rate, and the visitor by the higher", async () => {
    await load("10:00 ada page_view / p=0.25\n10:01 ada page_view /");
    const { results } = await ask({ metrics: ["visitors", "pageviews"] });
    // Views 4 + 1, variance (1 - 0.25) / 0.25² = 12; the visitor is there for certain.
    expect(results).toMatchObject([
      {
        metrics: [1, 5],
        intervals: [
          [1, 1],
          [0, 12],
        ],
      },
    ]);
  });

  test("is exact in a row of which every visitor was kept", async () => {
    await load("10:00 ada page_view /a p=0.5\n10:00 bob page_view /b");
    const { results } = await ask({ metrics: ["visitors"], dimensions: ["event:page"] });
    expect(results).toEqual([
      { dimensions: ["/a"], metrics: [2], intervals: [[0, 5]] },
      { dimensions: ["/b"], metrics: [1], intervals: [null] },
    ]);
  });

  test("holds the truth within its interval about 95 times in 100", async () => {
    // 100 sites with 200 visitors each, of whom a third is kept by the real hash. The draws are fixed, and so the count.
    const rate = 1 / 3;
    const tables = Array.from({ length: 100 }, (_, site) =>
      Array.from({ length: 200 }, (_, visitor) => `site-${site}-visitor-${visitor}`)
        .filter((id) => unitInterval(id, CLIENT_SEED) < rate)
        .flatMap((id, at) =>
          Array.from(
            { length: 1 + ((id.length * 7 + id.charCodeAt(id.length - 1)) % 5) },
            (_, view) =>
              `10:0${view} ${id} page_view / site=s${site}.com p=${rate} id=${site * 10_000 + at * 10 + view}`,
          ),
        )
        .join("\n"),
    );
    await load(tables.join("\n"));
    let held = 0;
    for (let site = 0; site < 100; site += 1) {
      const ids = Array.from({ length: 200 }, (_, visitor) => `site-${site}-visitor-${visitor}`);
      const views = ids.reduce((sum, id) => sum + 1 + ((id.length * 7 + id.charCodeAt(id.length - 1)) % 5), 0);
      const { results } = await ask({ site: `s${site}.com`, metrics: ["pageviews"] });
      const [low, high] = results[0]?.intervals?.[0] ?? [0, 0];
      if (low <= views && views <= high) held += 1;
    }
    // Binomial(100, 0.95): 88 to 100 in more than 99.8 % of all draws.
    expect(held).toBeGreaterThanOrEqual(88);
  });
});

test("now is the last five minutes, with visitors who only read", async () => {
  await load(`
    17:54:59 old page_view /
    17:56 ada page_view /
    17:58 ada engagement /
    17:59 bob engagement /
    17:59 eve page_view / bot
    17:59 smoke-1 page_view /
    17:59 cat page_view / site=b.org`);
  expect(await visitorsNow(store, "a.com", NOW)).toBe(2);
});

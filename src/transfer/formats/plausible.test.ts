import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../clock.ts";
import type { StoredEvent } from "../../event.ts";
import { decodeLine, isStoredEvent } from "../../log/read/decode-line.ts";
import { importPlausibleCsv, type PlausibleReport } from "./plausible.ts";

let folder = "";
let dataDir = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-plausible-"));
  dataDir = join(folder, "data");
});

afterEach(() => rmSync(folder, { recursive: true }));

const PAGES = `"date","hostname","page","visits","visitors","pageviews"
"2023-02-09","www.example.com","/docs",8,3,9
"2023-02-09","www.example.com","/pricing",1,2,2
"2023-02-10","www.example.com","/docs?utm_source=news",1,1,1
`;
const VISITORS = `"date","visitors","pageviews","bounces","visits","visit_duration"
"2023-02-09",4,11,2,9,300
"2023-02-10",1,1,1,1,0
`;

function save(text: string, name = "imported_pages_20230209_20230210.csv"): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function run(path: string, visitorsPath?: string): Promise<PlausibleReport> {
  return importPlausibleCsv({
    ...{ path, dataDir, dataset: "old", stdin: Readable.from([]), keepDays: undefined, clock: systemClock },
    ...{ site: { name: "example.com", hosts: ["example.com"] }, onProgress: () => undefined, visitorsPath },
  });
}

function stored(): readonly StoredEvent[] {
  const shards = readdirSync(dataDir).filter((name) => name.endsWith(".jsonl"));
  const lines = shards.sort().flatMap((name) => readFileSync(join(dataDir, name), "utf8").trim().split("\n"));
  return lines.map((text) => decodeLine(text)).filter(isStoredEvent);
}

/** Events and distinct visitors by a key. */
function sums(keyOf: (event: StoredEvent) => string): Readonly<Record<string, readonly [number, number]>> {
  const groups = Map.groupBy(stored(), keyOf);
  const rows = [...groups].map(([key, events]) => [
    key,
    [events.length, new Set(events.map((event) => event.visitorId)).size],
  ]);
  return Object.fromEntries(rows);
}

const byPage = ({ timestamp, url }: StoredEvent): string => `${timestamp.slice(0, 10)} ${new URL(url ?? "").pathname}`;
const byDay = ({ timestamp }: StoredEvent): string => timestamp.slice(0, 10);

describe("importPlausibleCsv", () => {
  it("makes as many page views and visitors a page and day as Plausible had", async () => {
    expect(await run(save(PAGES))).toMatchObject({
      ...{ lines: 3, events: 12, added: 12, alreadyPresent: 0, badLines: 0, table: "imported_pages" },
    });
    expect(sums(byPage)).toEqual({
      "2023-02-09 /docs": [9, 3],
      "2023-02-09 /pricing": [2, 2],
      "2023-02-10 /docs": [1, 1],
    });
  });

  it("has as many visitors a day as the largest page without the visitors of the day, and as the day had with them", async () => {
    await run(save(PAGES));
    expect(sums(byDay)).toEqual({ "2023-02-09": [11, 3], "2023-02-10": [1, 1] });
    rmSync(dataDir, { recursive: true });
    await run(save(PAGES), save(VISITORS, "visitors.csv"));
    expect(sums(byDay)).toEqual({ "2023-02-09": [11, 4], "2023-02-10": [1, 1] });
    expect(sums(byPage)).toMatchObject({ "2023-02-09 /docs": [9, 3], "2023-02-09 /pricing": [2, 2] });
  });

  it("has every sum of pages and days right, whatever they are", async () => {
    const day = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(9)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(day, fc.double({ min: 0, max: 1, noNaN: true }), async (pages, share) => {
        rmSync(dataDir, { recursive: true, force: true });
        const most = Math.max(...pages.map(([visitors]) => visitors));
        const all = pages.reduce((sum, [visitors]) => sum + visitors, 0);
        const visitorsOfDay = most + Math.floor((all - most) * share);
        const rows = pages.map(([visitors, more], index) => `2023-02-09,,/${index},0,${visitors},${visitors + more}\n`);
        const visitors = save(`date,visitors\n2023-02-09,${visitorsOfDay}\n`, "visitors.csv");
        await run(save(`date,hostname,page,visits,visitors,pageviews\n${rows.join("")}`), visitors);
        const expected = pages.map(([count, more], index) => [`2023-02-09 /${index}`, [count + more, count]]);
        expect(sums(byPage)).toEqual(Object.fromEntries(expected));
        expect(Object.values(sums(byDay)).map(([, distinct]) => distinct)).toEqual([visitorsOfDay]);
      }),
      { numRuns: 30 },
    );
  });

  it("marks the events as made up, on the site given, at noon, scrubbed", async () => {
    await run(save(PAGES));
    expect(stored().at(-1)).toMatchObject({
      ...{ event: "page_view", visitorId: "plausible-2023-02-10-1", timestamp: "2023-02-10T12:00:00.000Z" },
      ...{ site: "example.com", url: "https://www.example.com/docs?utm_source=news", device: "unknown" },
      metadata: { made_of: "plausible" },
    });
  });

  it("makes custom events with their link and path, by the same visitors as the pages", async () => {
    const rows = `"date","name","link_url","path","visitors","events"
"2023-02-09","Outbound Link: Click","https://one.example/?token=canary","",1,2
"2023-02-09","404","","/no-such-site",1,1
"2023-02-09","Signup","","",3,3
`;
    await run(save(rows, "imported_custom_events.csv"));
    expect(sums(({ event }) => event)).toEqual({ "Outbound Link: Click": [2, 1], "404": [1, 1], Signup: [3, 3] });
    expect(stored()[0]?.metadata).toEqual({ made_of: "plausible", url: "https://one.example/" });
    expect(stored()[2]?.url).toBe("https://example.com/no-such-site");
    expect(sums(byDay)).toEqual({ "2023-02-09": [6, 3] });
  });

  it("adds nothing the second time", async () => {
    await run(save(PAGES));
    expect(await run(save(PAGES, "again.csv"))).toMatchObject({
      events: 12,
      added: 0,
      alreadyPresent: 12,
      shard: null,
    });
    expect(new Set(stored().map(({ eventId }) => eventId)).size).toBe(12);
  });

  it("reports bad rows by line", async () => {
    const rows = [
      "date,page,visitors,pageviews",
      "2023-02-30,/a,1,1",
      "2023-02-09,,1,1",
      "2023-02-09,/a,x,1",
      "2023-02-09,/a,1,99999999",
      "2023-02-09,/a,1",
    ];
    expect(await run(save(rows.join("\n")))).toMatchObject({
      ...{ lines: 5, events: 0, added: 0, badLines: 5, shard: null },
      firstBadLines: [
        { line: 2, reason: "date is no day such as 2023-02-09" },
        { line: 3, reason: "page is empty" },
        { line: 4, reason: "visitors and events are not whole numbers up to 10000000" },
        { line: 5, reason: "visitors and events are not whole numbers up to 10000000" },
        { line: 6, reason: "has not as many cells as the header" },
      ],
    });
  });

  it("refuses tables that have no page or event, and the wrong file of visitors", async () => {
    const refused = { code: "input_unreadable" };
    await expect(run(save(VISITORS))).rejects.toMatchObject(refused);
    await expect(run(save("date,entry_page,visitors,pageviews\n"))).rejects.toMatchObject(refused);
    await expect(run(save(PAGES), save(PAGES, "wrong.csv"))).rejects.toMatchObject(refused);
    await expect(run(save(PAGES), join(folder, "none.csv"))).rejects.toMatchObject(refused);
  });
});

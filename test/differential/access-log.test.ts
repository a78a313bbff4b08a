/**
 * The import of an access log against counts that awk and sort make of the same file: page views, visitors and pages
 * must be equal, with and without robots, read back through the store and the query layer.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { isbot } from "isbot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { parseQuery } from "../../src/query/parse-query.ts";
import { answer } from "../../src/query/query.ts";
import type { Filter } from "../../src/report.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { type ImportReport, importAccessLog } from "../../src/transfer/access-log.ts";
import { sharedData } from "../means.ts";

const SITE = "blog.example";
const SCRIPT = fileURLToPath(new URL("access-log-counts.sh", import.meta.url));
const EVERYBODY: Filter = ["is", "visit:is_bot", ["true", "false"]];

type Counts = { readonly pageviews: number; readonly visitors: number; readonly pages: ReadonlyMap<string, number> };

function countWithAwk(log: string, robots: string): Counts {
  const lines = execFileSync("sh", [SCRIPT, log, robots], { encoding: "utf8" }).trim().split("\n");
  const numberOf = (name: string): number => Number(lines.find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
  const pages = lines.map((line) => /^page (\d+) (.*)$/.exec(line)).filter((match) => match !== null);
  return {
    pageviews: numberOf("pageviews"),
    visitors: numberOf("visitors"),
    pages: new Map(pages.map(([, count, path]) => [path ?? "", Number(count)])),
  };
}

async function countWithStore(store: Store, filters: readonly Filter[]): Promise<Counts> {
  const ask = async (body: Record<string, unknown>): ReturnType<typeof answer> => {
    const query = { site_id: SITE, date_range: ["2015-05-01", "2015-06-30"], filters, ...body };
    return answer(store, parseQuery(query, { sites: [SITE] }), systemClock.now());
  };
  const totals = await ask({ metrics: ["pageviews", "visitors"] });
  const pages = await ask({
    metrics: ["pageviews"],
    dimensions: ["event:page"],
    pagination: { limit: 10_000, offset: 0 },
  });
  const [pageviews = 0, visitors = 0] = totals.results[0]?.metrics ?? [];
  return {
    pageviews: pageviews ?? 0,
    visitors: visitors ?? 0,
    pages: new Map(pages.results.map((row) => [row.dimensions[0] ?? "", row.metrics[0] ?? 0])),
  };
}

/** The user agents of a log that isbot takes for robots, by isbot itself. */
function listRobots(log: string): string {
  const agents = readFileSync(log, "utf8")
    .split("\n")
    .map((line) => /"([^"]*)"$/.exec(line)?.[1] ?? "-");
  return [...new Set(agents)].filter((agent) => isbot(agent)).join("\n");
}

const shared = sharedData("access-log/combined_5k.log");

describe.skipIf(shared === undefined)("5,000 real requests to a real blog [needs shared data]", () => {
  const folder = mkdtempSync(join(tmpdir(), "passerby-awk-"));
  const robots = join(folder, "robots.txt");
  const log = shared ?? "";
  let store: Store;
  let report: ImportReport;

  beforeAll(async () => {
    writeFileSync(robots, `${listRobots(log)}\n`);
    const site = { name: SITE, hosts: [SITE] };
    const fixed = { dataset: "blog", keepDays: null, format: undefined, site, clock: systemClock };
    const rest = { stdin: Readable.from([]), onProgress: () => undefined };
    report = await importAccessLog({ path: log, dataDir: folder, ...fixed, ...rest });
    store = await openStore({ dataDir: folder, clock: systemClock, onWarning: () => undefined });
    await store.load();
  });

  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it("has no bad line", () => {
    expect(report).toMatchObject({ lines: 5000, badLines: 0, alreadyPresent: 0 });
  });

  it("has the page views, visitors and pages that awk counts", async () => {
    const expected = countWithAwk(log, "/dev/null");
    expect(expected.pageviews).toBe(report.added);
    expect(await countWithStore(store, [EVERYBODY])).toEqual(expected);
  });

  it("has the page views, visitors and pages that awk counts without robots", async () => {
    const expected = countWithAwk(log, robots);
    expect(expected.pageviews).toBeGreaterThan(500);
    expect(expected.pageviews).toBe(report.added - report.botPageViews);
    expect(await countWithStore(store, [])).toEqual(expected);
  });

  it("writes no address and no user agent of the log into the data directory", () => {
    const written = readFileSync(join(folder, report.shard ?? ""), "utf8");
    expect(written).not.toMatch(/198\.1[89]\.\d+\.\d+/);
    expect(written).not.toMatch(/Mozilla|AppleWebKit|Googlebot/);
  });
});

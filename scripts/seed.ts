/**
 * Fills an empty data directory with eight weeks of made-up visits of the demo site, the same for everybody but for the
 * dates, so that a developer's dashboard has something to show. Run: npm run dev, or node scripts/seed.ts DIR
 */
import { mkdirSync } from "node:fs";
import { type Clock, systemClock } from "../src/clock.ts";
import { describeAgent } from "../src/collector/enrichment/enrich.ts";
import { findSource } from "../src/collector/enrichment/source.ts";
import type { AcceptedEvent } from "../src/event.ts";
import { listLogFiles } from "../src/log/files/log-files.ts";
import { writeImportShard } from "../src/log/write/import-shard.ts";

const DAYS = 56;
const DAY_MS = 86_400_000;
const DATASET = "seed";

/** Choices with their weights; the weights of a list need not add up to anything. */
type Weighted<Value> = readonly (readonly [Value, number])[];

const AGENTS: Weighted<string> = [
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    34,
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    26,
  ],
  [
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    19,
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    12,
  ],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", 7],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    6,
  ],
  ["Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 4],
];

const REFERRERS: Weighted<string | undefined> = [
  [undefined, 38],
  ["https://www.google.com/", 30],
  ["https://duckduckgo.com/", 7],
  ["https://news.ycombinator.com/item", 6],
  ["https://www.bing.com/", 5],
  ["https://mastodon.social/@somebody", 4],
  ["https://www.reddit.com/r/selfhosted/", 4],
  ["https://github.com/", 3],
];

/** Pages of the demo site. */
const PAGES: Weighted<string> = [
  ["/", 40],
  ["/plans/", 18],
  ["/journal/reading-contours/", 14],
  ["/journal/every-path/", 9],
  ["/journal/", 8],
  ["/about/", 9],
  ["/privacy.html", 2],
];

/** A generator of uniform numbers in [0, 1) from a fixed seed (mulberry32, public domain). */
function seededNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

class Visits {
  private readonly random: () => number;
  private readonly pages: Weighted<string>;

  constructor(seed: number, pages: Weighted<string>) {
    this.random = seededNumbers(seed);
    this.pages = pages;
  }

  /** All events of one UTC day, in order of time; none later than `untilMs`. */
  ofDay(dayMs: number, untilMs: number): readonly AcceptedEvent[] {
    const weekday = new Date(dayMs).getUTCDay();
    const visits = Math.round((weekday === 0 || weekday === 6 ? 46 : 84) * (0.85 + 0.3 * this.random()));
    const events = Array.from({ length: visits }, () => this.visit(dayMs)).flat();
    return events.filter((event) => Date.parse(event.timestamp) <= untilMs).sort(byTime);
  }

  private visit(dayMs: number): readonly AcceptedEvent[] {
    const userAgent = this.pick(AGENTS);
    const referrer = this.pick(REFERRERS);
    const visitorId = `seed-${Math.floor(this.random() * 1e9).toString(36)}`;
    // Two draws make a day that rises to the afternoon and falls again.
    let timeMs = dayMs + ((this.random() + this.random()) / 2) * DAY_MS;
    const events: AcceptedEvent[] = [];
    const views = this.random() < 0.46 ? 1 : 2 + Math.floor(this.random() * 4);
    for (let view = 0; view < views; view += 1) {
      const path = this.pick(this.pages);
      const facts = { visitorId, timeMs, path, userAgent, referrer: view === 0 ? referrer : undefined };
      events.push(this.event("page_view", { path }, facts));
      if (path === "/plans/" && this.random() < 0.3)
        events.push(this.event("plan_chosen", {}, { ...facts, timeMs: timeMs + 9_000 }));
      timeMs += 15_000 + this.random() * 150_000;
    }
    return events;
  }

  private event(name: string, metadata: Record<string, unknown>, facts: VisitFacts): AcceptedEvent {
    const { isBot, ...agent } = { isBot: false, ...describeAgent(facts.userAgent) };
    const timestamp = new Date(facts.timeMs).toISOString();
    const url = `http://localhost:3000${facts.path}`;
    return {
      event: name,
      visitorId: facts.visitorId,
      timestamp,
      receivedAt: timestamp,
      metadata,
      eventId: this.uuid(),
      site: "localhost",
      url,
      ...(facts.referrer !== undefined && { referrer: facts.referrer }),
      sampleRate: 1,
      serverSampleRate: 1,
      ...agent,
      ...findSource({ url, referrer: facts.referrer, siteHosts: ["localhost"] }),
      isBot: isBot || agent.device === "bot",
    };
  }

  private pick<Value>(choices: Weighted<Value>): Value {
    const [first] = choices;
    if (first === undefined) throw new Error("nothing to choose from");
    let left = this.random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [value, weight] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return first[0];
  }

  private uuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.random() * 16).toString(16)).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

type VisitFacts = {
  readonly visitorId: string;
  readonly timeMs: number;
  readonly path: string;
  readonly userAgent: string;
  readonly referrer: string | undefined;
};

function byTime(a: AcceptedEvent, b: AcceptedEvent): number {
  return a.timestamp < b.timestamp ? -1 : 1;
}

/** Seeds a data directory unless it holds the seed already; returns the number of events added. */
export async function seed(dataDir: string, clock: Clock = systemClock): Promise<number> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const files = await listLogFiles(dataDir);
  if (files.some((file) => "dataset" in file && file.dataset === DATASET)) return 0;
  const visits = new Visits(20261123, PAGES);
  const today = Math.floor(clock.now() / DAY_MS) * DAY_MS;
  const days = Array.from({ length: DAYS + 1 }, (_, index) =>
    visits.ofDay(today - (DAYS - index) * DAY_MS, clock.now()),
  );
  await writeImportShard({ dataDir, dataset: DATASET, clock }, days);
  return days.flat().length;
}

const [dataDir] = process.argv.slice(2);
if (import.meta.main) {
  if (dataDir === undefined) throw new Error("name the data directory: node scripts/seed.ts DIR");
  process.stdout.write(`${await seed(dataDir)} events added\n`);
}

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../clock.ts";
import type { StoredEvent } from "../../event.ts";
import { decodeLine, isStoredEvent } from "../../log/read/decode-line.ts";
import { importUmamiCsv, type UmamiReport } from "./umami.ts";

let folder = "";
let dataDir = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-umami-"));
  dataDir = join(folder, "data");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The columns of Umami Cloud's export, and the rows of two visitors in it. */
const HEADER =
  '"website_id","session_id","visit_id","event_id","hostname","browser","os","device","screen","language","country","region","city","url_path","url_query","utm_source","referrer_path","referrer_query","referrer_domain","page_title","event_type","event_name","tag","distinct_id","created_at"';
const SITE = "0b9a4f5e-2f0c-4a52-8d0f-7b6c2ed5a001";
const ADA = "5e0f7a31-9f5c-5b7a-8a52-2d7f1c0a0001";
const VISIT = "91c2a9de-6a21-5d0e-9d0c-51a7bd6e0001";
const EVENT = "c41f1c64-51a0-4a37-b3c7-0a4e6f2b000";
const VIEW = `"${SITE}","${ADA}","${VISIT}","${EVENT}1","www.example.com","chrome","Mac OS","laptop","1440x900","en-GB","FR","FR-IDF","Paris","/blog/a","utm_source=news&id=7","news","/search","q=secret","duckduckgo.com","A ""quoted"" title, with
a line end","1","","spring","customer-4711","2024-01-15 10:23:45"`;
const SIGNUP = `"${SITE}","${ADA}","${VISIT}","${EVENT}2","www.example.com","chrome","Mac OS","laptop","1440x900","en-GB","FR","FR-IDF","Paris","/signup","","","","","","Sign up","2","signup","","","2024-01-15 10:25:00"`;

function save(text: string, name = "website_event.csv"): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function run(path: string, dataset = "umami"): Promise<UmamiReport> {
  return importUmamiCsv({
    ...{ path, dataDir, dataset, stdin: Readable.from([]), keepDays: undefined, clock: systemClock },
    ...{ site: { name: "example.com", hosts: ["www.example.com"] }, onProgress: () => undefined },
  });
}

function stored(): readonly StoredEvent[] {
  const shards = readdirSync(dataDir).filter((name) => name.endsWith(".jsonl"));
  const lines = shards.sort().flatMap((name) => readFileSync(join(dataDir, name), "utf8").trim().split("\n"));
  return lines.map((text) => decodeLine(text)).filter(isStoredEvent);
}

describe("importUmamiCsv", () => {
  it("makes page views and custom events, with what Umami knew of the browser", async () => {
    expect(await run(save([HEADER, VIEW, SIGNUP].join("\n")))).toMatchObject({
      ...{ lines: 2, events: 2, added: 2, alreadyPresent: 0, badLines: 0, skipped: { other_type: 0 } },
    });
    const client = { screen: "1440x900", language: "en-GB", browser: "Chrome", os: "macOS", device: "desktop" };
    const [view, signup] = stored();
    expect(view).toMatchObject({
      ...{ event: "page_view", timestamp: "2024-01-15T10:23:45.000Z", site: "example.com", eventId: `${EVENT}1` },
      ...{ url: "https://www.example.com/blog/a?utm_source=news", referrer: "https://duckduckgo.com/search" },
      ...{ title: 'A "quoted" title, with\na line end', metadata: { tag: "spring" }, source: "news", isBot: false },
      ...{ country: "FR", region: "FR-IDF", sampleRate: 1, serverSampleRate: 1, ...client },
    });
    expect(signup).toMatchObject({ event: "signup", eventId: `${EVENT}2`, metadata: {}, ...client });
    expect(signup?.visitorId).toBe(view?.visitorId);
  });

  it("writes nowhere who it was, or what was searched for", async () => {
    await run(save([HEADER, VIEW, SIGNUP].join("\n")));
    for (const name of readdirSync(dataDir)) {
      expect(readFileSync(join(dataDir, name), "utf8")).not.toMatch(/5e0f7a31|91c2a9de|4711|secret|id=7|Paris/);
    }
  });

  it("adds nothing the second time, and what is new of a table that has grown", async () => {
    await run(save([HEADER, VIEW, ""].join("\n")));
    expect(await run(save([HEADER, VIEW, ""].join("\n"), "other.csv"), "other")).toMatchObject({
      added: 0,
      alreadyPresent: 1,
    });
    const grown = join(folder, "grown.csv.gz");
    writeFileSync(grown, gzipSync([HEADER, VIEW, SIGNUP].join("\n")));
    expect(await run(grown)).toMatchObject({ added: 1, alreadyPresent: 1 });
    expect(stored().map(({ event }) => event)).toEqual(["page_view", "signup"]);
  });

  it("reads a join of PostgreSQL's tables: fewer columns, times with an offset, no ids", async () => {
    const rows = [
      "session_id,url_path,event_type,created_at",
      `${ADA},/a,1,2024-01-15 10:23:45.678+00`,
      `${ADA},/b,1,2024-01-15T12:00:00+01:30`,
    ];
    await run(save(`\ufeff${rows.join("\r\n")}\r\n`));
    expect(stored()).toMatchObject([
      { timestamp: "2024-01-15T10:23:45.678Z", url: "https://example.com/a", device: "unknown", metadata: {} },
      { timestamp: "2024-01-15T10:30:00.000Z", url: "https://example.com/b" },
    ]);
    expect(new Set(stored().map(({ eventId }) => eventId)).size).toBe(2);
    expect(new Set(stored().map(({ visitorId }) => visitorId)).size).toBe(1);
  });

  it("reports bad rows by line, and counts rows that are no events", async () => {
    const rows = [
      "session_id,url_path,event_type,created_at,event_name",
      `${ADA},/a,1,yesterday,`,
      `,/a,1,2024-01-15 10:23:45,`,
      `${ADA},/a,2,2024-01-15 10:23:45,\\N`,
      `${ADA},/a,5,2024-01-15 10:23:45,`,
      `${ADA},/a`,
      `${ADA},/a,1,2024-02-30 10:23:45,`,
      `${ADA},/a,1,2024-01-15 10:23:45,`,
    ];
    expect(await run(save(rows.join("\n")))).toMatchObject({
      ...{ lines: 7, events: 1, added: 1, badLines: 5, skipped: { other_type: 1 } },
      firstBadLines: [
        { line: 2, reason: "created_at is no time" },
        { line: 3, reason: "session_id is empty" },
        { line: 4, reason: "event_name is not 1 to 64 characters" },
        { line: 6, reason: "has not as many cells as the header" },
        { line: 7, reason: "created_at is no time" },
      ],
    });
  });

  it.each([
    ["has other columns", "date,visitors\n2023-02-09,5\n", "has no column session_id"],
    ["is empty", "", "has no column session_id"],
    ["has a quote that is never closed", `${HEADER}\n${VIEW}\n"oops`, "is no CSV that can be read: Quote Not Closed"],
  ])("refuses a file that %s, and imports nothing", async (_, text, message) => {
    const refused = { code: "input_unreadable", message: expect.stringContaining(message) };
    await expect(run(save(text))).rejects.toMatchObject(refused);
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

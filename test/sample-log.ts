/** Small logs for tests: events written as a text table, in real log files in a folder of their own. */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AcceptedEvent } from "../src/event.ts";
import { activeName } from "../src/log/files/log-files.ts";
import { encodeLines } from "../src/log/write/encode-line.ts";

/** A data directory with a log that a test appends to. */
export type SampleLog = {
  readonly dataDir: string;
  /** Appends events to the file that a writer (default 1) is writing; numbers its lines on. */
  readonly append: (events: readonly AcceptedEvent[], writer?: number) => void;
  /** Appends bytes as they are. */
  readonly appendText: (text: string | Uint8Array) => void;
  readonly remove: () => void;
};

/** Makes an empty data directory. */
export function makeSampleLog(): SampleLog {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-log-"));
  const seq = new Map<number, number>();
  return {
    dataDir,
    append: (events, writer = 1) => {
      const next = seq.get(writer) ?? 0;
      seq.set(writer, next + events.length);
      const lines = encodeLines(events, { writer: `w${writer}`, start: "start-1", seq: next });
      appendFileSync(join(dataDir, activeName(writer)), lines);
    },
    appendText: (text) => appendFileSync(join(dataDir, activeName(1)), text),
    remove: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

/**
 * Reads events from lines such as `10:05 ada page_view /pricing source=google p=0.5`: time of 2026-11-20 UTC (or
 * `2026-11-21T10:05:30`), visitor, event, page (`-` for none), then any of source, browser, os, device, session, p,
 * site, id (the last digits of the event's id; default: a number of its own), bot and path.
 */
export function eventsOf(table: string): readonly AcceptedEvent[] {
  const lines = table.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map(eventOf);
}

function eventOf(line: string, index: number): AcceptedEvent {
  const [time = "", visitor = "", event = "", page = "-", ...rest] = line.split(/\s+/);
  const extra = new Map(rest.map((part) => [part.split("=")[0] ?? "", part.slice(part.indexOf("=") + 1)]));
  const site = extra.get("site") ?? "a.com";
  const timestamp = new Date(`${time.includes("T") ? time : `2026-11-20T${time}`}Z`).toISOString();
  const number = extra.get("id") ?? `${index + 1}`;
  const text = (key: string, field: string): Record<string, string> => {
    const value = extra.get(key);
    return value === undefined ? {} : { [field]: value };
  };
  return {
    event,
    visitorId: visitor.padEnd(6, "."),
    timestamp,
    metadata: text("path", "path"),
    eventId: `00000000-0000-7000-8000-${number.padStart(12, "0")}`,
    site,
    ...(page !== "-" && { url: `https://${site}${page}` }),
    ...text("session", "sessionId"),
    ...text("source", "source"),
    ...text("browser", "browser"),
    ...text("os", "os"),
    sampleRate: Number(extra.get("p") ?? 1),
    serverSampleRate: 1,
    receivedAt: timestamp,
    device: extra.get("device") === "mobile" ? "mobile" : "desktop",
    isBot: extra.has("bot"),
  };
}

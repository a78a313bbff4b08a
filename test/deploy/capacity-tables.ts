/** The figures of docs/guide/capacity.md, worked out from those that the reference pages name as measured. */
import { readFileSync } from "node:fs";
import { readSettings } from "../../src/config.ts";

const PAGES = new URL("../../docs/", import.meta.url);
const DAYS = 30;
const DAY_SECONDS = 86_400;

/** What the guide assumes; nothing of it is measured. */
export const ASSUMED = {
  /** `page_view`, `engagement`, and `scroll_depth` four times: a page that was read to its end. */
  eventsWithAuto: 6,
  pageviewsOfVisitor: 3,
  peakOverMean: 10,
} as const;

/** Reads a page of the docs. */
export function readPage(path: string): string {
  return readFileSync(new URL(path, PAGES), "utf8");
}

/** The figure in a row of a page's table, by the row's beginning. */
function measured(page: string, row: string): number {
  const line = readPage(page)
    .split("\n")
    .find((one) => one.startsWith(`| ${row} | `));
  const figure = /^[\d,.]+/.exec(line?.slice(`| ${row} | `.length) ?? "")?.[0];
  if (figure === undefined) throw new Error(`docs/${page} has no figure in a row "${row}"`);
  return Number(figure.replaceAll(",", ""));
}

export type Constants = {
  readonly lineBytes: number;
  readonly gzipBytes: number;
  readonly storeBytes: number;
  readonly eventsPerSecond: number;
  readonly emptyMb: number;
  readonly millionIdsMb: number;
  readonly replayPerSecond: number;
  readonly retentionDays: number;
  readonly gzipAfterDays: number;
};

/** Bytes, rates and memory as they were measured, and the settings' defaults. */
export function readConstants(): Constants {
  const performance = "reference/performance.md";
  return {
    lineBytes: measured(performance, "JSONL"),
    gzipBytes: measured(performance, "gzip"),
    storeBytes: measured(performance, "the store, `store.duckdb`"),
    eventsPerSecond: measured(performance, "Passerby, durable, with the store"),
    emptyMb: measured(performance, "`--no-store`, nothing stored yet"),
    millionIdsMb: measured(performance, "`--no-store`, started on a log of 1 million events, whose ids it remembers"),
    replayPerSecond: measured("reference/replay.md", "replay"),
    retentionDays: readSettings().retentionDays,
    gzipAfterDays: measured("reference/rotation.md", "`--gzip-after-days N`"),
  };
}

/** Bytes on disk of so many events a day; `isPacked` false is the bound that no real log exceeds. */
export function diskBytes(eventsPerDay: number, constants: Constants, isPacked = true): number {
  const { lineBytes, gzipBytes, storeBytes, retentionDays, gzipAfterDays } = constants;
  const plainDays = isPacked ? gzipAfterDays : retentionDays;
  const log = plainDays * lineBytes + (retentionDays - plainDays) * gzipBytes;
  // Once a day the store is copied, which needs its room twice.
  return eventsPerDay * (log + 2 * retentionDays * storeBytes);
}

const MONTHS: readonly [string, number][] = [
  ["10,000", 1e4],
  ["100,000", 1e5],
  ["1,000,000", 1e6],
  ["10,000,000", 1e7],
];

/** The lines of the table of sizes. */
export function sizeTable(constants: Constants): readonly string[] {
  return MONTHS.flatMap(([name, pageviews]) =>
    [1, ASSUMED.eventsWithAuto].map((events) => {
      const perDay = (pageviews * events) / DAYS;
      const mean = perDay / DAY_SECONDS;
      const peak = mean * ASSUMED.peakOverMean;
      const share = (peak / constants.eventsPerSecond) * 100;
      const disk = [true, false].map((isPacked) => formatBytes(diskBytes(perDay, constants, isPacked)));
      const rebuild = (perDay * constants.retentionDays) / constants.replayPerSecond;
      const cells = [name, events, toDigits(mean), toDigits(peak), `${toDigits(share)} %`, ...disk];
      return `| ${[...cells, `${toDigits(rebuild)} s`].join(" | ")} |`;
    }),
  );
}

/** The lines of the table of sampling: what a tenth of the visitors costs and gains. */
export function samplingTable(constants: Constants, rate: number): readonly string[] {
  return MONTHS.map(([name, pageviews]) => {
    const perDay = (pageviews * ASSUMED.eventsWithAuto) / DAYS;
    const visitors = pageviews / DAYS / ASSUMED.pageviewsOfVisitor;
    const interval = 196 * Math.sqrt((1 - rate) / (rate * visitors));
    const [all, kept] = [perDay, perDay * rate].map((events) => formatBytes(diskBytes(events, constants)));
    return `| ${[name, toDigits(visitors), all, kept, `± ${toDigits(interval)} %`].join(" | ")} |`;
  });
}

/** Two digits that count. */
function toDigits(value: number): string {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 2 }).format(value);
}

function formatBytes(bytes: number): string {
  return bytes < 1e9 ? `${toDigits(bytes / 1e6)} MB` : `${toDigits(bytes / 1e9)} GB`;
}

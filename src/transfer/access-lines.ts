/** Reads the lines of an access log one batch after another into page views, and counts what it leaves out and why. */
import type { AcceptedEvent } from "../event.ts";
import { type AccessFormat, parseAccessLine } from "./access-line.ts";
import { importedEventId } from "./import-id.ts";
import { type PageViewMaker, reasonToSkip, type SkipReason, toPageView } from "./page-view.ts";
import { type InputLine, MAX_LINE_BYTES } from "./split-lines.ts";

/** A line that is no request. */
export type BadLineReport = { readonly line: number; readonly reason: string };

export type ImportCounts = {
  readonly lines: number;
  /** Page views in the file, new or not; how many of the new ones are robots'. */
  readonly pageViews: number;
  readonly botPageViews: number;
  /** Requests that are no page view, by reason. */
  readonly skipped: Readonly<Record<SkipReason, number>>;
  readonly badLines: number;
  /** The first twenty of them. */
  readonly firstBadLines: readonly BadLineReport[];
};

export type LineReaderOptions = {
  readonly format: AccessFormat;
  /** Key of the file, of which the events' ids are made. */
  readonly key: string;
  /** Lines that begin before this byte were imported earlier. */
  readonly presentBytes: number;
  readonly maker: PageViewMaker;
};

const SHOWN_BAD_LINES = 20;

export class LineReader {
  private readonly options: LineReaderOptions;
  private readonly skipped = { not_get: 0, not_ok: 0, asset: 0, no_path: 0 };
  private readonly firstBadLines: BadLineReport[] = [];
  private lines = 0;
  private pageViews = 0;
  private botPageViews = 0;
  private badLines = 0;

  constructor(options: LineReaderOptions) {
    this.options = options;
  }

  /** Returns the new page views among lines. */
  read(lines: readonly InputLine[]): readonly AcceptedEvent[] {
    return lines.map((line) => this.readLine(line)).filter((event) => event !== undefined);
  }

  counts(): ImportCounts {
    const { lines, pageViews, botPageViews, skipped, badLines, firstBadLines } = this;
    return { lines, pageViews, botPageViews, skipped, badLines, firstBadLines };
  }

  private readLine({ number, offset, text }: InputLine): AcceptedEvent | undefined {
    this.lines += 1;
    if (text === undefined) return this.refuse(number, `longer than ${MAX_LINE_BYTES} bytes`);
    const request = parseAccessLine(text, this.options.format);
    if ("reason" in request) return this.refuse(number, request.reason);
    const reason = reasonToSkip(request);
    if (reason !== undefined) {
      this.skipped[reason] += 1;
      return undefined;
    }
    this.pageViews += 1;
    if (offset < this.options.presentBytes) return undefined;
    const event = toPageView(request, importedEventId(this.options.key, offset), this.options.maker);
    if (event.isBot) this.botPageViews += 1;
    return event;
  }

  private refuse(line: number, reason: string): undefined {
    this.badLines += 1;
    if (this.firstBadLines.length < SHOWN_BAD_LINES) this.firstBadLines.push({ line, reason });
  }
}

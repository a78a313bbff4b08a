/** Reads the lines of an access log one batch after another into page views, and counts what it leaves out and why. */
import type { AcceptedEvent } from "../event.ts";
import { type AccessFormat, parseAccessLine } from "./access-line.ts";
import { type BadLineCounts, BadLines } from "./bad-lines.ts";
import { importedEventId } from "./import-id.ts";
import { type PageViewMaker, reasonToSkip, type SkipReason, toPageView } from "./page-view.ts";
import { type InputLine, MAX_LINE_BYTES } from "./split-lines.ts";

export type ImportCounts = BadLineCounts & {
  readonly lines: number;
  /** Page views in the file, new or not; how many of the new ones are robots'. */
  readonly pageViews: number;
  readonly botPageViews: number;
  /** Requests that are no page view, by reason. */
  readonly skipped: Readonly<Record<SkipReason, number>>;
};

/** Which file the lines are of. */
export type LineFile = {
  readonly format: AccessFormat;
  /** Key of the file, of which the events' ids are made. */
  readonly key: string;
  /** Lines that begin before this byte were imported earlier. */
  readonly presentBytes: number;
};

export class LineReader {
  private readonly maker: PageViewMaker;
  private readonly skipped = { not_get: 0, not_ok: 0, asset: 0, no_path: 0 };
  private readonly bad = new BadLines();
  private lines = 0;
  private pageViews = 0;
  private botPageViews = 0;

  constructor(maker: PageViewMaker) {
    this.maker = maker;
  }

  /** Returns the new page views among lines. */
  read(lines: readonly InputLine[], file: LineFile): readonly AcceptedEvent[] {
    return lines.map((line) => this.readLine(line, file)).filter((event) => event !== undefined);
  }

  counts(): ImportCounts {
    const { lines, pageViews, botPageViews, skipped } = this;
    return { lines, pageViews, botPageViews, skipped, ...this.bad.counts() };
  }

  private readLine({ number, offset, text }: InputLine, file: LineFile): AcceptedEvent | undefined {
    this.lines += 1;
    if (text === undefined) return this.bad.add(number, `longer than ${MAX_LINE_BYTES} bytes`);
    const request = parseAccessLine(text, file.format);
    if ("reason" in request) return this.bad.add(number, request.reason);
    const reason = reasonToSkip(request);
    if (reason !== undefined) {
      this.skipped[reason] += 1;
      return undefined;
    }
    this.pageViews += 1;
    if (offset < file.presentBytes) return undefined;
    const event = toPageView(request, importedEventId(file.key, offset), this.maker);
    if (event.isBot) this.botPageViews += 1;
    return event;
  }
}

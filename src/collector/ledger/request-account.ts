/** The account of one request: what it brought is counted once as received, and every event of it meets one end. */
import type { AcceptedEvent, DropReason } from "../../event.ts";
import { UNKNOWN_SITE } from "./counts.ts";
import type { MinuteBook, Refusal } from "./minute-book.ts";

/** Refusals of a body that nothing could be read from: no site can be told of it, whatever its headers say. */
const UNREADABLE: ReadonlySet<string> = new Set(["invalid_json", "payload_too_large", "unsupported_media_type"]);
/** Longest part of a refused origin that is remembered. */
const MAX_ORIGIN_LENGTH = 256;

type Arrived = {
  /** The valid events. */
  readonly drafts: readonly { readonly event: AcceptedEvent }[];
  /** Number of events that are not valid. */
  readonly refused: number;
};

export class RequestAccount {
  private readonly minute: MinuteBook;
  private readonly site: string;
  private arrived: Arrived | undefined;
  private readonly stored: (readonly AcceptedEvent[])[] = [];

  /** Opens an account in a minute's book; `site` is that of the page that asked, as far as the headers tell. */
  constructor(minute: MinuteBook, site: string | undefined) {
    this.minute = minute;
    this.site = site ?? UNKNOWN_SITE;
  }

  /** True when the events of the request are known and counted as received. */
  get hasArrived(): boolean {
    return this.arrived !== undefined;
  }

  /** Counts what was read from the body as received, each event under its site. */
  arrive(arrived: Arrived): void {
    this.arrived = arrived;
    for (const { event } of arrived.drafts) this.minute.received(event.site, 1);
    if (arrived.refused > 0) this.minute.received(this.site, arrived.refused);
  }

  /** Remembers events that are on disk, should others of the request be refused; the log's append has counted them. */
  noteStored(events: readonly AcceptedEvent[]): void {
    this.stored.push(events);
  }

  /** Counts the rest of a request that is answered with success. */
  settle(dropped: readonly { readonly site: string; readonly reason: DropReason }[], lost: number): void {
    for (const { site, reason } of dropped) this.minute.dropped(site, reason);
    const count = this.arrived?.refused ?? 0;
    if (count > 0) this.minute.refused(this.site, { reason: "invalid_event", count });
    if (lost > 0) this.minute.lost(this.site, lost);
  }

  /**
   * Counts a request that is refused as a whole, but for events that are on disk nevertheless. The refusal's `count` is
   * that of a request whose events have not been read.
   */
  refuse({ reason, count, origin }: Refusal): void {
    if (this.arrived === undefined) {
      const site = UNREADABLE.has(reason) ? UNKNOWN_SITE : this.site;
      this.minute.received(site, count);
      this.minute.refused(site, { reason, count, origin: origin?.slice(0, MAX_ORIGIN_LENGTH) });
      return;
    }
    const { drafts, refused } = this.arrived;
    const stored = new Set(this.stored.flat());
    for (const { event } of drafts) {
      if (!stored.has(event)) this.minute.refused(event.site, { reason, count: 1 });
    }
    if (refused > 0) this.minute.refused(this.site, { reason, count: refused });
  }

  /** Counts as received what a fault of ours has kept from any end, so that the ledger shows the fault. */
  fail(): void {
    if (this.arrived === undefined) this.minute.received(this.site, 1);
  }
}

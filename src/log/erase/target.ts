/** What is to be erased, and which lines are meant by it: an event by its fields, a damaged line by the bytes it holds. */
import type { StoredEvent } from "../../event.ts";
import { decodeLine, isStoredEvent } from "../read/decode-line.ts";
import type { WriterPosition } from "../write/encode-line.ts";

/** All events of a visitor (on every site) or of a site; with `before` only those received before that UTC day. */
export type EraseTarget = {
  readonly kind: "visitor" | "site";
  /** The visitor's id, or the site's name. */
  readonly value: string;
  /** `2026-11-24`; null: whenever they were received. */
  readonly before: string | null;
};

/** A line that is meant: the id of its event and its place, as far as it tells them. */
export type MeantLine = { readonly eventId: string | undefined; readonly position: WriterPosition | undefined };

const POSITION = /^\{"v":\d+,"seq":(\d{1,15}),"writer":"([\w.-]+)","start":"([\w-]+)"[,}]/;
const EVENT_ID = /"event_id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/i;
const RECEIVED_DAY = /"received_at":"(\d{4}-\d\d-\d\d)T/;
const VISITOR = '"visitor_id":"';
const SITE = /"site":"[^"]*"/;
/** A character written so may hide the value from a search for its bytes. */
const ESCAPE = Buffer.from("\\u");

/** Finds the lines that a target means. */
export class LineJudge {
  private readonly target: EraseTarget;
  private readonly needle: Buffer;

  constructor(target: EraseTarget) {
    this.target = target;
    this.needle = Buffer.from(JSON.stringify(target.value).slice(1, -1));
  }

  /** Says whether lines may be among these bytes that are meant; a no is certain. */
  mayHold(bytes: Buffer): boolean {
    return bytes.includes(this.needle) || bytes.includes(ESCAPE);
  }

  /** Judges one line; undefined for one that stays. `day` is taken for a damaged line that does not tell its own. */
  judge(line: Buffer, day: string | undefined): MeantLine | undefined {
    if (!this.mayHold(line)) return undefined;
    const decoded = decodeLine(line.toString("utf8"));
    if (isStoredEvent(decoded)) return this.judgeEvent(decoded);
    return decoded.problem !== "erased" && this.isNamedIn(line) ? this.judgeText(line, day) : undefined;
  }

  /** Judges a line of quarantine. One that has lost what would tell whose it is, is meant. */
  judgeTorn(line: Buffer, day: string | undefined): MeantLine | undefined {
    const decoded = decodeLine(line.toString("utf8"));
    if (isStoredEvent(decoded)) return this.judgeEvent(decoded);
    const isMeant = this.isNamedIn(line) || (this.target.kind === "site" ? !SITE.test(textOf(line)) : this.isCut(line));
    return isMeant ? this.judgeText(line, day) : undefined;
  }

  private judgeEvent(event: StoredEvent): MeantLine | undefined {
    const { kind, value, before } = this.target;
    if ((kind === "visitor" ? event.visitorId : event.site) !== value) return undefined;
    if (before !== null && event.receivedAt.slice(0, 10) >= before) return undefined;
    return { eventId: event.eventId, position: { writer: event.writer, start: event.start, seq: event.seq } };
  }

  /** A site's name may stand in an address, too; an id stands for the visitor wherever it is. */
  private isNamedIn(line: Buffer): boolean {
    return this.target.kind === "visitor" ? line.includes(this.needle) : line.includes(`"site":"${this.needle}"`);
  }

  private judgeText(line: Buffer, day: string | undefined): MeantLine | undefined {
    const text = textOf(line);
    const { before } = this.target;
    if (before !== null && (RECEIVED_DAY.exec(text)?.[1] ?? day ?? "") >= before) return undefined;
    const [, seq, writer, start] = POSITION.exec(text) ?? [];
    const position = writer && start ? { writer, start, seq: Number(seq) } : undefined;
    return { eventId: EVENT_ID.exec(text)?.[1], position };
  }

  /** Says whether a line breaks off inside the id. */
  private isCut(line: Buffer): boolean {
    const text = textOf(line).trimEnd();
    const from = text.lastIndexOf(VISITOR);
    const rest = from < 0 ? "" : text.slice(from + VISITOR.length);
    return rest !== "" && textOf(this.needle).startsWith(rest);
  }
}

/** Bytes that are no UTF-8 stay in their places. */
function textOf(line: Buffer): string {
  return line.toString("latin1");
}

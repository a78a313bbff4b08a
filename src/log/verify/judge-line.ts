/** Judges one line of the log by itself: an event, something else that belongs there, or damage of a kind. */
import { isUtf8 } from "node:buffer";
import type { StoredEvent } from "../../event.ts";
import { decodeLine, isStoredEvent, type LineProblem, positionOf } from "../read/decode-line.ts";
import { MAX_LINE_BYTES } from "../read/read-chunks.ts";
import type { LineDamage, LinePosition } from "./findings.ts";

/** A line that belongs there; the position is unknown where an erased or newer line does not tell it. */
export type SoundLine = {
  readonly kind: "event" | "erased" | "newer_version";
  readonly position: LinePosition | undefined;
};
export type DamagedLine = {
  readonly kind: LineDamage;
  readonly message: string;
  /** What the line is without some of its bytes, where it is sound without them; the bytes are counted from its start. */
  readonly mended?: { readonly line: SoundLine; readonly surplus: { readonly from: number; readonly to: number } };
};

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const CARRIAGE_RETURN = 0x0d;
/** Where one line ends and the next begins, as no line of ours has it inside: quotes are escaped in strings. */
const SEAM = /\}\{"v":\d/;

/** Says whether a line is damage. */
export function isDamaged(line: SoundLine | DamagedLine): line is DamagedLine {
  return "message" in line;
}

/** Judges a line without its `\n`. */
export function judgeLine(line: Buffer): SoundLine | DamagedLine {
  if (!isUtf8(line)) return { kind: "not_utf8", message: "the line is not UTF-8" };
  const text = line.toString("utf8");
  const decoded = decodeLine(text);
  const sound = soundLine(decoded);
  if (sound === undefined) return describe(line, text, decoded);
  if (line.at(-1) !== CARRIAGE_RETURN) return sound;
  const mended = { line: sound, surplus: { from: line.length - 1, to: line.length } };
  return { kind: "carriage_return", message: "the line ends in a carriage return", mended };
}

/** Returns what a line is that is longer than any event. */
export function tooLong(bytes: number): DamagedLine {
  return { kind: "too_long", message: `the line has ${bytes} bytes, the limit is ${MAX_LINE_BYTES}` };
}

function soundLine(decoded: StoredEvent | LineProblem): SoundLine | undefined {
  const position = positionOf(decoded);
  if (isStoredEvent(decoded)) return { kind: "event", position };
  const { problem } = decoded;
  return problem === "erased" || problem === "newer_version" ? { kind: problem, position } : undefined;
}

function describe(line: Buffer, text: string, decoded: StoredEvent | LineProblem): DamagedLine {
  if (!isStoredEvent(decoded) && decoded.problem === "not_an_event")
    return { kind: "not_an_event", message: decoded.message };
  if (line.subarray(0, 3).equals(BYTE_ORDER_MARK)) return describeMark(line.subarray(3));
  const nulBytes = line.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0);
  if (nulBytes > 0) return { kind: "nul_bytes", message: `${nulBytes} of the line's ${line.length} bytes are NUL` };
  if (SEAM.test(text)) return { kind: "glued", message: "two lines without the newline between them" };
  return { kind: "not_json", message: line.length === 0 ? "the line is empty" : "the line is not JSON" };
}

/** JSON allows no mark (RFC 8259, section 8.1), though some editors write one. */
function describeMark(rest: Buffer): DamagedLine {
  const damage = { kind: "byte_order_mark", message: "the line begins with a byte order mark" } as const;
  const line = judgeLine(rest);
  return isDamaged(line) ? damage : { ...damage, mended: { line, surplus: { from: 0, to: 3 } } };
}

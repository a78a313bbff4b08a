/** What of an event may lie in the browser: neither the page's title, nor who the visitor is, nor a draw of another time. */

const LEFT_OUT = ["title", "visitor_id", "session_id", "sample_rate", "bucket"];

export type KeptEvent = { readonly id: string; readonly timestamp: number; readonly json: string };

/** Reads one event of ours, as JSON or as an object; undefined for what is none. */
export function readEvent(event: unknown): KeptEvent | undefined {
  const value: unknown = typeof event === "string" ? parse(event) : event;
  if (typeof value !== "object" || value === null) return undefined;
  const kept = Object.fromEntries(Object.entries(value).filter(([name]) => !LEFT_OUT.includes(name)));
  const { event_id: id, timestamp } = kept;
  if (typeof id !== "string" || typeof timestamp !== "string") return undefined;
  return { id, timestamp: Date.parse(timestamp), json: JSON.stringify(kept) };
}

/** Reads the events of an envelope, or of an array of events. */
export function readEvents(json: string): readonly KeptEvent[] {
  const value = parse(json);
  const list: unknown = typeof value === "object" && value !== null && "events" in value ? value.events : value;
  return Array.isArray(list) ? list.flatMap((one) => readEvent(one) ?? []) : [];
}

/** Reads of how many lost events an envelope tells; 0 of anything else. */
export function readLost(json: string): number {
  const value = parse(json);
  const lost: unknown = typeof value === "object" && value !== null && "lost" in value ? value.lost : 0;
  return typeof lost === "number" && Number.isSafeInteger(lost) && lost > 0 ? lost : 0;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** What is counted of events, for a minute and site or for longer: the numbers that the ledger's rows are made of. */

/** Site of what no site can be told of, such as a body that is no JSON. */
export const UNKNOWN_SITE = "(unknown)";

export const MINUTE_MS = 60_000;

/** Numbers of events; `dropped` and `refused` by the reasons of event.ts, each only where it occurred. */
export type Counts = {
  received: number;
  stored: number;
  readonly dropped: Record<string, number>;
  readonly refused: Record<string, number>;
  /** Events that clients had to give up before they could be sent; no part of the others. */
  clientLost: number;
};

/** Counts that can be read only. */
export type CountsView = {
  readonly received: number;
  readonly stored: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly clientLost: number;
};

/** A row of the ledger: what came for a site within a minute. */
export type LedgerRow = CountsView & {
  /** Start of the minute, in milliseconds since 1970. */
  readonly minuteMs: number;
  readonly site: string;
  /** Events of requests that have no answer yet. */
  readonly inFlight: number;
  /** True where a crash may have cut off counts of up to the last second: all but `stored` may be too low. */
  readonly uncertain: boolean;
};

/** Makes counts of nothing. */
export function noCounts(): Counts {
  return { received: 0, stored: 0, dropped: {}, refused: {}, clientLost: 0 };
}

/** Adds counts to others. */
export function addCounts(into: Counts, more: CountsView): void {
  into.received += more.received;
  into.stored += more.stored;
  into.clientLost += more.clientLost;
  for (const [reason, count] of Object.entries(more.dropped)) addReason(into.dropped, reason, count);
  for (const [reason, count] of Object.entries(more.refused)) addReason(into.refused, reason, count);
}

/** Adds to one reason. */
export function addReason(counts: Record<string, number>, reason: string, count: number): void {
  counts[reason] = (counts[reason] ?? 0) + count;
}

/** Returns how many events have met their end: stored, dropped or refused. */
export function accountedFor({ stored, dropped, refused }: CountsView): number {
  return stored + sumOf(dropped) + sumOf(refused);
}

/** Returns the start of the minute that a time is in. */
export function minuteOf(timeMs: number): number {
  return timeMs - (timeMs % MINUTE_MS);
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const reason in counts) sum += counts[reason] ?? 0;
  return sum;
}

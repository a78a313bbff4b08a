/** Load as trackers make it over a bad network: each event has an id of its own and is sent up to three times. */
import { type OpenLoad, startOpenLoad } from "../support/open-load.ts";
import { type Account, makeAccount } from "./counting-client.ts";

/** Ids of events; `account` adds up what the answers say. */
export type ResendLedger = {
  readonly sent: Set<string>;
  /** Events that an answer has called stored or a duplicate. */
  readonly acked: Set<string>;
  readonly answers: Map<number, number>;
  readonly account: Account;
};

export type ResendOptions = {
  readonly connections: number;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
  /** Two hex digits, other ones for each load. */
  readonly prefix: string;
  /** Requests that fall due each second; 0 (default) sends as fast as the answers come. */
  readonly perSecond?: number;
};

const COPIES = 3;
/** Events that may be sent again; the oldest are let go. */
const KEPT = 200;

/** Makes an empty ledger. */
export function makeResendLedger(): ResendLedger {
  return { sent: new Set(), acked: new Set(), answers: new Map(), account: makeAccount() };
}

/** The event that an id stands for. */
export function eventOf(id: string): Readonly<Record<string, unknown>> {
  return { event: "click", visitor_id: "visitor-0001", event_id: uuidOf(id), metadata: { id } };
}

/** Starts to send; a connection that is cut off is opened again. */
export function startResendLoad(url: string, ledger: ResendLedger, options: ResendOptions): OpenLoad {
  const { random, prefix, connections, perSecond = 0 } = options;
  const copies = new Map<string, number>();
  let number = 0;
  const nextId = (): string => {
    const [oldest] = copies.keys();
    if (copies.size > KEPT && oldest !== undefined) copies.delete(oldest);
    const again = random() < 0.6 ? [...copies.keys()][Math.floor(random() * copies.size)] : undefined;
    const id = again ?? `${prefix}e${(number++).toString(16)}`;
    const sent = (copies.get(id) ?? 0) + 1;
    if (sent < COPIES) copies.set(id, sent);
    else copies.delete(id);
    ledger.sent.add(id);
    return id;
  };
  const nextBody = (): string => {
    const size = random() < 0.5 ? 1 : 2 + Math.floor(random() * 8);
    return JSON.stringify(Array.from({ length: size }, () => eventOf(nextId())));
  };
  const onAnswer = (status: number, answer: string, sent: string): void => note(ledger, { status, answer, sent });
  return startOpenLoad({ url, connections, perSecond, nextBody, onAnswer });
}

type Exchange = { readonly status: number; readonly answer: string; readonly sent: string };

function note({ answers, acked, account }: ResendLedger, { status, answer, sent }: Exchange): void {
  answers.set(status, (answers.get(status) ?? 0) + 1);
  const events: readonly { readonly metadata: { readonly id: string } }[] = JSON.parse(sent);
  const told: { stored?: number; dropped?: { duplicate?: number }; error?: string } = JSON.parse(answer);
  const { stored = 0, error } = told;
  const duplicates = told.dropped?.duplicate ?? 0;
  account.received += events.length;
  account.stored += stored;
  if (duplicates > 0) account.dropped["duplicate"] = (account.dropped["duplicate"] ?? 0) + duplicates;
  if (error !== undefined) account.refused[error] = (account.refused[error] ?? 0) + events.length;
  if (status !== 202) return;
  if (stored + duplicates !== events.length) throw new Error(`${events.length} events: ${answer}`);
  for (const { metadata } of events) acked.add(metadata.id);
}

function uuidOf(id: string): string {
  return `00000000-0000-4000-8000-${id.slice(0, 2)}${id.slice(3).padStart(10, "0")}`;
}

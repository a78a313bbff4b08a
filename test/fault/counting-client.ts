/** A client that keeps its own account: what each answer says became of the events it sent. */

export type Account = {
  /** Events, or bodies that could not be read into events, that an answer has come for. */
  received: number;
  stored: number;
  readonly dropped: Record<string, number>;
  readonly refused: Record<string, number>;
};

/** Answers that say nothing of single events: the body was not read into events, and counts as one. */
const UNREAD: ReadonlySet<string> = new Set([
  "invalid_json",
  "key_required",
  "payload_too_large",
  "unsupported_media_type",
]);

export type Request = {
  readonly body: string;
  /** Events in the body. */
  readonly events: number;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Makes an account of nothing. */
export function makeAccount(): Account {
  return { received: 0, stored: 0, dropped: {}, refused: {} };
}

/** Sends a request, notes what its answer says, and returns the status; undefined when none came. */
export async function sendCounted(url: string, request: Request, account: Account): Promise<number | undefined> {
  const headers = { "content-type": "application/json", "user-agent": FIREFOX, ...request.headers };
  const sent = fetch(`${url}/api/metrics/event?partial=1`, { method: "POST", headers, body: request.body });
  const answer = await sent.catch(() => undefined);
  if (answer === undefined) return undefined;
  const told: Told = JSON.parse(await answer.text());
  note(account, request.events, told);
  return answer.status;
}

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

type Told = {
  readonly stored?: number;
  readonly dropped?: Readonly<Record<string, number>>;
  readonly refused?: Readonly<Record<string, number>>;
  readonly error?: string;
};

function note(account: Account, events: number, { stored = 0, dropped = {}, refused = {}, error }: Told): void {
  const count = error !== undefined && UNREAD.has(error) ? 1 : events;
  account.received += count;
  account.stored += stored;
  for (const [reason, number] of Object.entries(dropped)) add(account.dropped, reason, number);
  for (const [reason, number] of Object.entries(refused)) add(account.refused, reason, number);
  if (error !== undefined) add(account.refused, error, count);
}

function add(counts: Record<string, number>, reason: string, count: number): void {
  counts[reason] = (counts[reason] ?? 0) + count;
}

/** Load as a site makes it: keep-alive connections that post single events and batches, each event with its own id. */
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** What was sent and what was acknowledged, by id; `answers` counts HTTP statuses, `broken` requests without one. */
export type Ledger = {
  readonly sent: Set<string>;
  readonly acked: Set<string>;
  readonly answers: Map<number, number>;
  broken: number;
};

export type Load = {
  /** Stops sending; resolves when every request has its answer or has failed. */
  readonly stop: () => Promise<void>;
  /** Resolves when no answer has come for so long. */
  readonly isStalled: (quietMs: number) => Promise<void>;
};

export type LoadOptions = {
  readonly connections: number;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
  /** Put in front of each id, so that ids of several loads differ. Letters: digits alone are scrubbed as phone numbers. */
  readonly prefix: string;
};

/** Makes an empty ledger. */
export function makeLedger(): Ledger {
  return { sent: new Set(), acked: new Set(), answers: new Map(), broken: 0 };
}

/** A random number generator that a seed fixes (mulberry32, public domain, Tommy Ettinger). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Starts to send; each connection has one request under way until the load is stopped or the server has gone. */
export function startLoad(url: string, ledger: Ledger, options: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  let isStopped = false;
  let number = 0;
  let lastAnswer = performance.now();
  const sendAll = async (): Promise<void> => {
    while (!isStopped) {
      const size = options.random() < 0.75 ? 1 : 2 + Math.floor(options.random() * 30);
      const ids = Array.from({ length: size }, () => `${options.prefix}e${number++}`);
      for (const id of ids) ledger.sent.add(id);
      const answer = await post(url, ids, agent).catch(() => undefined);
      lastAnswer = performance.now();
      note(ledger, ids, answer);
      if (answer === undefined) return;
    }
  };
  const connections = Array.from({ length: options.connections }, sendAll);
  return {
    stop: async () => {
      isStopped = true;
      await Promise.all(connections);
      agent.destroy();
    },
    isStalled: async (quietMs) => {
      while (performance.now() - lastAnswer < quietMs) await delay(20);
    },
  };
}

type Answer = { readonly status: number; readonly body: string };

function note(ledger: Ledger, ids: readonly string[], answer: Answer | undefined): void {
  if (!answer) {
    ledger.broken++;
    return;
  }
  ledger.answers.set(answer.status, (ledger.answers.get(answer.status) ?? 0) + 1);
  if (answer.status !== 202) return;
  const { stored }: { readonly stored: number } = JSON.parse(answer.body);
  if (stored !== ids.length) throw new Error(`${stored} of ${ids.length} events were stored: ${answer.body}`);
  for (const id of ids) ledger.acked.add(id);
}

function post(url: string, ids: readonly string[], agent: Agent): Promise<Answer> {
  const events = ids.map((id) => ({ event: "click", visitor_id: "visitor-0001", metadata: { id } }));
  const body = JSON.stringify(events.length === 1 ? events[0] : events);
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sending = request(`${url}/api/metrics/event`, { method: "POST", agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
      answer.on("error", reject);
      answer.on("aborted", () => reject(new Error("the answer was cut off")));
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

/** Returns items in an order that the seed fixes. */
export function shuffle<Item>(items: readonly Item[], seed: number): readonly Item[] {
  const random = seededRandom(seed);
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

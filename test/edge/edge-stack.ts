/** Edge, gate and collector together, and what the tests of the edge send through them. */
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { type CollectorGate, openGate } from "./collector-gate.ts";
import { type Answer, type Asking, type Edge, startEdge } from "./edge-process.ts";

export const ORIGIN = "https://example.com";
/** An origin that a wildcard allows. */
export const SHOP = "https://eu.shop.example";
export const FOREIGN = "https://evil.example";
export const EVENT = "/api/metrics/event";

/** What every answer must bear once, whoever gives it. */
export const SECURITY_HEADERS: readonly string[] = [
  "strict-transport-security",
  "content-security-policy",
  "x-frame-options",
  "x-content-type-options",
  "referrer-policy",
  "permissions-policy",
  "cross-origin-opener-policy",
  "x-xss-protection",
];

export const JSON_TYPE: Readonly<Record<string, string>> = { "content-type": "application/json" };

export type EdgeStack = {
  readonly collector: TestServer;
  readonly gate: CollectorGate;
  readonly edge: Edge;
  readonly close: () => Promise<void>;
};

/** Starts all three. Close them. */
export async function startStack(): Promise<EdgeStack> {
  const settings = { ALLOWED_ORIGINS: `${ORIGIN},https://*.shop.example`, TRUSTED_PROXIES: "127.0.0.1" };
  const collector = await startTestServer({ settings });
  const gate = await openGate(collector.url);
  const edge = await startEdge(gate.address, settings.ALLOWED_ORIGINS);
  return {
    collector,
    gate,
    edge,
    close: async () => {
      await edge.close();
      gate.close();
      await collector.close();
    },
  };
}

/** An event from a page of the allowed origin; `more` changes it. */
export function posting(more: Asking = {}): Asking {
  return { body: '{"event":"a"}', ...more, headers: { ...JSON_TYPE, origin: ORIGIN, ...more.headers } };
}

/** Sends events at once from an address; returns the answers. */
export function flood(edge: Edge, asking: Asking, count: number): Promise<readonly Answer[]> {
  return Promise.all(Array.from({ length: count }, () => edge.ask(EVENT, posting(asking))));
}

/** The first answer that refuses for the rate; throws where none does. */
export function refusedOf(answers: readonly Answer[]): Answer {
  const refused = answers.find(({ status }) => status === 429);
  if (refused === undefined) throw new Error(`nothing was refused: ${answers.map(({ status }) => status)}`);
  return refused;
}

/** Sends an event from an address; returns the id that the collector gave its sender. */
export async function visitorOf(
  { edge, collector }: { readonly edge: Pick<Edge, "ask">; readonly collector: TestServer },
  from: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const event = `event_${collector.readLog().length}`;
  const { status } = await edge.ask(EVENT, posting({ from, headers, body: JSON.stringify({ event }) }));
  if (status !== 202) throw new Error(`the event was answered ${status}`);
  return collector.readLog().find((line) => line["event"] === event)?.["visitor_id"];
}

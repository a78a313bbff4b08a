/** The edge as its checks look at it: which server takes events, and what becomes of any other request there. */
import type { Given } from "../../inputs.ts";
import { type EdgeModel, hostOf, type Server } from "../../nginx/edge-servers.ts";
import { patternOf } from "../../nginx/locations.ts";
import type { OpenedEdge } from "../../nginx/open-edge.ts";
import { type Outcome, simulate } from "../../nginx/simulate.ts";
import type { Asked } from "../../nginx/variables.ts";
import { EVENT_PATH } from "../../probe/live-collector.ts";

export { EVENT_PATH };

export type Door = { readonly host: string; readonly port: number; readonly isTls: boolean; readonly family?: 4 | 6 };

export type EdgeView = {
  readonly config: OpenedEdge;
  readonly model: EdgeModel;
  /** Where browsers come in with events; undefined where no server is there at all. */
  readonly door: Door | undefined;
  /** What becomes of an event there. */
  readonly event: Outcome | undefined;
  /** Follows a request through the door. */
  readonly ask: (path: string, asked?: Partial<Asked>) => Outcome;
};

/** The same where events are passed on. */
export type WithEvent = EdgeView & { readonly event: Outcome };

/** What a client may send along that must never decide anything. */
export const FORGED: Readonly<Record<string, string>> = {
  "x-forwarded-for": "203.0.113.66",
  "x-real-ip": "203.0.113.66",
  "x-forwarded-host": "forged.example",
  "x-forwarded-proto": "forged",
  forwarded: "for=203.0.113.66",
  "user-agent": "canary-agent/1.0",
  referer: "https://example.com/canary-referrer",
  cookie: "canary=cookie",
};

/** Says whether a request goes where events go: a server may have a site of its own beside the collector. */
export function isCollectors(outcome: Outcome, event: Outcome): boolean {
  const host = ({ text }: Outcome): string | undefined => URL.parse(text ?? "")?.host;
  return outcome.kind === "proxy" && host(outcome) === host(event);
}

/** Says whether a server is the collector's, or nobody's in particular: one with another name is another site's. */
export function isOurs(server: Server | undefined, { door }: Pick<EdgeView, "door">): boolean {
  if (server === undefined) return false;
  return hostOf(server) === undefined || server.names.includes(door?.host ?? "");
}

/** Some name where a server has none of its own. */
const ANY_HOST = "metrics.example.org";

/** Looks at the edge that was given. Throws InputMissing and InputUnreadable. */
export async function viewEdge(given: Given): Promise<EdgeView> {
  const config = await given.need("nginx");
  const { model } = config;
  // A brake may end by itself.
  const nowMs = given.nowMs();
  const [best] = model.servers
    .flatMap((server) => doorsOf(server, given.options.url?.hostname))
    .map((door) => ({ door, event: simulate(model, askedAt(door, EVENT_PATH, { method: "POST", nowMs })) }))
    .map((one) => ({ ...one, score: scoreOf(one.event, one.door, given.options.url?.hostname) }))
    .sort((a, b) => b.score - a.score);
  const door = best?.door;
  return {
    config,
    model,
    door,
    event: best?.event,
    ask: (path, asked) =>
      simulate(model, askedAt(door ?? { host: ANY_HOST, port: 443, isTls: true }, path, { nowMs, ...asked })),
  };
}

/** A request at a door. */
export function askedAt({ host, port, isTls, family = 4 }: Door, path: string, asked: Partial<Asked> = {}): Asked {
  const headers = { ...FORGED, host, ...asked.headers };
  return { method: "GET", path, host, port, isTls, family, ...asked, headers };
}

function doorsOf(server: Server, wanted: string | undefined): readonly Door[] {
  const host = hostOf(server) ?? wanted ?? ANY_HOST;
  return server.listeners.map(({ port, isTls, families: [family = 4] }) => ({ host, port, isTls, family }));
}

/** An event that passes counts most, then a location of its own, then TLS. */
function scoreOf(event: Outcome, { host, isTls }: Door, wanted: string | undefined): number {
  const innermost = event.locations.at(-1);
  const isItsOwn = innermost !== undefined && patternOf(innermost).text.length > 1;
  const points: readonly (readonly [boolean, number])[] = [
    [event.kind === "proxy", 100],
    [host === wanted, 50],
    [isItsOwn, 20],
    [isTls, 10],
  ];
  return points.reduce((sum, [isSo, count]) => sum + (isSo ? count : 0), 0);
}

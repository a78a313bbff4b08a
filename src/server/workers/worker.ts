/**
 * A worker: it takes events into a file of its own, hands those to the other workers whose ids are theirs, passes every
 * other request on to the main process, and tells that a few times a second what has happened.
 */
import type { Server } from "node:net";
import { resolve } from "node:path";
import { systemClock } from "../../clock.ts";
import { createControl } from "../../collector/control/control.ts";
import { openSalts } from "../../collector/identity/salts.ts";
import { UNKNOWN_SITE } from "../../collector/ledger/counts.ts";
import type { AcceptedEvent } from "../../event.ts";
import { createRing, type Ring } from "../../live/ring.ts";
import { openKeys } from "../access/keys.ts";
import { type Closers, createClosers, repeat } from "../closers.ts";
import { createRequestMeter } from "../health/request-meter.ts";
import { openServerLog } from "../health/server-log.ts";
import { createFrontDoor } from "../ingest/front-door.ts";
import { answerBrokenRequest, createHttpServer } from "../ingest/http-server.ts";
import { type Intake, openIntake } from "../intake.ts";
import { describeListenError } from "../listen.ts";
import type { Starting } from "../starting.ts";
import type { FromWorker, ToWorker, WorkerStart, WorkerState } from "./messages.ts";
import { createPassOn } from "./pass-on.ts";
import { PeerLine, servePeers } from "./peer-line.ts";
import { createSharedStore, storeForPeers } from "./shared-store.ts";

const NEWS_MS = 100;
const STATE_MS = 1_000;
/** What is not answered by then is cut off: a client that never reads must not keep the server from stopping. */
const DRAIN_MS = 5_000;

export type RunningWorker = {
  /** Does what the main process says. */
  readonly obey: (message: ToWorker) => void;
  /** Drains and closes everything. */
  readonly close: () => Promise<void>;
};

type Tell = (message: FromWorker) => void;

/** Starts a worker. Throws `data_dir_unusable`, `setting_invalid` or `port_in_use`. */
export async function startWorker(start: WorkerStart, tell: Tell): Promise<RunningWorker> {
  process.umask(0o077);
  const closers = createClosers();
  try {
    return await open(start, tell, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function open(start: WorkerStart, tell: Tell, closers: Closers): Promise<RunningWorker> {
  const { settings } = start;
  const clock = systemClock;
  const serverLog = openServerLog({ level: settings.logLevel, clock, output: process.stderr });
  const options: Starting = {
    ...{ settings, clock, serverLog, onWarning: serverLog.warn, distDir: "" },
    meter: createRequestMeter(clock.monotonicMs),
  };
  const control = createControl({ state: start.control, defaultRate: settings.sampleRate, nowMs: clock.now() });
  const ring = createRing(settings.ringCapacity);
  const intake = await openSharedIntake({ options, start, control, ring }, closers);
  const news = gatherNews(ring, settings.ringCapacity);
  const port = await listenForClients({ options, intake, writers: start.writers }, closers);
  repeat(closers, NEWS_MS, () => {
    const events = news.take();
    const used = intake.limiter.drain();
    if (events.length > 0 || used.addresses.length > 0) tell({ kind: "news", news: { events, used } });
  });
  const sites = [UNKNOWN_SITE, ...settings.sites.map(({ name }) => name)];
  repeat(closers, STATE_MS, () => tell({ kind: "state", state: stateOf(intake, sites) }));
  tell({ kind: "listening", port, state: stateOf(intake, sites) });
  return {
    obey: (message) => {
      if (message.kind === "control") control.adopt(message.control);
      else if (message.kind === "used") intake.limiter.adopt(message.used);
      else if (message.kind === "watch") news.watch(message.isWatched);
    },
    close: closers.closeAll,
  };
}

type SharedParts = {
  readonly options: Starting;
  readonly start: WorkerStart;
  readonly control: ReturnType<typeof createControl>;
  readonly ring: Ring;
};

/** Opens the intake with the lines to the other workers; they are closed after it, when nothing waits for them any more. */
async function openSharedIntake({ options, start, control, ring }: SharedParts, closers: Closers): Promise<Intake> {
  const { settings, clock, onWarning } = options;
  const { writer, writers, rateSeed } = start;
  const dataDir = resolve(settings.dataDir);
  const others = Array.from({ length: writers }, (_, index) => index + 1).filter((other) => other !== writer);
  const lines = new Map(others.map((other) => [other, new PeerLine(dataDir, other, settings.maxQueueBytes)]));
  closers.add(() => {
    for (const line of lines.values()) line.close();
  });
  const serving = Promise.withResolvers<Server>();
  const salts = openSalts(dataDir, { clock, onWarning, isOwner: false });
  const intake = await openIntake(
    {
      ...options,
      ...{ writer, writers, rateSeed, control, ring, salts, store: null },
      share: (own, ledger) => {
        servePeers(dataDir, writer, storeForPeers(own, ledger)).then(serving.resolve, serving.reject);
        const ask = (other: number, events: readonly AcceptedEvent[]) => lineTo(lines, other).store(events);
        return createSharedStore({ own, ledger, writer, writers, ask });
      },
    },
    closers,
  );
  const server = await serving.promise;
  closers.add(() => void server.close());
  return intake;
}

function lineTo(lines: ReadonlyMap<number, PeerLine>, writer: number): PeerLine {
  const line = lines.get(writer);
  if (line === undefined) throw new Error(`there is no worker ${writer}`);
  return line;
}

type ListenParts = { readonly options: Starting; readonly intake: Intake; readonly writers: number };

/** Listens on the address that all workers share; returns its port. */
async function listenForClients({ options, intake, writers }: ListenParts, closers: Closers): Promise<number> {
  const { settings, clock, serverLog } = options;
  const { host, port } = settings;
  const dataDir = resolve(settings.dataDir);
  const passOn = createPassOn(dataDir);
  let isClosing = false;
  const takes = createFrontDoor({
    ...options,
    ...intake,
    keys: openKeys(dataDir, clock),
    isClosing: () => isClosing,
    onError: (error) => serverLog.error("internal error", error),
  });
  const server = createHttpServer(Math.ceil(settings.maxConnections / writers), (request, response) => {
    if (!takes(request, response)) passOn.pass(request, response);
  });
  server.on("clientError", answerBrokenRequest);
  await new Promise<void>((done, fail) => {
    server.once("error", (cause) => fail(describeListenError(cause, { host, port })));
    server.listen({ host, port }, done);
  });
  closers.add(async () => {
    isClosing = true;
    const closed = new Promise((done) => server.close(done));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(timer);
    passOn.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

type News = { readonly take: () => readonly AcceptedEvent[]; readonly watch: (isWatched: boolean) => void };

/** Gathers what the ring is told: all of it while somebody watches, else no more than a ring can hold. */
function gatherNews(ring: Ring, capacity: number): News {
  let events: AcceptedEvent[] = [];
  let isWatched = false;
  ring.subscribe((stored) => {
    for (const event of stored) events.push(event);
    if (!isWatched && events.length > 2 * capacity) events = events.slice(-capacity);
  });
  return {
    take: () => {
      const taken = isWatched ? events : events.slice(-capacity);
      events = [];
      return taken;
    },
    watch: (next) => {
      isWatched = next;
    },
  };
}

function stateOf({ log, health, ledger }: Intake, sites: readonly string[]): WorkerState {
  return {
    status: log.status(),
    numbers: health.takeNumbers(),
    warnings: health.answer().warnings,
    arrivals: Object.fromEntries(sites.map((site) => [site, ledger.arrivals(site)])),
  };
}

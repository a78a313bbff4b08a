/**
 * A worker: it takes events into a file of its own, hands those to the other workers whose ids are theirs, passes every
 * other request on to the main process, and tells that a few times a second what has happened.
 */
import { resolve } from "node:path";
import { systemClock } from "../../clock.ts";
import { createControl } from "../../collector/control/control.ts";
import { openSalts } from "../../collector/identity/salts.ts";
import { UNKNOWN_SITE } from "../../collector/ledger/counts.ts";
import type { AcceptedEvent } from "../../event.ts";
import { createRing, type Ring } from "../../live/ring.ts";
import { type Closers, createClosers, repeat } from "../closers.ts";
import type { ForgetIds } from "../erase-command.ts";
import { createRequestMeter } from "../health/request-meter.ts";
import { openServerLog } from "../health/server-log.ts";
import { type Intake, openIntake } from "../intake.ts";
import { forgetOldEvents, LOOK_MS } from "../retaining.ts";
import type { Starting } from "../starting.ts";
import { listenForClients } from "./client-listener.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.ts";
import { gatherNews, stateOf } from "./news.ts";
import { PeerLine } from "./peer-line.ts";
import type { StoreForPeer } from "./peer-wire.ts";
import { servePeers } from "./serve-peers.ts";
import { createSharedStore, storeForPeers } from "./shared-store.ts";

const NEWS_MS = 100;
const STATE_MS = 1_000;

export type RunningWorker = {
  /** Does what the main process says. */
  readonly obey: (message: ToWorker) => void;
  /** Forgets the ids of a file, after it has told of every event that it had stored. Throws `log_unavailable`. */
  readonly forgetIds: ForgetIds;
  /** Seals its file; returns the shard's name, undefined where nothing was in it. Throws `log_unavailable`. */
  readonly seal: () => Promise<string | undefined>;
  /** Answers what it has taken, and takes no more from clients; goes on storing for other workers. */
  readonly drain: () => Promise<void>;
  /** Drains, if that is not done yet, and closes everything. */
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
  const news = gatherNews(ring, start.isWatched);
  const drain = await listenForClients({ options, intake, writers: start.writers });
  closers.add(drain);
  const tellNews = (): void => {
    const events = news.take();
    const used = intake.limiter.drain();
    if (events.length > 0 || used.addresses.length > 0) tell({ kind: "news", news: { events, used } });
  };
  repeat(closers, NEWS_MS, tellNews);
  repeat(closers, LOOK_MS, () => forgetOldEvents(ring, settings.retentionDays, clock.now()));
  const sites = [UNKNOWN_SITE, ...settings.sites.map(({ name }) => name)];
  repeat(closers, STATE_MS, () => tell({ kind: "state", state: stateOf(intake, sites) }));
  tell({ kind: "listening", state: stateOf(intake, sites) });
  return {
    obey: (message) => {
      if (message.kind === "control") control.adopt(message.control);
      else if (message.kind === "used") intake.limiter.adopt(message.used);
      else if (message.kind === "watch") news.watch(message.isWatched);
    },
    seal: intake.log.seal,
    forgetIds: async (idsFile) => {
      tellNews();
      return intake.forgetIds(idsFile);
    },
    drain,
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
  const makeLine = (worker: number): PeerLine => new PeerLine({ dataDir, worker, maxBytes: settings.maxQueueBytes });
  const lines = new Map(others.map((other) => [other, makeLine(other)]));
  closers.add(() => {
    for (const line of lines.values()) line.close();
  });
  const storing = Promise.withResolvers<StoreForPeer>();
  // Listening before the file is opened and until it is closed, it shows the next owner of the folder who still has it.
  closers.add(await servePeers(dataDir, writer, async (events) => (await storing.promise)(events)));
  const salts = openSalts(dataDir, { clock, onWarning, isOwner: false });
  return openIntake(
    {
      ...options,
      ...{ writer, writers, rateSeed, control, ring, salts, store: null },
      share: (own, ledger) => {
        storing.resolve(storeForPeers(own, ledger));
        const ask = (other: number, events: readonly AcceptedEvent[]) => lineTo(lines, other).store(events);
        return createSharedStore({ own, ledger, writer, writers, ask });
      },
    },
    closers,
  );
}

function lineTo(lines: ReadonlyMap<number, PeerLine>, writer: number): PeerLine {
  const line = lines.get(writer);
  if (line === undefined) throw new Error(`there is no worker ${writer}`);
  return line;
}

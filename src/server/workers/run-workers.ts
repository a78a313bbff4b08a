/**
 * The main process of a server with workers: it holds the data directory, the store and every route but those of events,
 * which workers pass on to it over a socket; it tells workers what the brake lets through, and gathers what they tell.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createPageFacts } from "../../collector/asking-page.ts";
import type { ControlState } from "../../collector/control/control-state.ts";
import { makeHashSeed } from "../../collector/control/key-hash.ts";
import { socketPath } from "../../log/owner/control-channel.ts";
import { type AddressReader, trustProxies } from "../access/client-address.ts";
import { createRequestLimits } from "../access/request-limits.ts";
import { type Closers, repeat } from "../closers.ts";
import type { DataDir, Front } from "../data-dir.ts";
import { startDiskWatch } from "../health/disk-watch.ts";
import { type Health, openHealth } from "../health/health.ts";
import { renderMetrics } from "../health/render-metrics.ts";
import { readRates, watchedDisk } from "../intake.ts";
import { listenForAdmin } from "../listen.ts";
import { buildApp } from "../routes/http-app.ts";
import type { Starting } from "../starting.ts";
import { MAIN_SOCKET, PEER_HEADER } from "./pass-on.ts";
import { type Pool, startPool } from "./pool.ts";
import { WorkerBoard } from "./worker-board.ts";

/** How soon workers obey a brake, and tell of all events when somebody begins to watch. */
const TELL_MS = 200;

type Running = { readonly options: Starting; readonly folder: DataDir; readonly front: Front };

/** Starts workers and what they lean on; returns where they listen. Throws `data_dir_unusable` or `port_in_use`. */
export async function runWorkers(
  { options, folder, front }: Running,
  closers: Closers,
): Promise<{ readonly url: string; readonly adminUrl: string | null; readonly seal: Pool["seal"] }> {
  const { settings, clock, serverLog, onWarning } = options;
  const { dataDir, control, ring } = folder;
  const board = new WorkerBoard(dataDir, settings.workers);
  Object.assign(front, { ledger: board, log: board });
  const addresses = behindWorkers(trustProxies(settings.trustedProxies, { clock, onWarning }));
  const health = await openMainHealth({ options, folder, board, addresses }, closers);
  const onError = (error: Error): void => serverLog.error("internal error", error);
  const collector = createPageFacts(settings, { control, clock });
  const limits = createRequestLimits(settings, clock);
  const parts = { ...options, ...folder, collector, limits, addresses, health, log: board, ledger: board, onError };
  const app = await buildApp(parts, null);
  await app.listen({ path: freeSocket(dataDir, closers) });
  closers.add(async () => app.close());
  const readMetrics = (): Promise<string> => renderMetrics([health.takeNumbers(), ...board.numbers()]);
  const adminUrl = await listenForAdmin({ address: settings.adminListen, readMetrics, onError }, closers);
  const told: { pool?: Pool } = {};
  const isWatched = (): boolean => folder.stream.counts().readers > 0;
  const pool = await startPool({
    ...{ settings, writers: settings.workers, rateSeed: makeHashSeed(clock), onWarning },
    ...{ control: control.snapshot, isWatched },
    onNews: (writer, { events, used }) => {
      if (events.length > 0) ring.push(events);
      if (used.addresses.length > 0) told.pool?.tell({ kind: "used", used }, writer);
    },
    onState: (writer, state) => board.note(writer, state),
    onEnd: (writer) => board.noteEnd(writer),
  });
  told.pool = pool;
  front.forgetIds = pool.forgetIds;
  keepTold({ pool, control, isWatched }, closers);
  // The last to be added is the first to be closed: nothing comes in any more while the rest drains.
  closers.add(pool.close);
  // A worker that drains waits for the streams that it passes on.
  closers.add(() => folder.stream.close());
  return { url: urlOf(settings.host, pool.port), adminUrl, seal: pool.seal };
}

/** Behind a worker the other end of the connection is told by a header, which only workers can send here. */
function behindWorkers(reader: AddressReader): AddressReader {
  return {
    ...reader,
    read: (peer, headers) => {
      const told: unknown = Reflect.get(headers, PEER_HEADER);
      return reader.read(peer ?? (typeof told === "string" ? told : undefined), headers);
    },
  };
}

type MainHealthParts = Pick<Running, "options" | "folder"> & {
  readonly board: WorkerBoard;
  readonly addresses: AddressReader;
};

/** The health of this process, with the warnings of the workers besides its own. */
async function openMainHealth(
  { options, folder, board, addresses }: MainHealthParts,
  closers: Closers,
): Promise<Health> {
  const { settings, clock } = options;
  const { control, ring, store } = folder;
  const disk = await startDiskWatch(watchedDisk(settings));
  closers.add(disk.close);
  const health = await openHealth({
    ...{ settings, clock, meter: options.meter, serverLog: options.serverLog, log: board, disk, ring, addresses },
    store: settings.store === "on" ? store : null,
    readOutcomes: () => [],
    rates: () => readRates(control, clock.now()),
    isBraked: () => control.dropReason("", clock.now()) === "brake",
    otherWarnings: () => board.warnings(),
    retainedAt: folder.retaining.lastDoneAt,
    isLogging: true,
  });
  closers.add(() => health.close());
  return health;
}

/** Takes away what a killed process left, and returns a path that the kernel takes. */
function freeSocket(dataDir: string, closers: Closers): string {
  rmSync(join(dataDir, MAIN_SOCKET), { force: true });
  const { path, close } = socketPath(dataDir, MAIN_SOCKET);
  closers.add(close);
  return path;
}

type Told = Pick<DataDir, "control"> & { readonly pool: Pool; readonly isWatched: () => boolean };

function keepTold({ pool, control, isWatched }: Told, closers: Closers): void {
  // What changed while the workers started, they may not know.
  let toldControl: ControlState | undefined;
  let toldWatched: boolean | undefined;
  repeat(closers, TELL_MS, () => {
    const state = control.snapshot();
    if (state !== toldControl) pool.tell({ kind: "control", control: state });
    toldControl = state;
    const watched = isWatched();
    if (watched !== toldWatched) pool.tell({ kind: "watch", isWatched: watched });
    toldWatched = watched;
  });
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

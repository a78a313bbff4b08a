/**
 * The worker processes: as many as asked for, each accepting events into an active file of its own. One that ends is
 * started again, and recovers its own file as any start does; the others go on.
 */
import cluster from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { ListenAddress } from "../../settings-shape.ts";
import type { ForgetIds } from "../erase-command.ts";
import { describeListenError } from "../listen.ts";
import type { ToWorker } from "./messages.ts";
import { Place, type PlaceOptions } from "./place.ts";

export type PoolOptions = PlaceOptions;

export type Pool = {
  /** The port that all workers listen on. */
  readonly port: number;
  /** Tells all workers, or all but one. */
  readonly tell: (message: ToWorker, exceptWriter?: number) => void;
  /** Has every worker seal its file; returns the shards' names. Throws `log_unavailable`, when all have answered, for one that could not. */
  readonly seal: () => Promise<readonly string[]>;
  /** Has every worker forget the ids of a file; returns how many they had. Throws `log_unavailable` for one that could not. */
  readonly forgetIds: ForgetIds;
  /** Has every worker drain and end. */
  readonly close: () => Promise<void>;
};

/** A young generation of 8 MB and a heap that grows slowly: a worker lives on short-lived objects (bench/soak.ts). */
const WORKER_HEAP = ["--max-semi-space-size=8", "--heap-growing-percent=50"] as const;

/**
 * Starts the workers; resolves when all of them listen. Throws what the first one that cannot start says, when the others
 * have ended.
 */
export async function startPool({ settings: given, ...options }: PoolOptions): Promise<Pool> {
  // Sources run as they are; a build puts the worker's bundle beside its own.
  const file = import.meta.url.endsWith(".ts") ? "./worker-main.ts" : "./worker-main.js";
  cluster.setupPrimary({
    exec: fileURLToPath(new URL(file, import.meta.url)),
    execArgv: [...process.execArgv, ...WORKER_HEAP],
    serialization: "advanced",
  });
  const port = await findPort(given);
  const settings = { ...given, port };
  const writers = Array.from({ length: options.writers }, (_, index) => index + 1);
  const places = writers.map((writer) => new Place(writer, { ...options, settings }));
  const close = async (): Promise<void> => {
    // Nobody closes the file that another one's last events belong to.
    await Promise.all(places.map((place) => place.drain()));
    await Promise.all(places.map((place) => place.close()));
  };
  try {
    await Promise.all(places.map((place) => place.start()));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    port,
    tell: (message, exceptWriter) => {
      for (const place of places) if (place.writer !== exceptWriter) place.tell(message);
    },
    seal: () => sealAll(places),
    forgetIds: async (idsFile) => {
      const counts = await Promise.all(places.map((place) => place.forgetIds(idsFile)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    close,
  };
}

async function sealAll(places: readonly Place[]): Promise<readonly string[]> {
  const answers = await Promise.allSettled(places.map((place) => place.seal()));
  const refused = answers.find((answer) => answer.status === "rejected");
  if (refused !== undefined) throw refused.reason;
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
}

/**
 * Returns the port to listen on, a free one for 0, which stays the same when all workers are started again. Throws
 * `port_in_use`: workers, which share a port, would share that of another server of ours, too.
 */
async function findPort({ host, port }: ListenAddress): Promise<number> {
  const server = createServer().listen({ host, port, exclusive: true });
  try {
    await once(server, "listening");
  } catch (cause) {
    throw describeListenError(cause, { host, port });
  }
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : port;
}

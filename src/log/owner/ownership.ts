/**
 * One owner for a data directory: exactly one of any number of processes that ask for it at once gets it, and a
 * process that was killed gives it up by that. Node has no file lock and a PID file lies, but a socket that a live
 * process listens on answers, across PID namespaces too.
 *
 * Replacing a dead owner's socket by name cannot be made atomic, so the asking processes first agree among themselves:
 * 1. each listens on a name of its own (`.collector-ID.sock`), and only then looks for the others;
 * 2. whoever meets an owner, or a live asker with a lower id, gives up; the lower id waits until the other has gone;
 * 3. the one that is left moves its socket over `collector.sock`.
 * Of two askers the one that came to step 1 later sees the other, so both cannot pass. The folder must be on a file
 * system of this machine: over a network, a socket does not answer other hosts.
 */
import { accessSync, chmodSync, constants, lstatSync, mkdirSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import { refuseHalfRestored } from "../files/half-restored.ts";
import {
  askSocket,
  type Commands,
  type Json,
  OWNER_SOCKET,
  ROTATION_SOCKET,
  SHARDS_SOCKET,
  serveCommands,
  socketPath,
} from "./control-channel.ts";

/** A claimed data directory. */
export type Ownership = {
  /** Answers these commands from now on. */
  readonly serve: (commands: Commands) => void;
  /** Gives the folder up. Close the log first: the next owner may come at once. */
  readonly release: () => Promise<void>;
};

/** Who claims; only a restore may claim a folder that is half restored. */
export type ClaimOptions = { readonly isRestoring?: boolean };

/** What is claimed: the folder with its active files, or the right to change sealed shards and the manifest. */
type Claimed = {
  /** Name of the socket of the one that has it. */
  readonly socket: string;
  /** First part of the names of those that ask for it. */
  readonly asker: string;
  readonly refusal: (dataDir: string) => PasserbyError;
};
const SOCKET_ENDING = ".sock";
const ASKER_ID = /^[0-9a-f]{16}$/;
/** A live process answers its socket within this; one that is stopped or hangs still owns the folder. */
const HELLO_TIMEOUT_MS = 2_000;
const RIVAL_POLL_MS = 20;
/** Rivals give up within milliseconds; whatever still keeps us from being sure after 10 s is alive. */
const MAX_TRIES = 500;
/** A dead asker's socket may be one that is bound and about to listen, until it is this old. */
const LEFTOVER_AGE_MS = 60_000;

/**
 * Makes the data directory (0700) if it is missing and checks that it can be used. Throws `data_dir_unusable`.
 */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    readdirSync(dataDir);
  } catch (error) {
    throw asUnusable(dataDir, error);
  }
}

/**
 * Claims an existing data directory for this process. Throws `data_dir_owned` when another process has it or is faster,
 * `data_dir_unusable` when the folder cannot hold a socket or is half restored.
 */
export function claimDataDir(dataDir: string, clock: Clock, options: ClaimOptions = {}): Promise<Ownership> {
  return claim(DATA_DIR, { ...options, dataDir, clock });
}

/**
 * Claims the shards of an existing data directory: who has them may compress, rewrite and delete sealed shards, and writes the
 * manifest, beside a running collector. Throws `shards_owned` when another process has them, `data_dir_unusable` when the
 * folder cannot hold a socket or is half restored.
 */
export function claimShards(dataDir: string, clock: Clock, options: ClaimOptions = {}): Promise<Ownership> {
  return claim(SHARDS, { ...options, dataDir, clock });
}

/**
 * Claims the rotation of an existing data directory: of rotators that run again and again there is one. It claims the
 * shards for each run, so that between two of them others can. Throws `shards_owned` where there is one already.
 */
export function claimRotation(dataDir: string, clock: Clock): Promise<Ownership> {
  return claim(ROTATION, { dataDir, clock });
}

/** Says whether a rotator that runs again and again is there; one that hangs is, too. */
export async function isRotationClaimed(dataDir: string): Promise<boolean> {
  return (await findRole(dataDir, ROTATION_SOCKET)) !== "nobody";
}

/** Says whether somebody works on the shards now; one that hangs does, too. */
export async function isShardsClaimed(dataDir: string): Promise<boolean> {
  return (await findRole(dataDir, SHARDS_SOCKET)) !== "nobody";
}

type Claim = ClaimOptions & { readonly dataDir: string; readonly clock: Clock };

async function claim(claimed: Claimed, { dataDir, clock, isRestoring = false }: Claim): Promise<Ownership> {
  const id = Buffer.from(clock.randomBytes(8)).toString("hex");
  const own = `${claimed.asker}${id}.sock`;
  const state: { isOwner: boolean; commands: Commands } = { isOwner: false, commands: {} };
  const hello = async (): Promise<Json> => (state.isOwner ? "owner" : "contender");
  const server = serveCommands(() => ({ ...state.commands, hello }));
  const socket = socketPath(dataDir, own);
  const stop = async (name: string): Promise<void> => {
    removeSocket(join(dataDir, name));
    await closeServer(server);
    socket.close();
  };
  try {
    await listen(server, socket.path);
    chmodSync(join(dataDir, own), 0o600);
    await win(claimed, { dataDir, id, clock });
    // A restore has claimed the folder, too: one that is under way was met as its owner.
    if (!isRestoring) refuseHalfRestored(dataDir);
    renameSync(join(dataDir, own), join(dataDir, claimed.socket));
    state.isOwner = true;
  } catch (error) {
    await stop(own);
    throw asUnusable(dataDir, error);
  }
  return {
    serve: (commands) => {
      state.commands = commands;
    },
    release: () => stop(claimed.socket),
  };
}

type Asker = { readonly dataDir: string; readonly id: string; readonly clock: Clock };

/** Returns when every other asker has given up and no owner answers. */
async function win(claimed: Claimed, { dataDir, id, clock }: Asker): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    let isAlone = true;
    for (const [name, rival] of listContenders(claimed, dataDir)) {
      if (rival === id) continue;
      const role = await findRole(dataDir, name);
      if (role === "owner" || (role === "contender" && rival < id)) throw claimed.refusal(dataDir);
      if (role === "nobody") removeLeftover(join(dataDir, name), clock.now());
      else isAlone = false;
    }
    // Last, because an asker that wins moves from its own name to this one.
    const role = await findRole(dataDir, claimed.socket);
    if (role === "nobody" && isAlone) return;
    if (role !== "nobody" && role !== "unsure") throw claimed.refusal(dataDir);
    await delay(RIVAL_POLL_MS);
  }
  throw claimed.refusal(dataDir);
}

function listContenders({ asker }: Claimed, dataDir: string): (readonly [name: string, id: string])[] {
  return readdirSync(dataDir).flatMap((name) => {
    const id =
      name.startsWith(asker) && name.endsWith(SOCKET_ENDING) ? name.slice(asker.length, -SOCKET_ENDING.length) : "";
    return ASKER_ID.test(id) ? [[name, id] as const] : [];
  });
}

/** `unsure`: it hung up while it was asked, as one does that gives up or ends; ask again. */
async function findRole(dataDir: string, name: string): Promise<"nobody" | "contender" | "owner" | "unsure"> {
  const { path, close } = socketPath(dataDir, name);
  try {
    const reply = await askSocket(path, { command: "hello", args: null }, HELLO_TIMEOUT_MS);
    if (reply.kind === "nobody") return "nobody";
    if (reply.kind === "hung_up") return "unsure";
    return reply.kind === "answered" && reply.result === "contender" ? "contender" : "owner";
  } finally {
    close();
  }
}

/** A faulty disk keeps the socket; with nobody listening on it, it means nothing. */
function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // As after a kill, the next owner moves its own socket over it.
  }
}

function removeLeftover(path: string, nowMs: number): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats && nowMs - stats.ctimeMs > LEFTOVER_AGE_MS) removeSocket(path);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

const DATA_DIR: Claimed = {
  socket: OWNER_SOCKET,
  asker: ".collector-",
  refusal: (dataDir) =>
    new PasserbyError(
      "data_dir_owned",
      `${dataDir} belongs to another running collector: stop that one, or give this one a folder of its own (--data-dir, METRICS_DATA_DIR)`,
    ),
};

const SHARDS: Claimed = {
  socket: SHARDS_SOCKET,
  asker: ".shards-",
  refusal: (dataDir) =>
    new PasserbyError(
      "shards_owned",
      `another process is at work on the shards of ${dataDir} (rotate, erase, verify --repair or backup): wait until it is done`,
    ),
};

const ROTATION: Claimed = {
  socket: ROTATION_SOCKET,
  asker: ".rotation-",
  refusal: (dataDir) =>
    new PasserbyError(
      "shards_owned",
      `another rotator runs on ${dataDir} already, and one is enough: stop one of them`,
    ),
};

/** Returns an error of ours as it is, and `data_dir_unusable` for one of the system. */
export function asUnusable(dataDir: string, error: unknown): PasserbyError {
  if (error instanceof PasserbyError) return error;
  const message = `${dataDir} cannot be used as data directory: ${describeError(error)}`;
  return new PasserbyError("data_dir_unusable", message, { cause: error });
}

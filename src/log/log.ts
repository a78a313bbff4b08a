/**
 * The log: the append-only record of every stored event, and the source of truth that store and ring are rebuilt from.
 *
 * Flow. append → encoded on the calling thread → group commit → writer thread: write, fdatasync → resolved. An event is
 * acknowledged when its line is on disk, and at no other time.
 *
 * Format. One event a line: JSON in UTF-8, ended by `\n`, fields as in event.ts, the position (writer, start, seq)
 * first. `metrics.jsonl` (`metrics.wN.jsonl` for writer N) is being written; it is sealed as
 * `metrics-YYYY-MM-DD[.wN].K.jsonl` when a UTC day or its room is over and when it is asked for, while appends go on.
 * Shards never change their content.
 *
 * Invariants. One process owns the folder (ownership.ts) and only the owner seals. The active file ends in a whole line
 * before anything is appended to it. Within a start of a writer, seq has no gap and no number is used twice. A batch
 * is on disk as a whole when its append resolves; when it rejects, none of its lines is in the file, unless the disk
 * refused even to be cut back, which is warned about.
 *
 * After a crash. The next start takes over the dead owner's socket, moves a torn last line to quarantine, syncs and seals
 * the file and begins a fresh one, so nothing is ever glued to a torn line, and no power cut takes from a shard what a
 * reader has seen in it. Each step leaves a state from which a start that is itself killed is completed by the next. A
 * whole line that was never acknowledged may stay: at least once.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { AcceptedEvent } from "../event.ts";
import { removeLeftovers } from "./files/leftovers.ts";
import type { Commands, Json } from "./owner/control-channel.ts";
import { asUnusable, claimDataDir, prepareDataDir } from "./owner/ownership.ts";
import { type Appended, GroupCommit, type Refusal, type RefusalCause } from "./write/group-commit.ts";
import { WriterClient } from "./write/writer-client.ts";

export type { Appended, Refusal, RefusalCause } from "./write/group-commit.ts";

export type LogOptions = {
  readonly dataDir: string;
  readonly clock: Clock;
  /** `fsync`: acknowledged when on disk. `os`: when handed to the operating system; a power cut may take it back. */
  readonly durability: "fsync" | "os";
  /** Bytes of lines that may wait for the disk; past it append rejects. */
  readonly maxQueueBytes: number;
  /** Bytes past which the active file is sealed (default 64 MiB); a single batch may be larger. */
  readonly maxShardBytes?: number;
  /** 1 (default) writes metrics.jsonl, n writes metrics.wn.jsonl. */
  readonly writer?: number;
  /** What `collector.sock` answers besides `hello` and `status`. */
  readonly commands?: Commands;
  /** Told about faults that the log lived through. */
  readonly onWarning?: (message: string) => void;
  /** Told how many milliseconds each sync took, before its appends resolve; it must be quick and never throw. */
  readonly onSync?: (syncMs: number) => void;
};

export type LogStatus = {
  /** False while append rejects; then `reason` and `message` say why. */
  readonly accepting: boolean;
  readonly reason: RefusalCause | undefined;
  readonly message: string | undefined;
  /** Bytes of lines that wait for the disk. */
  readonly queuedBytes: number;
  /** Base name of the active file, whether it is there, and its acknowledged bytes: readers go no further. */
  readonly file: string;
  readonly fileExists: boolean;
  readonly fileBytes: number;
  /** UTC day on which the first line of the active file was received; undefined for an empty one. */
  readonly fileDay: string | undefined;
  /** Torn lines in quarantine, in this data directory. */
  readonly tornLines: number;
  /** Events acknowledged since the log was opened. */
  readonly appendedEvents: number;
};

export type Log = {
  /**
   * Resolves when all lines of the batch are on disk. Rejects with `log_unavailable` when the queue is at its bound,
   * the disk is full or faulty, or the log is closing; then nothing of the batch is stored.
   */
  readonly append: (events: readonly AcceptedEvent[]) => Promise<Appended>;
  /**
   * Seals the active file, with all that was acknowledged before the call, while appends go on. Resolves with the shard's
   * base name; undefined where nothing was to be sealed. Rejects with `log_unavailable` when the disk refuses or the log is
   * closing: nothing is lost then, and the file is sealed before it is next written.
   */
  readonly seal: () => Promise<string | undefined>;
  /** Refuses appends for a reason until it is called with undefined; those that were taken are still written. */
  readonly hold: (reason: Refusal | undefined) => void;
  readonly status: () => LogStatus;
  /** Stores what was taken, refuses the rest, gives the folder up. */
  readonly close: () => Promise<void>;
};

const DEFAULT_SHARD_BYTES = 67_108_864;

/** A claimed data directory whose log one or several writers append to. */
export type LogFolder = {
  /** Gives the folder up; close the writers first. */
  readonly close: () => Promise<void>;
};

/**
 * Claims the data directory of a log, which it makes (0700) if missing, and clears away what a killed owner left half
 * written. `commands` are answered on `collector.sock`. Throws `data_dir_unusable` and `data_dir_owned`. Close it.
 */
export async function claimLog(dataDir: string, clock: Clock, commands: Commands = {}): Promise<LogFolder> {
  prepareDataDir(dataDir);
  const ownership = await claimDataDir(dataDir, clock);
  try {
    removeLeftovers(dataDir, clock.now());
  } catch (error) {
    await ownership.release();
    throw asUnusable(dataDir, error);
  }
  ownership.serve(commands);
  return { close: () => ownership.release() };
}

/**
 * Opens the file of one writer, in a folder that this process or its parent has claimed, and recovers what the writer's
 * last start left. Throws `data_dir_unusable`. Close it.
 */
export async function openLogWriter(options: Omit<LogOptions, "commands">): Promise<Log> {
  const { dataDir, durability, clock, maxQueueBytes, writer = 1, onWarning = () => undefined } = options;
  const { maxShardBytes: maxBytes = DEFAULT_SHARD_BYTES } = options;
  const client = new WriterClient({ dataDir, writer, durability, maxBytes }, onWarning);
  const onSync = options.onSync ?? (() => undefined);
  const commit = new GroupCommit({ client, writer: `w${writer}`, clock, maxQueueBytes, onWarning, onSync });
  try {
    await commit.open();
  } catch (error) {
    await commit.close();
    throw asUnusable(dataDir, error);
  }
  return {
    append: (events) => commit.append(events),
    seal: () => commit.seal(),
    hold: (reason) => commit.hold(reason),
    status: () => describeStatus(dataDir, commit),
    close: () => commit.close(),
  };
}

/** Claims a data directory and opens the file of one writer in it. Throws what these two throw. Close it. */
export async function openLog(options: LogOptions): Promise<Log> {
  const opened: { log?: Log } = {};
  const status = async (): Promise<Json> => (opened.log === undefined ? null : statusJson(opened.log.status()));
  const folder = await claimLog(options.dataDir, options.clock, { ...options.commands, status });
  try {
    const log = await openLogWriter(options);
    opened.log = log;
    const close = async (): Promise<void> => {
      await log.close();
      await folder.close();
    };
    return { ...log, close };
  } catch (error) {
    await folder.close();
    throw error;
  }
}

function describeStatus(dataDir: string, commit: GroupCommit): LogStatus {
  const { refusal, file, fileBytes, fileDay, tornLines, queuedBytes, appendedEvents } = commit.status;
  return {
    accepting: refusal === undefined,
    reason: refusal?.cause,
    message: refusal?.message,
    queuedBytes,
    file,
    fileExists: existsSync(join(dataDir, file)),
    fileBytes,
    fileDay,
    tornLines,
    appendedEvents,
  };
}

/** Returns a status as `collector.sock` tells it. */
export function statusJson(status: LogStatus): Json {
  const { reason = null, message = null, fileDay = null } = status;
  return { ...status, reason, message, fileDay, pid: process.pid };
}

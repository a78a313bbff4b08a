/**
 * The file that is being written, as its only writer sees it: bytes are committed (on disk, under the file's name) or
 * the commit throws and none of them is in the file. Synchronous, because it has a thread of its own.
 *
 * - It is sealed when it would grow past its bound, before the first line of another day, and on request. A seal that
 *   fails leaves a closed file with all that was committed; the next commit, seal or probe completes it first.
 * - What a failed write left is cut off, and the file is sealed: a reader may have seen those lines, and must never find
 *   others at their offsets.
 * - After a failed sync the descriptor is never used again: Linux reports the error once and then calls lost pages
 *   clean (kernel docs, "fsyncgate"). The file is cut back and sealed, and the bytes are written to a new one; where it
 *   cannot be cut back they are not, or they would be there twice.
 * - A file that was moved, deleted or changed by somebody else is left, and the bytes are written to a new one: a
 *   write to a deleted file succeeds and means nothing.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describeError, PasserbyError, systemErrorCode } from "../../errors.ts";
import { syncFolder, withFile, writeAll } from "../files/durable-file.ts";
import { activeName } from "../files/log-files.ts";
import { quarantineTornTail } from "../files/quarantine.ts";
import { sealActiveFile } from "../files/seal.ts";
import { isOtherFileDay } from "./file-day.ts";

export type ActiveFileOptions = {
  readonly dataDir: string;
  /** 1, 2, …: each writer has a file of its own. */
  readonly writer: number;
  /** `os` leaves out the sync of each commit; a file is still synced when it is sealed. */
  readonly durability: "fsync" | "os";
  /** Bytes past which the file is sealed; a single commit may be larger. */
  readonly maxBytes: number;
  /** Monotonic time in milliseconds, for timing syncs. */
  readonly monotonicMs: () => number;
  readonly onWarning: (message: string) => void;
};

type OpenFile = { readonly descriptor: number; readonly inode: number; bytes: number; day: string | undefined };

/** A commit is tried on the file at hand and, when that one fails its sync, on one new file. */
const COMMIT_FILES = 2;
/** Free space that must be there before a log that failed takes events again. */
const PROBE_BYTES = 262_144;

export class ActiveFile {
  /** Base name of the file. */
  readonly name: string;
  private readonly options: ActiveFileOptions;
  private readonly path: string;
  private file: OpenFile | undefined;
  private lastSyncMs: number | null = null;

  constructor(options: ActiveFileOptions) {
    this.options = options;
    this.name = activeName(options.writer);
    this.path = join(options.dataDir, this.name);
  }

  /** Committed bytes of the file. */
  get bytes(): number {
    return this.file?.bytes ?? 0;
  }

  /** UTC day on which its first line was received; undefined for an empty file. */
  get day(): string | undefined {
    return this.file?.day;
  }

  /** Milliseconds that the sync of the last commit took; null where commits are not synced. */
  get syncMs(): number | null {
    return this.lastSyncMs;
  }

  /** Quarantines a torn tail, seals what an earlier start left, opens a fresh file. Throws the system's error. */
  open(): void {
    this.ensureOpen();
  }

  /**
   * Seals what is committed, and opens a fresh file. Returns the shard's name, undefined where nothing was in the file. Throws
   * the system's error; then nothing is lost, and the seal is done by what comes next.
   */
  seal(): string | undefined {
    if (this.file?.bytes === 0) return undefined;
    this.close();
    return this.reopen().sealed;
  }

  /**
   * Returns when the bytes (whole lines, the first received on `day`) are committed; throws the system's error when none of
   * them is.
   */
  commit(bytes: Uint8Array, day: string): void {
    if (this.isSealDue(bytes.length, day)) this.seal();
    let failure: unknown;
    for (let attempt = 0; attempt < COMMIT_FILES; attempt++) {
      const file = this.ensureOpen();
      this.write(file, bytes);
      try {
        this.sync(file);
        this.checkStillOurs(file, file.bytes + bytes.length);
        file.bytes += bytes.length;
        file.day ??= day;
        return;
      } catch (error) {
        failure = error;
        this.options.onWarning(`${this.name} is given up and a new file begun: ${describeError(error)}`);
        if (!this.giveUp(file, bytes)) break; // Written again, the bytes would be there twice.
      }
    }
    throw failure;
  }

  /** Throws the system's error while a commit is bound to fail: no space, no file, a broken disk. */
  probe(): void {
    const path = join(this.options.dataDir, `${this.name}.probe.tmp`);
    try {
      withFile(path, "w", (descriptor) => {
        writeAll(descriptor, new Uint8Array(PROBE_BYTES));
        fsyncSync(descriptor);
      });
    } finally {
      removeIfThere(path);
    }
    this.ensureOpen();
  }

  /** Closes the file and leaves it to be sealed by the next start. Everything committed is already on disk. */
  close(): void {
    const { file } = this;
    this.file = undefined; // A descriptor is gone even when closing it fails (close(2), notes).
    if (file) closeSync(file.descriptor);
  }

  private isSealDue(moreBytes: number, day: string): boolean {
    const { file } = this;
    if (file?.day === undefined) return false;
    return file.bytes + moreBytes > this.options.maxBytes || isOtherFileDay(file.day, day);
  }

  private ensureOpen(): OpenFile {
    return this.file ?? this.reopen().file;
  }

  /** Seals what lies there under the file's name, if anything does, and opens a fresh file. */
  private reopen(): { readonly file: OpenFile; readonly sealed: string | undefined } {
    const { dataDir, writer, onWarning } = this.options;
    refuseForeign(this.path);
    quarantineTornTail(dataDir, writer);
    const sealed = sealActiveFile(dataDir, writer, onWarning);
    const file = this.openFresh();
    this.file = file;
    return { file, sealed };
  }

  private openFresh(): OpenFile {
    const descriptor = openSync(this.path, "ax+", 0o600);
    try {
      syncFolder(this.options.dataDir);
      return { descriptor, inode: statSync(this.path).ino, bytes: 0, day: undefined };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  private write(file: OpenFile, bytes: Uint8Array): void {
    try {
      writeAll(file.descriptor, bytes);
    } catch (error) {
      if (fstatSync(file.descriptor).size !== file.bytes) this.giveUp(file, bytes);
      throw error;
    }
  }

  private sync(file: OpenFile): void {
    if (this.options.durability !== "fsync") return;
    const started = this.options.monotonicMs();
    fdatasyncSync(file.descriptor);
    this.lastSyncMs = this.options.monotonicMs() - started;
  }

  private checkStillOurs(file: OpenFile, expectedBytes: number): void {
    const stats = statSync(this.path, { throwIfNoEntry: false });
    if (stats?.ino === file.inode && stats.size === expectedBytes) return;
    throw new PasserbyError("log_unavailable", "another program moved, deleted or changed the file; leave it alone");
  }

  /**
   * Cuts off what was not committed, never another's bytes, and closes the descriptor; the next open seals the file.
   * False when it could not be cut.
   */
  private giveUp(file: OpenFile, bytes: Uint8Array): boolean {
    this.file = undefined;
    try {
      cutOwnBytes(file, bytes);
      return true;
    } catch (error) {
      this.options.onWarning(`${this.name} keeps lines that were not acknowledged: ${describeError(error)}`);
      return false;
    } finally {
      closeSync(file.descriptor);
    }
  }
}

/** Cuts off the part of `bytes` that stands behind the committed ones, or all of it behind what another has written. */
function cutOwnBytes({ descriptor, bytes: committed }: OpenFile, bytes: Uint8Array): void {
  const { size } = fstatSync(descriptor);
  const isOurs = size > committed && size <= committed + bytes.length;
  if (isOurs) ftruncateSync(descriptor, committed);
  else if (endsWith(descriptor, size, bytes)) ftruncateSync(descriptor, size - bytes.length);
}

function endsWith(descriptor: number, size: number, bytes: Uint8Array): boolean {
  if (size < bytes.length) return false;
  const end = Buffer.alloc(bytes.length);
  return readSync(descriptor, end, 0, end.length, size - bytes.length) === end.length && end.equals(bytes);
}

function refuseForeign(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats || stats.isFile()) return;
  throw new PasserbyError("data_dir_unusable", `${path} is not a regular file; move it away`);
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

/**
 * The ids of the newest stored events, in memory and on disk, so that an event that is sent again is not stored again,
 * also after a restart. The file is written once a second and may lag behind the log or be lost; a start reads what it
 * lacks from the log, so an id is known again for every line that is there.
 */
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import type { Clock } from "../../clock.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import { firstKeptDay } from "../../log/files/retention-days.ts";
import { type LineMark, readBehind } from "../../log/read/read-behind.ts";
import { syncFolder } from "../../replace-file.ts";
import { encodeFrame, encodeHeader, ID_BYTES, idFilePath, MAX_FRAME_IDS, readFrames } from "./id-file.ts";
import { formatId, IdWindow } from "./id-window.ts";

export type StoredIdsOptions = {
  readonly dataDir: string;
  /** Number of the writer whose events these are, and how many writers share the ids. */
  readonly writer: number;
  readonly writers: number;
  /** Ids remembered at the most. */
  readonly capacity: number;
  /** Ids of events of older UTC days are forgotten (retention-days.ts). */
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
};

/** Ids of one hour, in the order in which they are in the window. */
type Bucket = { readonly hour: number; count: number };

const HOUR_MS = 3_600_000;
/** A file with more frames than this is written anew: most frames hold the ids of one second. */
const MAX_FRAMES = 20_000;

export class StoredIds {
  private readonly options: StoredIdsOptions;
  private readonly path: string;
  private readonly window: IdWindow;
  private readonly buckets: Bucket[] = [];
  private mark: LineMark | undefined;
  private unwritten = 0;
  private frames = 0;
  private isMarkWritten = true;
  private needsRewrite = false;
  private file: FileHandle | undefined;
  private writing: Promise<void> | undefined;
  private lastWarning = "";

  private constructor(options: StoredIdsOptions) {
    this.options = options;
    this.path = idFilePath(options.dataDir, options.writer);
    const seed = Buffer.from(options.clock.randomBytes(4)).readUInt32BE();
    this.window = new IdWindow(options.capacity, seed);
  }

  /** Reads the file and the lines of the log behind it. For the owner of the folder, before its writer opens its file. */
  static async open(options: StoredIdsOptions): Promise<StoredIds> {
    const ids = new StoredIds(options);
    ids.readFile();
    for await (const event of readBehind(options.dataDir, options.writer, ids.mark)) {
      ids.add([event.eventId], { start: event.start, seq: event.seq }, Date.parse(event.receivedAt));
    }
    return ids;
  }

  /** Makes the empty stores of `writers` writers, which are on no disk until they are written anew. */
  static empty(options: Omit<StoredIdsOptions, "writer">, writers: number): readonly StoredIds[] {
    return Array.from({ length: writers }, (_, index) => new StoredIds({ ...options, writer: index + 1 }));
  }

  /** Number of ids remembered. */
  get size(): number {
    return this.window.size;
  }

  /** The last line of the log whose id is known. */
  get lastLine(): LineMark | undefined {
    return this.mark;
  }

  /** Says whether an event with this id is stored. */
  has(id: string): boolean {
    return this.window.has(id);
  }

  /** Notes ids that are on disk now, up to the line `mark` of this writer. */
  add(ids: readonly string[], mark: LineMark | undefined, storedAtMs: number): void {
    const hour = Math.floor(storedAtMs / HOUR_MS);
    for (const id of ids) this.addOne(id, hour);
    if (mark === undefined) return;
    this.mark = mark;
    this.isMarkWritten = false;
  }

  /** Yields every id with its hour, oldest first. */
  *entries(): Generator<readonly [id: string, hour: number]> {
    let from = 0;
    for (const { hour, count } of this.buckets) {
      for (let index = 0; index < count; index++) yield [formatId(this.window.copyBytes(from + index, 1)), hour];
      from += count;
    }
  }

  /**
   * Forgets ids and writes the file anew; returns how many were there. Random ones take their places, so that no hole says
   * where one was. Throws `log_unavailable` where the file could not be written: then it is tried again with the next flush.
   */
  async forget(lists: Iterable<readonly string[]>): Promise<number> {
    let forgotten = 0;
    for (const ids of lists) {
      for (const id of ids) if (this.window.replace(id, this.options.clock.randomBytes(ID_BYTES))) forgotten += 1;
      await new Promise(setImmediate); // Requests are let in between.
    }
    await this.writing; // It would say of the file that it needs no rewriting.
    this.needsRewrite = true;
    await this.flush();
    if (!this.needsRewrite) return forgotten;
    throw new PasserbyError(
      "log_unavailable",
      "the file of event ids could not be written anew: make room, and try again",
    );
  }

  /** Writes what is new. Never throws: a disk that takes nothing is warned about, and the file is written anew later. */
  async flush(): Promise<void> {
    this.forgetOld();
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
    await this.writing;
  }

  /** Writes what is new and closes the file. */
  async close(): Promise<void> {
    await this.flush();
    await this.file?.close();
    this.file = undefined;
  }

  /** Writes the whole file anew, through a temporary one. Throws the system's error. */
  async rewrite(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
    const temporary = `${this.path}.tmp`;
    const file = await open(temporary, "w", 0o600);
    try {
      await file.write(encodeHeader(this.options.writers));
      this.frames = 0;
      await this.writeFrames(file, this.window.size);
      await file.sync();
    } catch (error) {
      await unlink(temporary).catch(() => undefined); // The first error is the one to tell.
      throw error;
    } finally {
      await file.close();
    }
    await rename(temporary, this.path);
    syncFolder(this.options.dataDir);
  }

  private readFile(): void {
    const isWhole = readFrames(this.path, (frame) => {
      this.frames += 1;
      for (let at = 0; at < frame.ids.length; at += ID_BYTES) {
        this.addOne(formatId(frame.ids.subarray(at, at + ID_BYTES)), frame.hour);
      }
      this.mark = frame.mark ?? this.mark;
    });
    this.unwritten = 0;
    this.needsRewrite = !isWhole;
  }

  private addOne(id: string, hour: number): void {
    const isFull = this.window.size === this.window.capacity;
    if (!this.window.add(id)) return;
    if (isFull) this.shrinkOldest(1);
    const last = this.buckets.at(-1);
    if (last !== undefined && last.hour >= hour) last.count += 1;
    else this.buckets.push({ hour, count: 1 });
    this.unwritten = Math.min(this.unwritten + 1, this.window.capacity);
  }

  private shrinkOldest(count: number): void {
    const [oldest] = this.buckets;
    if (oldest === undefined) return;
    oldest.count -= count;
    if (oldest.count === 0) this.buckets.shift();
  }

  private forgetOld(): void {
    const { clock, retentionDays } = this.options;
    const limit = Date.parse(firstKeptDay(retentionDays, clock.now())) / HOUR_MS;
    for (let [oldest] = this.buckets; oldest !== undefined && oldest.hour < limit; [oldest] = this.buckets) {
      this.window.dropOldest(oldest.count);
      this.buckets.shift();
      this.unwritten = Math.min(this.unwritten, this.window.size);
      this.needsRewrite = true;
    }
  }

  private async write(): Promise<void> {
    if (this.unwritten === 0 && this.isMarkWritten && !this.needsRewrite) return;
    try {
      if (this.needsRewrite || this.frames > MAX_FRAMES) await this.rewrite();
      else await this.append();
      this.needsRewrite = false;
      this.lastWarning = "";
    } catch (error) {
      this.needsRewrite = true;
      const warning = `the file of event ids could not be written, and is tried again: ${describeError(error)}`;
      if (warning !== this.lastWarning) this.options.onWarning(warning);
      this.lastWarning = warning;
    }
  }

  private async append(): Promise<void> {
    this.file ??= await open(this.path, "a", 0o600);
    await this.writeFrames(this.file, this.unwritten);
  }

  /** Writes the `newest` ids, a frame an hour and at the most MAX_FRAME_IDS in each. */
  private async writeFrames(file: FileHandle, newest: number): Promise<void> {
    const { mark } = this;
    const pieces = [...piecesOf(this.buckets, this.window.size - newest)];
    this.unwritten = 0;
    // Copied before anything is waited for: what comes meanwhile moves the window.
    const frames = pieces.map(({ hour, first, count }, index) =>
      encodeFrame({
        hour,
        mark: index === pieces.length - 1 ? mark : undefined,
        ids: this.window.copyBytes(first, count),
      }),
    );
    if (frames.length === 0) frames.push(encodeFrame({ hour: 0, mark, ids: new Uint8Array() }));
    this.isMarkWritten = true;
    this.frames += frames.length;
    for (const frame of frames) {
      const { bytesWritten } = await file.write(frame);
      if (bytesWritten < frame.length) throw new Error("the disk took only a part");
    }
  }
}

type Piece = { readonly hour: number; readonly first: number; readonly count: number };

function* piecesOf(buckets: readonly Bucket[], from: number): Generator<Piece> {
  let first = 0;
  for (const { hour, count } of buckets) {
    const end = first + count;
    for (let at = Math.max(first, from); at < end; at += MAX_FRAME_IDS) {
      yield { hour, first: at, count: Math.min(MAX_FRAME_IDS, end - at) };
    }
    first = end;
  }
}

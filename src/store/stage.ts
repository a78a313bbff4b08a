/** Brings a batch of lines into the temporary table `incoming`: typed columns, each event once. */
import type { DuckDBAppender } from "@duckdb/node-api";
import type { LineChunk } from "../log/read/read-chunks.ts";
import { CREATE_INCOMING, READ_CHUNKS } from "./certain-lines.ts";
import { judgeDoubtfulLines } from "./doubtful-lines.ts";
import type { Connection } from "./duckdb.ts";
import { leaveOutDuplicates } from "./duplicates.ts";
import type { LeftOut } from "./line-counts.ts";

/** Imports have a time of their own. */
const LEAVE_OUT_EXPIRED = "DELETE FROM incoming WHERE dataset IS NULL AND received_at < $keptFrom RETURNING line";

const CREATE_CHUNKS = "CREATE OR REPLACE TEMP TABLE chunks (first_line UINTEGER, bytes BLOB)";

/** What an appender hands over at once: the collector shares this thread, and 4 MiB take it some milliseconds. */
const FLUSH_BYTES = 4_194_304;

/** Collects one batch; in JavaScript nothing of it is held. */
export class Stage {
  private readonly writer: Connection;
  /** Each statement is planned for some 20 ms, and holds its text several times over. */
  private readonly readBytes: number;
  private lines = 0;
  private waitingBytes = 0;
  /** Of those, what the appender holds. */
  private heldBytes = 0;
  private appender: DuckDBAppender | undefined;

  constructor(writer: Connection, readBytes: number) {
    this.writer = writer;
    this.readBytes = readBytes;
  }

  /** How many lines were added. */
  get size(): number {
    return this.lines;
  }

  /** Adds lines behind those that were added before. */
  async add({ bytes, lines }: LineChunk): Promise<void> {
    if (lines === 0) return;
    // Replaced, not emptied: what a batch that failed has left behind is gone, and its memory with it.
    if (this.lines === 0) await this.writer.ask(CREATE_INCOMING);
    this.appender ??= await this.openAppender();
    this.appender.appendUInteger(this.lines);
    this.appender.appendBlob(bytes);
    this.appender.endRow();
    this.lines += lines;
    this.waitingBytes += bytes.length;
    this.heldBytes += bytes.length;
    if (this.heldBytes >= FLUSH_BYTES) this.flush(this.appender);
    if (this.waitingBytes >= this.readBytes) await this.readChunks();
  }

  /** Reads what was added into `incoming`. */
  async readChunks(): Promise<void> {
    if (this.appender === undefined) return;
    this.appender.closeSync();
    this.appender = undefined;
    this.waitingBytes = 0;
    this.heldBytes = 0;
    await this.writer.ask(READ_CHUNKS);
    await this.writer.ask("DROP TABLE chunks");
  }

  /**
   * Leaves in `incoming` what of the batch is new and not too old (null: nothing is), and returns the lines that are left
   * out; to be called inside a transaction, when all that was added is read.
   */
  async finish(keptFrom: Date | null): Promise<readonly LeftOut[]> {
    const { ask } = this.writer;
    const refused = await judgeDoubtfulLines(this.writer);
    const expired = keptFrom === null ? [] : await ask(LEAVE_OUT_EXPIRED, { keptFrom });
    const duplicates = await leaveOutDuplicates(ask);
    return [
      ...refused,
      ...expired.map((row): LeftOut => ({ line: Number(row["line"]), fate: "expired" })),
      ...duplicates.map((line): LeftOut => ({ line, fate: "duplicates" })),
    ];
  }

  private flush(appender: DuckDBAppender): void {
    appender.flushSync();
    this.heldBytes = 0;
  }

  private async openAppender(): Promise<DuckDBAppender> {
    await this.writer.ask(CREATE_CHUNKS);
    return this.writer.duckdb.createAppender("chunks", "main", "temp");
  }
}

/** Brings a batch of lines into the temporary table `incoming`: typed columns, each event once. */
import type { DuckDBAppender } from "@duckdb/node-api";
import type { LineChunk } from "../log/read-chunks.ts";
import { MAKE_INCOMING } from "./certain-lines.ts";
import { judgeDoubtfulLines, type Refused } from "./doubtful-lines.ts";
import type { Connection } from "./duckdb.ts";
import { leaveOutDuplicates } from "./duplicates.ts";

/** What has become of the lines of a batch; `events` are new, and now in `incoming`. */
export type Staged = Refused & { readonly events: number; readonly duplicates: number };

const CREATE_CHUNKS = "CREATE OR REPLACE TEMP TABLE chunks (first_line UINTEGER, bytes BLOB)";

/** Collects one batch, as bytes: nothing of it is held in JavaScript. */
export class Stage {
  private readonly writer: Connection;
  private lines = 0;
  private appender: DuckDBAppender | undefined;

  constructor(writer: Connection) {
    this.writer = writer;
  }

  /** How many lines were added. */
  get size(): number {
    return this.lines;
  }

  /** Adds lines behind those that were added before. */
  async add({ bytes, lines }: LineChunk): Promise<void> {
    if (lines === 0) return;
    this.appender ??= await this.openAppender();
    this.appender.appendUInteger(this.lines);
    this.appender.appendBlob(bytes);
    this.appender.endRow();
    this.lines += lines;
  }

  /** Fills `incoming` with the batch; to be called inside a transaction. */
  async finish(): Promise<Staged> {
    const { ask } = this.writer;
    this.appender?.closeSync();
    await ask(MAKE_INCOMING);
    await ask("DROP TABLE chunks");
    const refused = await judgeDoubtfulLines(this.writer);
    const duplicates = await leaveOutDuplicates(ask);
    return { ...refused, duplicates, events: this.lines - refused.damaged - refused.erased - duplicates };
  }

  private async openAppender(): Promise<DuckDBAppender> {
    // Replaced, not emptied: what a batch that failed has left behind is gone, and its memory with it.
    await this.writer.ask(CREATE_CHUNKS);
    return this.writer.duckdb.createAppender("chunks", "main", "temp");
  }
}

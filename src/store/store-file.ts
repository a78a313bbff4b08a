/**
 * The life of the open store file: opened once, used by one loader and many readers, and given up when it turns out to
 * be damaged. Nobody reopens it but the loader, and only after the last reader has let go: two instances on one file
 * in one process would not see each other's lock.
 */
import { existsSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { describeError, PasserbyError } from "../errors.ts";
import { syncFolder } from "../replace-file.ts";
import { copyRows, isRewriteDue } from "./copy-file.ts";
import {
  type Ask,
  copyPath,
  type Database,
  type DatabaseOptions,
  isDamage,
  openDatabase,
  removeDatabase,
  setAside,
  unavailable,
} from "./duckdb.ts";
import type { Keeping, Kept } from "./kept.ts";
import { Loader, LogRewrittenError, LogShrunkError } from "./load.ts";
import { removeExpired } from "./remove-expired.ts";

/** Name of the store's file in the data directory. */
export const STORE_FILE = "store.duckdb";

type Opened = { readonly database: Database; readonly loader: Loader };

/**
 * Why the open file can no longer be used. `damaged`: not at all; `outdated`: it holds what was erased from the log;
 * `invalid`: it has to be opened again.
 */
type Trouble = { readonly kind: "damaged" | "outdated" | "invalid"; readonly reason: string };

export class StoreFile {
  private readonly dataDir: string;
  private readonly options: DatabaseOptions;
  private readonly keeping: Keeping | null;
  private readonly readers = new Set<Promise<unknown>>();
  private opened: Opened | undefined;
  private trouble: Trouble | null = null;
  /** While its rows are copied. */
  private copying: Database | undefined;
  /** Readers that come while the file is exchanged wait for this. */
  private exchange: Promise<void> = Promise.resolve();

  constructor(dataDir: string, options: DatabaseOptions, keeping: Keeping | null) {
    this.dataDir = dataDir;
    this.options = options;
    this.keeping = keeping;
  }

  /** Returns the loader of the file, opened, reopened or made anew where that is needed. For one caller at a time. */
  async loader(): Promise<Loader> {
    return (await this.use()).loader;
  }

  /** Returns the loader of the open file, or undefined while there is none. */
  currentLoader(): Loader | undefined {
    return this.opened?.loader;
  }

  /** Runs a question in a transaction of its own. Throws `store_unavailable`, or what the question itself throws. */
  async read<Result>(question: (ask: Ask) => Promise<Result>): Promise<Result> {
    await this.exchange;
    const { opened, trouble } = this;
    if (opened === undefined || trouble !== null)
      throw unavailable(new Error(trouble?.reason ?? "the store is closed"));
    const reading = this.readFrom(opened.database, question);
    this.readers.add(reading);
    try {
      return await reading;
    } finally {
      this.readers.delete(reading);
    }
  }

  /** Remembers what an error says about the file; returns whether the loader can do something about it at once. */
  notice(error: unknown): boolean {
    const reason = describeError(error);
    if (error instanceof LogRewrittenError) this.trouble = { kind: "outdated", reason };
    else if (error instanceof LogShrunkError || isDamage(error)) this.trouble = { kind: "damaged", reason };
    // After a fatal error (a disk that failed) DuckDB refuses everything until the file is opened again.
    else if (/database has been invalidated|FATAL/i.test(reason)) this.trouble ??= { kind: "invalid", reason };
    return this.trouble !== null && this.trouble.kind !== "invalid";
  }

  /** Lets the readers end, calls `put`, which brings another file into place, and opens that. For one caller at a time. */
  async replace(put: () => void): Promise<void> {
    const exchanged = Promise.withResolvers<void>();
    this.exchange = exchanged.promise;
    try {
      await this.close();
      put();
      this.trouble = null;
      this.opened = await this.open();
    } finally {
      exchanged.resolve();
    }
  }

  /**
   * Removes what is not kept and, where anything was removed, puts a copy in the file's place that holds no trace of it.
   * Readers wait for the exchange, not for the copy. Returns how many events were removed. For one caller at a time.
   */
  async remove(kept: Kept): Promise<number> {
    const { database } = await this.use();
    const removed = await removeExpired(database.writer.ask, kept);
    const { path } = this.options;
    if (path !== null && (await isRewriteDue(database.writer.ask))) await this.rewrite(database, path);
    return removed;
  }

  /** Ends a copy that is being made; the next removal makes it anew. */
  stopCopying(): void {
    this.copying?.writer.duckdb.interrupt();
  }

  /** Waits for the readers and closes the file. */
  async close(): Promise<void> {
    await Promise.allSettled(this.readers);
    this.opened?.database.close();
    this.opened = undefined;
  }

  private async use(): Promise<Opened> {
    if (this.trouble !== null) await this.giveUp(this.trouble);
    this.opened ??= await this.open();
    return this.opened;
  }

  private async rewrite(database: Database, path: string): Promise<void> {
    const copy = copyPath(path);
    this.copying = database;
    try {
      await copyRows(database.writer.ask, copy);
    } catch (error) {
      // Opened again, the database has let go of the copy.
      this.trouble ??= { kind: "invalid", reason: describeError(error) };
      throw error;
    } finally {
      this.copying = undefined;
    }
    await this.replace(() => {
      // What did not get into the old file must not be read into the new one.
      if (existsSync(`${path}.wal`)) throw new Error("the store's write-ahead log could not be brought into its file");
      renameSync(copy, path);
      syncFolder(dirname(path));
    });
  }

  private async open(): Promise<Opened> {
    const database = await openDatabase(this.options);
    const loader = new Loader({ dataDir: this.dataDir, writers: [database.writer], keeping: this.keeping });
    await loader.resume();
    return { database, loader };
  }

  private async giveUp({ kind, reason }: Trouble): Promise<void> {
    await this.close();
    this.trouble = null;
    if (kind === "invalid") return;
    const { path, now, onWarning } = this.options;
    if (kind === "outdated") {
      if (path !== null) removeDatabase(path);
      onWarning(`the store held what was erased from the log; it is deleted and rebuilt: ${reason}`);
      return;
    }
    const kept = path === null ? "nothing" : setAside(path, now());
    onWarning(`the store is damaged or ahead of the log and is rebuilt from it; kept as ${kept}: ${reason}`);
  }

  private async readFrom<Result>(database: Database, question: (ask: Ask) => Promise<Result>): Promise<Result> {
    const connection = await database.connect().catch((error: unknown) => this.fail(error));
    const ask: Ask = (sql, parameters) => connection.ask(sql, parameters).catch((error: unknown) => this.fail(error));
    try {
      await ask("BEGIN TRANSACTION READ ONLY");
      return await question(ask);
    } finally {
      connection.close();
    }
  }

  private fail(error: unknown): never {
    this.notice(error);
    throw error instanceof PasserbyError ? error : unavailable(error);
  }
}

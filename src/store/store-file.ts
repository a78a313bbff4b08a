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
  setAside,
  unavailable,
} from "./duckdb.ts";
import type { Keeping, Kept } from "./kept.ts";
import { Loader, LogShrunkError } from "./load.ts";
import { removeExpired } from "./remove-expired.ts";

type Opened = { readonly database: Database; readonly loader: Loader };

/** Why the open file can no longer be used. `damaged`: not at all; `invalid`: it has to be opened again. */
type Trouble = { readonly kind: "damaged" | "invalid"; readonly reason: string };

export class StoreFile {
  private readonly dataDir: string;
  private readonly options: DatabaseOptions;
  private readonly keeping: Keeping | null;
  private readonly readers = new Set<Promise<unknown>>();
  private opened: Opened | undefined;
  private trouble: Trouble | null = null;
  private copying: Database | undefined;
  /** While another file takes the place of the open one. */
  private swapping: Promise<void> | undefined;

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
    await this.swapping;
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
    if (error instanceof LogShrunkError || isDamage(error)) this.trouble = { kind: "damaged", reason };
    // After a fatal error (a disk that failed) DuckDB refuses everything until the file is opened again.
    else if (/database has been invalidated|FATAL/i.test(reason)) this.trouble ??= { kind: "invalid", reason };
    return this.trouble?.kind === "damaged";
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
    const swapped = Promise.withResolvers<void>();
    this.swapping = swapped.promise;
    try {
      await this.close();
      // What did not get into the old file must not be read into the new one.
      if (existsSync(`${path}.wal`)) throw new Error("the store's write-ahead log could not be brought into its file");
      renameSync(copy, path);
      syncFolder(dirname(path));
      await this.use();
    } finally {
      this.swapping = undefined;
      swapped.resolve();
    }
  }

  private async open(): Promise<Opened> {
    const database = await openDatabase(this.options);
    const loader = new Loader(this.dataDir, database.writer, this.keeping);
    await loader.resume();
    return { database, loader };
  }

  private async giveUp({ kind, reason }: Trouble): Promise<void> {
    await this.close();
    this.trouble = null;
    if (kind === "invalid") return;
    const { path, now, onWarning } = this.options;
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

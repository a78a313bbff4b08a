/**
 * The life of the open store file: opened once, used by one loader and many readers, and given up when it turns out to
 * be damaged. Nobody reopens it but the loader, and only after the last reader has let go: two instances on one file
 * in one process would not see each other's lock.
 */
import { describeError, PasserbyError } from "../errors.ts";
import {
  type Ask,
  type Database,
  type DatabaseOptions,
  isDamage,
  openDatabase,
  setAside,
  unavailable,
} from "./duckdb.ts";
import { Loader, LogShrunkError } from "./load.ts";

type Opened = { readonly database: Database; readonly loader: Loader };

/** Why the open file can no longer be used. `damaged`: not at all; `invalid`: it has to be opened again. */
type Trouble = { readonly kind: "damaged" | "invalid"; readonly reason: string };

export class StoreFile {
  private readonly dataDir: string;
  private readonly options: DatabaseOptions;
  private readonly readers = new Set<Promise<unknown>>();
  private opened: Opened | undefined;
  private trouble: Trouble | null = null;

  constructor(dataDir: string, options: DatabaseOptions) {
    this.dataDir = dataDir;
    this.options = options;
  }

  /** Returns the loader of the file, opened, reopened or made anew where that is needed. For one caller at a time. */
  async loader(): Promise<Loader> {
    if (this.trouble !== null) await this.giveUp(this.trouble);
    this.opened ??= await this.open();
    return this.opened.loader;
  }

  /** Returns the loader of the open file, or undefined while there is none. */
  currentLoader(): Loader | undefined {
    return this.opened?.loader;
  }

  /** Runs a question in a transaction of its own. Throws `store_unavailable`, or what the question itself throws. */
  async read<Result>(question: (ask: Ask) => Promise<Result>): Promise<Result> {
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

  /** Waits for the readers and closes the file. */
  async close(): Promise<void> {
    await Promise.allSettled(this.readers);
    this.opened?.database.close();
    this.opened = undefined;
  }

  private async open(): Promise<Opened> {
    const database = await openDatabase(this.options);
    const loader = new Loader(this.dataDir, database.writer);
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

/**
 * What a store is to hold by age: what the collector received from a UTC day on, and of imports the shards that are there
 * and whose own time is not over. Imported events bear the time of their making, so their shards say how old they are.
 */
import type { Clock } from "../clock.ts";
import { type ImportKeeps, isImportExpired, readImportKeeps } from "../log/files/import-keep.ts";
import { type LogFile, listLogFiles } from "../log/files/log-files.ts";
import { firstKeptDay } from "../log/files/retention-days.ts";
import { fileIdentity } from "../log/read/read-lines.ts";

/** The rows that stay, in values that a statement takes. */
export type Kept = {
  /** Events of the collector that were received before it go. */
  readonly from: Date;
  /** `writer/start` of the shards of imports that stay. */
  readonly imports: readonly string[];
  /** Datasets of which everything stays, since a shard does not say which lines are its own. */
  readonly datasets: readonly string[];
};

/** Says what is kept now. */
export type Keeping = {
  /** Time before which what the collector received is too old. */
  readonly from: () => Date;
  /** Says whether a file is that of an import whose time is over. */
  readonly isOver: (file: LogFile) => boolean;
  /** Looks into the folder. Throws the system's error. */
  readonly look: () => Promise<Kept>;
};

/** Makes the rule for a data directory and a number of days. */
export function keepDays(dataDir: string, days: number, clock: Pick<Clock, "now">): Keeping {
  const from = (): Date => new Date(firstKeptDay(days, clock.now()));
  const isOver = (file: LogFile, keeps: ImportKeeps): boolean =>
    file.kind === "import" && isImportExpired(file.shard, keeps, clock.now());
  return {
    from,
    isOver: (file) => file.kind === "import" && isOver(file, readImportKeeps(dataDir)),
    look: async () => {
      const keeps = readImportKeeps(dataDir);
      const imports: string[] = [];
      const datasets: string[] = [];
      for (const file of await listLogFiles(dataDir)) {
        if (file.kind !== "import" || isOver(file, keeps)) continue;
        const identity = await fileIdentity(file.path);
        if (identity === undefined) datasets.push(file.dataset);
        else imports.push(identity.slice(0, identity.lastIndexOf("/")));
      }
      return { from: from(), imports, datasets };
    },
  };
}

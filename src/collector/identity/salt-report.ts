/** What can be shown of the salts without giving one away: which are alive, which were destroyed and when, what is overdue. */
import { readLeftoverSalts, readSalts } from "./salt-file.ts";
import { fingerprintOf, lastLines, readSaltRecord, type SaltLine } from "./salt-record.ts";
import { SALT_LIFE_MS } from "./salts.ts";

/** A salt that exists; times are ISO 8601 UTC. */
export type LivingSalt = {
  readonly day: string;
  readonly fingerprint: string;
  /** When its birth was noted; null when it is not in the record (yet). */
  readonly born_at: string | null;
  /** It is destroyed at this time at the latest. */
  readonly until: string;
  readonly overdue: boolean;
};

/** A salt that is gone. */
export type DestroyedSalt = {
  readonly day: string;
  readonly fingerprint: string;
  readonly born_at: string | null;
  /** When its death was noted; null when it is gone and the next start will note it. */
  readonly destroyed_at: string | null;
  /** True when the death was noted by a later start: the salt was gone before `destroyed_at`. */
  readonly noted_late: boolean;
};

/** In the names of `passerby identity --json`. */
export type SaltReport = {
  readonly alive: readonly LivingSalt[];
  /** Newest day first. */
  readonly destroyed: readonly DestroyedSalt[];
  readonly overdue: number;
  /** Lines of the record that a kill or a full disk cut off. */
  readonly damaged_lines: number;
};

/**
 * Reads the salts and their record, with or without a running server, and changes nothing. Throws `data_dir_unusable`
 * or the system's error.
 */
export function reportSalts(dataDir: string, nowMs: number): SaltReport {
  const record = readSaltRecord(dataDir);
  const births = new Map(
    record.lines.filter(({ event }) => event === "born").map((line) => [line.fingerprint, line.at]),
  );
  const alive = new Map<string, LivingSalt>();
  for (const [day, salt] of [...readLeftoverSalts(dataDir), ...readSalts(dataDir)]) {
    const fingerprint = fingerprintOf(salt);
    const untilMs = Date.parse(day) + SALT_LIFE_MS;
    const born_at = births.get(fingerprint) ?? null;
    const until = new Date(untilMs).toISOString();
    alive.set(fingerprint, { day, fingerprint, born_at, until, overdue: nowMs > untilMs });
  }
  const gone = [...lastLines(record).values()].filter(({ fingerprint }) => !alive.has(fingerprint));
  return {
    alive: [...alive.values()].sort(byDayNewestFirst),
    destroyed: gone.map((line) => describeGone(line, births)).sort(byDayNewestFirst),
    overdue: [...alive.values()].filter(({ overdue }) => overdue).length,
    damaged_lines: record.damagedLines,
  };
}

function describeGone(
  { day, fingerprint, event, at, late }: SaltLine,
  births: ReadonlyMap<string, string>,
): DestroyedSalt {
  return {
    day,
    fingerprint,
    born_at: births.get(fingerprint) ?? null,
    destroyed_at: event === "destroyed" ? at : null,
    noted_late: event === "destroyed" && late === true,
  };
}

function byDayNewestFirst(a: { readonly day: string }, b: { readonly day: string }): number {
  return a.day < b.day ? 1 : a.day > b.day ? -1 : 0;
}

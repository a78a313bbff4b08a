/**
 * The record of salts (`salt-record.jsonl`, 0600, append-only): one dated line for each birth and each death, by
 * fingerprint only, so that anybody can see that old ids cannot be computed again.
 *
 * A line is written after what it tells has happened. What a kill or a full disk kept from being noted is found by
 * comparing the record with the salts that are there, and noted then: never lost, never twice.
 */
import { createHash } from "node:crypto";
import { existsSync, fsyncSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../errors.ts";
import { syncFolder, withFile, writeAll } from "../../log/files/durable-file.ts";
import type { Salts } from "./salt-file.ts";

const FILE = "salt-record.jsonl";

/** One line of the record, in the names of the file. */
export type SaltLine = {
  /** When the line was written (UTC). */
  readonly at: string;
  readonly event: "born" | "destroyed";
  /** The UTC day that the salt is for. */
  readonly day: string;
  /** See fingerprintOf. */
  readonly fingerprint: string;
  /** There when a later start wrote the line: the salt was born or destroyed some time before `at`. */
  readonly late?: true;
};

export type SaltRecord = {
  readonly lines: readonly SaltLine[];
  /** Lines that cannot be read: cut off by a kill or a full disk. */
  readonly damagedLines: number;
};

/**
 * Returns the name of a salt in the record: 16 hexadecimal digits of SHA-256 over a prefix of its own and the salt. It
 * tells two salts apart and gives away nothing of 32 random bytes.
 */
export function fingerprintOf(salt: Uint8Array): string {
  return createHash("sha256").update("passerby salt fingerprint\n").update(salt).digest("hex").slice(0, 16);
}

/** Reads the record; empty when there is none. Throws the system's error when it cannot be read. */
export function readSaltRecord(dataDir: string): SaltRecord {
  const texts = readText(dataDir)
    .split("\n")
    .filter((line) => line !== "");
  const lines = texts.map(parseLine).filter((line) => line !== undefined);
  return { lines, damagedLines: texts.length - lines.length };
}

/**
 * Adds what the record does not tell yet, given the salts that exist now: their births, and the death of every other
 * that it knows as alive. Throws the system's error; calling again completes what is missing.
 */
export function noteSalts(
  dataDir: string,
  alive: Salts,
  when: { readonly nowMs: number; readonly isLate: boolean },
): void {
  const last = lastLines(readSaltRecord(dataDir));
  const at = new Date(when.nowMs).toISOString();
  const mark = when.isLate ? ({ late: true } as const) : {};
  const known = [...alive].map(([day, salt]) => ({ day, fingerprint: fingerprintOf(salt) }));
  const births = known
    .filter(({ fingerprint }) => last.get(fingerprint)?.event !== "born")
    .map((salt): SaltLine => ({ at, event: "born", ...salt, ...mark }));
  const living = new Set(known.map(({ fingerprint }) => fingerprint));
  const deaths = [...last.values()]
    .filter(({ event, fingerprint }) => event === "born" && !living.has(fingerprint))
    .map(({ day, fingerprint }): SaltLine => ({ at, event: "destroyed", day, fingerprint, ...mark }));
  append(dataDir, [...deaths, ...births]);
}

/** Returns the last line about each salt, by fingerprint. */
export function lastLines(record: SaltRecord): ReadonlyMap<string, SaltLine> {
  return new Map(record.lines.map((line) => [line.fingerprint, line]));
}

function append(dataDir: string, lines: readonly SaltLine[]): void {
  if (lines.length === 0) return;
  const path = join(dataDir, FILE);
  const isNew = !existsSync(path);
  const before = readText(dataDir);
  // Whatever a kill or a full disk cut off stays a line of its own; nothing is glued to it.
  const start = before === "" || before.endsWith("\n") ? "" : "\n";
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  withFile(path, "a", (descriptor) => {
    writeAll(descriptor, Buffer.from(start + text));
    fsyncSync(descriptor);
  });
  if (isNew) syncFolder(dataDir);
}

function readText(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, FILE), "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "";
    throw error;
  }
}

function parseLine(text: string): SaltLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isSaltLine(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSaltLine(value: unknown): value is SaltLine {
  if (typeof value !== "object" || value === null) return false;
  if (!("at" in value && "event" in value && "day" in value && "fingerprint" in value)) return false;
  const { at, event, day, fingerprint } = value;
  const isNamed = typeof fingerprint === "string" && /^[0-9a-f]{16}$/.test(fingerprint);
  const isDated = typeof at === "string" && !Number.isNaN(Date.parse(at)) && typeof day === "string";
  return isNamed && isDated && (event === "born" || event === "destroyed");
}

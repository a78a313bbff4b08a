/** Events and folders for tests of the log: real files in a folder of their own, taken away when the test is over. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { StoredEvent } from "../../src/event.ts";
import { type LogFile, listLogFiles } from "../../src/log/files/log-files.ts";
import { type Log, type LogOptions, openLog } from "../../src/log/log.ts";
import { isStoredEvent, type LineProblem } from "../../src/log/read/decode-line.ts";
import { readEvents } from "../../src/log/read/read-lines.ts";
import { ActiveFile } from "../../src/log/write/active-file.ts";

/** Returns the id that makeEvent gave an event. */
export function idOf(event: StoredEvent): unknown {
  return event.metadata["id"];
}

/** Any text that a string of JavaScript can hold, well-formed or not. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom(
    "",
    "\n",
    "\r\n",
    "\u0000",
    "\u2028",
    "\ufeff",
    "\\ud800",
    "\\\\ud800",
    "\ud800",
    "\udc00\ud800",
    '"}{',
  ),
);

/** Makes a folder that only this test uses. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "passerby-log-"));
  onTestFinished(() => {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Opens a log that is closed when the test is over, if the test did not do it. */
export async function openTestLog(dataDir: string, changes: Partial<LogOptions> = {}): Promise<Log> {
  const log = await openLog({
    dataDir,
    clock: systemClock,
    durability: "fsync",
    maxQueueBytes: 16_777_216,
    ...changes,
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= log.close();
    return closed;
  };
  onTestFinished(close);
  return { ...log, close };
}

/** Starts on a folder and stops again; what was found is sealed by that. */
export function recover(dataDir: string): void {
  const active = new ActiveFile({
    dataDir,
    writer: 1,
    durability: "fsync",
    maxBytes: 67_108_864,
    monotonicMs: () => 0,
    onWarning: () => undefined,
  });
  active.open();
  active.close();
}

/** Everything that the log of a folder holds, in its order. */
export type LogContent = {
  readonly files: readonly LogFile[];
  readonly events: readonly StoredEvent[];
  readonly problems: readonly LineProblem[];
};

/** Reads the whole log of a folder. */
export async function readLog(dataDir: string): Promise<LogContent> {
  const files = await listLogFiles(dataDir);
  const events: StoredEvent[] = [];
  const problems: LineProblem[] = [];
  for (const { path } of files) {
    for await (const { decoded } of readEvents(path)) {
      if (isStoredEvent(decoded)) events.push(decoded);
      else problems.push(decoded);
    }
  }
  return { files, events, problems };
}

/** Counts how often each id is in the log of a folder, without holding the events. */
export async function countIds(
  dataDir: string,
): Promise<{ readonly counts: ReadonlyMap<unknown, number>; readonly problems: readonly LineProblem[] }> {
  const counts = new Map<unknown, number>();
  const problems: LineProblem[] = [];
  for (const { path } of await listLogFiles(dataDir)) {
    for await (const { decoded } of readEvents(path)) {
      if (isStoredEvent(decoded)) counts.set(idOf(decoded), (counts.get(idOf(decoded)) ?? 0) + 1);
      else problems.push(decoded);
    }
  }
  return { counts, problems };
}

/** Reads an async iterable to its end. */
export async function gather<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A power cut takes back what was written and not synced. Nothing of it had been acknowledged. */
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { strace } from "../means.ts";
import { idOf, makeFolder, readLog } from "./log-fixtures.ts";
import { startLogProcess } from "./log-process.ts";

/** What a record of system calls says about ids: which a sync has covered, and which were acknowledged before it did. */
type History = { readonly synced: ReadonlySet<string>; readonly early: readonly string[]; readonly acked: number };

/**
 * Reads the writes, syncs and answers of a log process in the order in which the kernel saw them. One thread writes and
 * syncs, so a sync that has returned covers every line written before it in the record.
 */
function readHistory(record: string): History {
  const synced = new Set<string>();
  const early: string[] = [];
  let written: string[] = [];
  let acked = 0;
  for (const line of readFileSync(record, "utf8").replaceAll('\\"', '"').split("\n")) {
    if (line.includes('{"v":1,')) written.push(...findIds(line, /"metadata":\{"id":"(\d+)"/g));
    if (/fdatasync.* = 0/.test(line)) {
      for (const id of written) synced.add(id);
      written = [];
    }
    if (!line.includes('{"acked":[')) continue;
    const ids = findIds(line, /"(\d+)"/g);
    acked += ids.length;
    early.push(...ids.filter((id) => !synced.has(id)));
  }
  return { synced, early, acked };
}

function findIds(line: string, pattern: RegExp): string[] {
  return [...line.matchAll(pattern)].flatMap(([, id]) => id ?? []);
}

describe.skipIf(!strace)("a power cut under load [needs strace]", () => {
  it.each([20, 200, 600])("after %i acknowledged events leaves every one of them", async (cutAfter) => {
    const dataDir = makeFolder();
    const path = join(dataDir, "metrics.jsonl");
    const record = join(makeFolder(), "record");
    // A slow sync, so that much is written and not yet synced when the power goes.
    const log = await startLogProcess(dataDir, { fault: "fdatasync:delay_enter=20000", record });
    const acked: string[] = [];
    const cut = Promise.withResolvers<void>();
    let sent = 0;
    const appendAll = async (): Promise<void> => {
      for (let isStored: boolean | undefined = true; isStored; ) {
        const ids = [`${sent++}`, `${sent++}`];
        isStored = await log.append(ids);
        if (isStored) acked.push(...ids);
        if (acked.length >= cutAfter) cut.resolve();
      }
    };
    const appending = Promise.all(Array.from({ length: 16 }, appendAll));
    await cut.promise;
    await log.kill();
    await appending;

    const history = readHistory(record);
    expect(history.acked).toBeGreaterThanOrEqual(cutAfter);
    expect(history.early).toEqual([]);
    const lines = readFileSync(path, "utf8").split(/(?<=\n)/);
    const lost = lines.findIndex((line) => !line.endsWith("\n") || !history.synced.has(JSON.parse(line).metadata.id));
    truncateSync(path, Buffer.byteLength(lines.slice(0, lost < 0 ? undefined : lost).join("")));

    const next = await startLogProcess(dataDir);
    expect(next.first?.opened).toMatchObject({ accepting: true, tornLines: 0 });
    const ids = new Set((await readLog(dataDir)).events.map(idOf));
    expect(acked.filter((id) => !ids.has(id))).toEqual([]);
  });
});

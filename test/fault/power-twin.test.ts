/**
 * A power cut after any call of a log's life: starts that seal, seals while it runs, a sync that fails, a process that is killed. Whatever
 * the disk kept of what was not synced, all that was acknowledged is there, and no shard has changed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseLogFileName } from "../../src/log/files/log-files.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { isLong, strace } from "../means.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { ackedIn, type Choose, DiskTwin, joinCalls } from "./disk-twin.ts";
import { seededRandom } from "./load.ts";
import { makeFolder, recover } from "./log-fixtures.ts";
import { startLogProcess } from "./log-process.ts";
import { makeEvent } from "./make-event.ts";

const SEED = Number(process.env["PASSERBY_SEED"] ?? Date.now() % 1_000_000);
const RANDOM_CUTS = isLong ? 50 : 1;

/** The faults of one life after the other, each over what the last one left. */
const LIVES = ["fdatasync:error=EIO:when=2", "fdatasync:signal=SIGKILL:when=3", "fdatasync:delay_enter=1000"];

type Life = {
  readonly record: string;
  readonly dataDir: string;
  readonly files: Record<string, string>;
  readonly sent: string[];
};

/** Lets a log live and die several times in one folder, and records every call. */
async function recordLives(): Promise<Life> {
  const dataDir = makeFolder();
  const record = join(makeFolder(), "record");
  const old = encodeLines([makeEvent("old")], { writer: "w1", start: "old", seq: 0 });
  const files = { "metrics.jsonl": `${old}{"v":1,"torn` };
  writeFileSync(join(dataDir, "metrics.jsonl"), files["metrics.jsonl"]);
  const sent = ["old"];
  for (const [life, fault] of LIVES.entries()) {
    const log = await startLogProcess(dataDir, { fault, record });
    for (const batch of ["a", "b", "c", "d"]) {
      const ids = [1, 2].map((number) => `${life}-${batch}-${number}`);
      sent.push(...ids);
      if (batch !== "a") await log.seal();
      await log.append(ids);
    }
    await log.kill();
  }
  return { record: readFileSync(record, "utf8"), dataDir, files, sent };
}

/** Names of the shards that a power cut left with other bytes than a reader had seen in them. */
function findChanged(left: ReadonlyMap<string, Buffer>, seen: ReadonlyMap<string, Buffer>): readonly string[] {
  return [...left].flatMap(([name, content]) => {
    const before = seen.get(name);
    return parseLogFileName(name)?.kind === "sealed" && before && !content.equals(before) ? [name] : [];
  });
}

describe.skipIf(!strace)("a power cut after any call [needs strace]", () => {
  it("leaves what was acknowledged until then, once, and shards as they were", async () => {
    const { record, dataDir, files, sent } = await recordLives();
    const random = seededRandom(SEED);
    const choices: readonly Choose[] = [
      () => 0, // Nothing is there that was not synced.
      (count) => count - 1,
      ...Array(RANDOM_CUTS).fill((count: number) => Math.floor(random() * count)),
    ];
    const twin = new DiskTwin(dataDir, files);
    const acked = ["old"];
    let cuts = 0;
    for (const call of joinCalls(record)) {
      acked.push(...ackedIn(call));
      if (!twin.follow(call)) continue;
      for (const choose of choices) {
        const folder = makeFolder();
        const left = twin.cutPower(folder, choose);
        const changed = findChanged(left, twin.seen);
        recover(folder);
        const { findings } = await auditLog(folder, { sent, acked });
        const where = `seed ${SEED}, after ${call.slice(0, 300)}`;
        expect({ where, changed, ...findings }).toEqual({ where, changed: [], ...NOTHING_WRONG });
        cuts++;
      }
    }
    console.log(`${cuts} power cuts, ${acked.length} of ${sent.length} acknowledged; seed ${SEED}`);
    expect(acked).toHaveLength(sent.length - 4); // Of the second life, killed in its third sync, four are not.
    expect(cuts).toBeGreaterThan(100);
  }, 600_000);
});

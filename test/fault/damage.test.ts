/** Damage of every kind in the file that a start finds: only the damaged lines are lost, and what is appended next is whole. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AcceptedEvent } from "../../src/event.ts";
import { readNewest } from "../../src/log/read/read-newest.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { idOf, makeFolder, openTestLog, readLog } from "./log-fixtures.ts";
import { makeEvent } from "./make-event.ts";

function line(id: string, changes: Partial<AcceptedEvent> = {}): Buffer {
  return Buffer.from(encodeLines([makeEvent(id, changes)], { writer: "w1", start: "old", seq: 0 }));
}

const NULS = Buffer.alloc(5_000);
const NEWLINE = Buffer.from("\n");
const BOM = Buffer.from("\ufeff");
const [GOOD, NEXT] = [line("good"), line("next")];
/** Ends in the first three of the four bytes of an emoji, as a write that was cut in the middle of it does. */
const HALF_CHARACTER = Buffer.concat([GOOD.subarray(0, -3), Buffer.from("😀").subarray(0, 3)]);
const LONG = Buffer.alloc(1_048_577, "x");

/** What a start finds, the ids that it must still have, how many lines are lost, and what goes to quarantine. */
type Damage = readonly [
  name: string,
  parts: readonly Buffer[],
  ids: readonly string[],
  lost: number,
  torn: Buffer | undefined,
];

const DAMAGES: readonly Damage[] = [
  ["a line that was cut off", [GOOD, NEXT.subarray(0, 99)], ["good"], 0, NEXT.subarray(0, 99)],
  ["a line that only lacks its newline", [GOOD, NEXT.subarray(0, -1)], ["good"], 0, NEXT.subarray(0, -1)],
  ["a tail of NULs", [GOOD, NULS], ["good"], 0, NULS],
  ["a line of NULs", [GOOD, NULS, NEWLINE, NEXT], ["good", "next"], 1, undefined],
  ["nothing but NULs", [NULS], [], 0, NULS],
  ["half a character at the end", [GOOD, HALF_CHARACTER], ["good"], 0, HALF_CHARACTER],
  ["half a character in the middle", [GOOD, HALF_CHARACTER, NEWLINE, NEXT], ["good", "next"], 1, undefined],
  ["a tail of 1 MiB", [GOOD, LONG], ["good"], 0, LONG],
  ["a line of 1 MiB", [GOOD, LONG, NEWLINE, NEXT], ["good", "next"], 1, undefined],
  ["lines that end in CRLF", [GOOD.subarray(0, -1), Buffer.from("\r\n"), NEXT], ["good", "next"], 0, undefined],
  ["a byte order mark", [BOM, GOOD, NEXT], ["next"], 1, undefined],
  ["two lines glued together", [GOOD, GOOD.subarray(0, -1), NEXT, NEXT], ["good", "next"], 1, undefined],
  ["a line glued to a torn one", [GOOD, NEXT.subarray(0, 99), NEXT, NEXT], ["good", "next"], 1, undefined],
  ["foreign text in the middle", [GOOD, Buffer.from("# by hand\n\n{}\n[1]\n"), NEXT], ["good", "next"], 4, undefined],
  ["foreign text at the end", [GOOD, Buffer.from("# by hand")], ["good"], 0, Buffer.from("# by hand")],
];

describe("a start that finds", () => {
  it.each(DAMAGES)("%s loses no other line and appends a whole one", async (_, parts, ids, lost, torn) => {
    const dataDir = makeFolder();
    writeFileSync(join(dataDir, "metrics.jsonl"), Buffer.concat(parts));
    const log = await openTestLog(dataDir);
    expect(log.status()).toMatchObject({ accepting: true, fileBytes: 0, tornLines: torn ? 1 : 0 });
    await log.append([makeEvent("appended")]);
    await log.close();
    const { events, problems } = await readLog(dataDir);
    expect([events.map(idOf), problems.length]).toEqual([[...ids, "appended"], lost]);
    expect((await readNewest(dataDir, 100)).map(idOf)).toEqual([...ids, "appended"]);
    const quarantine = readdirSync(dataDir).filter((name) => name.startsWith("metrics-torn-"));
    const kept = quarantine.map((name) => readFileSync(join(dataDir, name)));
    expect(kept.map((bytes) => bytes.equals(torn ?? NULS))).toEqual(torn ? [true] : []);
  });
});

/** Salts that are killed while they turn: never more than two, each birth and death in the record once, nothing left behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readSalts } from "../../src/collector/identity/salt-file.ts";
import { fingerprintOf, readSaltRecord } from "../../src/collector/identity/salt-record.ts";
import { openSalts } from "../../src/collector/identity/salts.ts";
import { isLong } from "../means.ts";
import { makeFolder } from "./log-fixtures.ts";

const TURNER = fileURLToPath(new URL("./salt-turner.ts", import.meta.url));
const ROUNDS = isLong ? 200 : 8;

async function turnUntilKilled(dataDir: string): Promise<void> {
  const child = spawn(process.execPath, [TURNER, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  await Promise.race([once(child.stdout, "data"), ended]);
  await delay(Math.random() * 40);
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
}

it(`salts that are killed ${ROUNDS} times while they turn are accounted for, each once`, async () => {
  const dataDir = makeFolder();
  for (let round = 0; round < ROUNDS; round += 1) await turnUntilKilled(dataDir);
  const nowMs = Date.parse([...readSalts(dataDir).keys()].sort().at(-1) ?? "");
  openSalts(dataDir, { clock: { ...systemClock, now: () => nowMs }, onWarning: (message) => expect.fail(message) });

  const { lines } = readSaltRecord(dataDir);
  const told = lines.map(({ event, fingerprint }) => `${event} ${fingerprint}`);
  expect(new Set(told).size).toBe(told.length);
  const dead = new Set(lines.filter(({ event }) => event === "destroyed").map(({ fingerprint }) => fingerprint));
  const living = lines.filter(({ event, fingerprint }) => event === "born" && !dead.has(fingerprint));
  const there = [...readSalts(dataDir).values()].map(fingerprintOf);
  expect(living.map(({ fingerprint }) => fingerprint).sort()).toEqual([...there].sort());
  expect(there.length).toBeLessThanOrEqual(2);
  expect(lines.length).toBeGreaterThan(3 * ROUNDS);
  expect(readdirSync(dataDir).sort()).toEqual(["salt-record.jsonl", "salts.json"]);
}, 120_000);

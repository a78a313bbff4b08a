/** Salts that are killed while they turn, or turned by several processes at once: accounted for once, and the same for all. */
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
const RACER = fileURLToPath(new URL("./salt-racer.ts", import.meta.url));
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
  expect(lines.length).toBeGreaterThan(ROUNDS);
  expect(readdirSync(dataDir).filter((name) => !/^salt-(?:record\.jsonl|\d{4}-\d\d-\d\d)$/.test(name))).toEqual([]);
}, 120_000);

it("salts that four processes make at the same moment are the same in all of them", async () => {
  const dataDir = makeFolder();
  const racers = [1, 2, 3, 4].map(() =>
    spawn(process.execPath, [RACER, dataDir], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  const outputs = racers.map(async (racer) => {
    let text = "";
    for await (const chunk of racer.stdout.setEncoding("utf8")) text += chunk;
    return text;
  });
  await Promise.all(racers.map(({ stdout }) => once(stdout, "readable")));
  for (const { stdin } of racers) stdin.end("go\n");
  const texts = await Promise.all(outputs);
  expect(texts[0]?.split("\n")).toHaveLength(102);
  expect(new Set(texts).size).toBe(1);
}, 60_000);

/** A process in which days fly by: it turns the salts of a data directory at 00:00 and 23:00 of each, until it is killed. */
import { systemClock } from "../../src/clock.ts";
import { readSalts } from "../../src/collector/identity/salt-file.ts";
import { openSalts } from "../../src/collector/identity/salts.ts";

const HOUR_MS = 3_600_000;
const [dataDir = ""] = process.argv.slice(2);

let nowMs = Date.parse([...readSalts(dataDir).keys()].sort().at(-1) ?? "2026-11-22");
const clock = { ...systemClock, now: () => nowMs };
const onWarning = (warning: string): void => {
  throw new Error(warning);
};
const salts = openSalts(dataDir, { clock, onWarning });
for (let hour = 1; ; hour += 1) {
  nowMs += HOUR_MS;
  salts.at(nowMs);
  if (hour === 24) process.stdout.write("a day has passed\n");
}

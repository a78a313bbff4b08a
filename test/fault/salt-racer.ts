/** A process beside the owner that turns the salts of 100 days as fast as it can and prints the id that it makes on each. */
import { systemClock } from "../../src/clock.ts";
import { deriveVisitorId } from "../../src/collector/identity/identify.ts";
import { openSalts } from "../../src/collector/identity/salts.ts";

const DAY_MS = 86_400_000;
const [dataDir = ""] = process.argv.slice(2);
const first = Date.parse("2026-11-22");
const onWarning = (warning: string): void => {
  throw new Error(warning);
};
const salts = openSalts(dataDir, { clock: { ...systemClock, now: () => first }, isOwner: false, onWarning });
process.stdout.write("ready\n");
process.stdin.once("data", () => {
  for (let day = 0; day < 100; day += 1) {
    const visitor = { site: "example.com", address: "192.0.2.1", userAgent: "Browser/1" };
    process.stdout.write(`${deriveVisitorId(salts.at(first + day * DAY_MS).today, visitor)}\n`);
  }
  process.stdin.destroy();
});

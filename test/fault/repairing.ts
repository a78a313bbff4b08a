/** A process that repairs a data directory and is killed behind the given number of steps; prints each step it has done. */
import { writeSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";
import { repairLog } from "../../src/log/repair/repair-log.ts";

const [dataDir = "", steps = "0"] = process.argv.slice(2);
let done = 0;

await repairLog({
  dataDir,
  clock: systemClock,
  accept: false,
  onStep: (step) => {
    writeSync(1, `${step}\n`);
    done += 1;
    if (done === Number(steps)) process.kill(process.pid, "SIGKILL");
  },
});

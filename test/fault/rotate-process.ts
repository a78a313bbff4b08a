/** A process that runs the rotator once and kills itself at a step: `rotate-process.ts DIR STEP`, counted from 1; 0 for none. */
import { rotateOnce } from "../../src/log/rotate/rotator.ts";
import { rotateOptions } from "./rotate-fixtures.ts";

const [dataDir = "", killAt = "0"] = process.argv.slice(2);
let steps = 0;

await rotateOnce(
  rotateOptions(dataDir, {
    onStep: () => {
      steps += 1;
      if (steps === Number(killAt)) process.kill(process.pid, "SIGKILL");
    },
  }),
);

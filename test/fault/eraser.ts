/** A process that erases a visitor and kills itself behind the nth step: `eraser.ts DATA_DIR VISITOR N`. */
import { findOwner } from "../../cmd/erase-owner.ts";
import { systemClock } from "../../src/clock.ts";
import { eraseEvents } from "../../src/log/erase/erase-log.ts";
import { claimShards } from "../../src/log/owner/ownership.ts";

const [dataDir = "", value = "", last = "0"] = process.argv.slice(2);

let steps = 0;
const onStep = (): void => {
  steps += 1;
  if (steps === Number(last)) process.kill(process.pid, "SIGKILL");
};
const owner = await findOwner(dataDir);
const shards = await claimShards(dataDir, systemClock);
await eraseEvents({ dataDir, target: { kind: "visitor", value, before: null }, clock: systemClock, owner, onStep });
await shards.release();
await owner.release();

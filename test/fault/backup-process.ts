/** A process that backs up or restores and ends itself with SIGKILL behind the step whose number it is given. */
import { systemClock } from "../../src/clock.ts";
import { makeBackup } from "../../src/transfer/backup/make-backup.ts";
import { restoreBackup } from "../../src/transfer/backup/restore-backup.ts";
import { backupOptions } from "./backup-fixtures.ts";

const [work, dataDir = "", folder = "", last = "0"] = process.argv.slice(2);
let steps = 0;

function onStep(): void {
  steps += 1;
  if (steps === Number(last)) process.kill(process.pid, "SIGKILL");
}

if (work === "backup") await makeBackup({ ...backupOptions(dataDir, folder), onStep });
else await restoreBackup({ dataDir, folder, clock: systemClock, onStep });
